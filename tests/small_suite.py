"""A small suite with the plugins that report, run by pytest as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pages.run import Run, load
from tests.conftest import REPOSITORY

PLUGINS = ("options", "exits", "layers", "scenarios", "reports", "terminal", "github")
CONFTEST = """
import os
import pytest
from fixtures.options import SETTINGS
from fixtures.run import MEMORY, SITE
from lab.memory import PeakMemory
from lab.releases import Manifests
from lab.record import Record
from lab.site import Site
from lab.source import Source, StandIn

def pytest_sessionstart(session):
    stand_ins = (StandIn(seat="a candle", taken_by="a lamp", images=("docker.io/candle:1",)),)
    manifests = Manifests(repository="", branch="", commit="")
    source = Source(k3s_image="", charts={}, manifests=manifests, stand_ins=stand_ins)
    session.config.stash[SITE] = Site(session.config.stash[SETTINGS], source, Record(kind="k3d"))
    session.config.stash[MEMORY] = PeakMemory([os.getpid()])
"""
INI = """
[pytest]
strict = true
markers =
    network: a chapter
    cluster: another
addopts = -s -v -rs --tb=short --gherkin-terminal-reporter
"""


@dataclass(frozen=True)
class Ran:
    """A run of the suite: its folder, how it exited, and what it printed."""

    folder: Path
    exit_status: int
    printed: str

    @property
    def latest(self) -> Path:
        """Where its reports are."""
        return self.folder / "reports/latest"

    @property
    def facts(self) -> Run:
        """What run.json says."""
        run = load(self.latest)
        assert run is not None
        return run


def run(
    folder: Path,
    feature: str,
    steps: str,
    *options: str,
    conftest: str = CONFTEST,
    environment: Mapping[str, str] = {},
) -> Ran:
    """Runs a suite of one feature.

    Arguments:
        folder: where it is written, and runs.
        feature: the feature's text.
        steps: what its sentences do; the module binds its scenarios.
        options: of pytest.
        conftest: the suite's own plugin.
        environment: environment variables, in place of this process's or beside them.
    """
    for name, content in (
        ("pytest.ini", INI),
        ("conftest.py", conftest),
        ("lamp.feature", feature),
        ("test_lamp.py", f"from pytest_bdd import given, scenarios, then, parsers\nscenarios('lamp.feature')\n{steps}"),
    ):
        (folder / name).write_text(content)
    plugins = [word for plugin in PLUGINS for word in ("-p", f"fixtures.{plugin}")]
    mine = {name: value for name, value in os.environ.items() if not name.startswith("GITHUB_")}
    result = subprocess.run(
        [sys.executable, "-m", "pytest", *plugins, *options, f"--rootdir={folder}", str(folder)],
        cwd=folder,
        env={**mine, "PYTHONPATH": str(REPOSITORY), "COLUMNS": "150", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    return Ran(folder, result.returncode, result.stdout + result.stderr)
