"""A small suite with the plugins of the features, run by pytest in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pages.run import Run, load
from tests.conftest import REPOSITORY

PLUGINS = (
    "plugins.options",
    "plugins.redaction",
    "plugins.chapters",
    "plugins.exit_status",
    "plugins.failures",
    "plugins.scenarios",
    "plugins.reports",
    "plugins.terminal_report",
    "plugins.github",
    "fixtures.run",
)
CONFTEST = f"pytest_plugins = {PLUGINS!r}\n"
CONFTEST_WITH_LAB = (
    CONFTEST
    + """
from dataclasses import replace
from lab.context import Lab
from lab.config.source import StandIn
from lab.run.state import LabState
from plugins.run_state import run_state

def pytest_sessionstart(session):
    state = run_state(session.config)
    stand_ins = (StandIn(component="mysql", implemented_by="sqlite", images=("docker.io/library/mysql:8",)),)
    source = state.context.source.model_copy(update={"stand_ins": stand_ins})
    state.lab = Lab.from_context(state.context, LabState(kind="k3d"), source=source)
"""
)
INI = """
[pytest]
strict = true
markers =
    network: a chapter
    cluster: another chapter
addopts = -s -v -rs --tb=short --gherkin-terminal-reporter -p no:hypothesispytest -p no:pytest_httpserver -p no:xdist
"""
CACHE = "cache"
"""The cache directory of the suite, relative to its directory."""
STEP_IMPORTS = """
import pytest
from pytest_bdd import given, parsers, scenarios, then
scenarios("nginx.feature")
"""


@dataclass(frozen=True)
class Result:
    """The result of a run of the suite.

    Args:
        directory: The directory of the suite.
        exit_status: The exit status of pytest.
        output: Its standard output, followed by its standard error.
    """

    directory: Path
    exit_status: int
    output: str

    @property
    def latest(self) -> Path:
        """The directory of its reports."""
        return self.directory / "reports/latest"

    @property
    def facts(self) -> Run:
        """The content of its run.json."""
        run = load(self.latest)
        assert run is not None
        return run


def run(
    directory: Path,
    feature: str,
    steps: str,
    *options: str,
    conftest: str = CONFTEST_WITH_LAB,
    environment: Mapping[str, str] | None = None,
) -> Result:
    """Run a suite of one feature, and return its result.

    Args:
        directory: The directory of the suite.
        feature: The text of the feature.
        steps: The step definitions.
        options: Options of pytest.
        conftest: The conftest.py of the suite.
        environment: Variables in addition to those of this process, which are used without GITHUB_* and KUBEFLOW_LAB_*.
    """
    for name, content in (
        ("pytest.ini", INI),
        ("conftest.py", conftest),
        ("nginx.feature", feature),
        ("test_nginx.py", STEP_IMPORTS + steps),
    ):
        (directory / name).write_text(content)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("GITHUB_", "KUBEFLOW_LAB_"))}
    own = {"PYTHONPATH": str(REPOSITORY), "XDG_CACHE_HOME": str(directory / CACHE), "COLUMNS": "150"}
    result = subprocess.run(
        [sys.executable, "-m", "pytest", *options, f"--rootdir={directory}", str(directory)],
        cwd=directory,
        env={**inherited, **own, **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    return Result(directory, result.returncode, result.stdout + result.stderr)
