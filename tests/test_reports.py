"""fixtures/reports.py: what a run leaves, from a small suite that pytest runs as a process of its own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import REPOSITORY

CONFTEST = """
import os
import pytest
from fixtures.options import SETTINGS
from fixtures.reports import MEMORY, SITE
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
TESTS = """
import time
from pytest_bdd import given, scenarios
from lab.layers import LedgerRow
from lab.versions import Comparison
from lab.waiting import polling, wait_until

scenarios("lamp.feature")

@given("a lamp")
def lamp(ledger):
    ledger.rows.append(LedgerRow("lamp", "installed", 1.25, "no [lamp] yet"))
    wait_until(polling(lambda: True), bool, 5, "the lamp [a] is green")
    begin = time.monotonic()
    wait_until(polling(lambda: time.monotonic() - begin > 0.2, every=0.01), bool, 5, "the lamp is warm")

@given("a lamp of this release")
def of_this_release(comparisons):
    for name in ("bulb", "[wire]"):
        comparisons[name] = Comparison(name, "v1.7", "the tag with v2", "v2", "a candle", True)
"""
FEATURE = """
Feature: A lamp
  Scenario: It is there
    Given a lamp
  Scenario: It is new
    Given a lamp of this release
"""


@dataclass(frozen=True)
class Run:
    """A run of the suite: its folder, and what it printed."""

    folder: Path
    printed: str

    @property
    def latest(self) -> Path:
        """Where its reports are."""
        return self.folder / "reports/latest"

    @property
    def facts(self) -> dict[str, Any]:
        """What layers.json says."""
        return dict(json.loads((self.latest / "layers.json").read_text()))


def run(folder: Path, *options: str) -> Run:
    """Runs a suite in a folder: a scenario with one layer and two waits, and one that compares versions."""
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "test_lamp.py").write_text(TESTS)
    (folder / "lamp.feature").write_text(FEATURE)
    command = [sys.executable, "-m", "pytest", "-s", "-p", "fixtures.options", "-p", "fixtures.reports", *options]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "COLUMNS": "150"}
    result = subprocess.run(
        [*command, f"--rootdir={folder}", str(folder)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return Run(folder, result.stdout)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """One run, which several tests look at."""
    return run(tmp_path_factory.mktemp("suite"), "--lab=k3d")


def test_the_layers_the_waits_and_the_stand_ins_are_written_down(done: Run) -> None:
    assert done.facts["lab"] == "k3d"
    assert done.facts["layers"] == [
        {"layer": "lamp", "outcome": "installed", "seconds": 1.25, "reason": "no [lamp] yet"}
    ]
    waits = done.facts["slowest_waits"]
    assert [wait["what"] for wait in waits] == ["the lamp is warm", "the lamp [a] is green"]
    assert 0.2 <= waits[0]["seconds"] < done.facts["seconds"]
    assert done.facts["stand_ins"] == [{"seat": "a candle", "taken_by": "a lamp", "images": ["docker.io/candle:1"]}]


def test_what_was_compared_is_written_down(done: Run) -> None:
    said = {"version": "v1.7", "compared": "the tag with v2", "seen": "v2", "sits_there": "a candle", "agrees": True}
    assert done.facts["components"] == [{"component": "bulb", **said}, {"component": "[wire]", **said}]


def test_the_suite_s_own_work_is_the_whole_without_waits_and_programs(done: Run) -> None:
    waited = sum(wait["seconds"] for wait in done.facts["slowest_waits"])
    assert done.facts["own_seconds"] == pytest.approx(done.facts["seconds"] - waited)


@pytest.mark.parametrize(
    "line",
    [
        r"a candle\s+a lamp",
        r"bulb\s+v1\.7\s+v2\s+a candle\s+the tag with v2",
        r"\[wire\]\s+v1\.7\s+v2\s+the same\s+the tag with v2",
        r"lamp\s+installed\s+1\.2\s+no \[lamp\] yet",
        r"the lamp is warm\s+0\.[23]",
        r"the lamp \[a\] is green\s+0\.0",
        r"s in all, of which the suite's own work",
        r"reports: reports/\d{4}-",
    ],
)
def test_a_person_is_shown_the_same_as_it_is(done: Run, line: str) -> None:
    assert re.search(line, done.printed)


def test_junit_s_and_cucumber_s_files_are_in_the_same_folder(done: Run) -> None:
    assert {file.name for file in done.latest.iterdir()} == {"junit.xml", "cucumber.json", "layers.json"}
    cases = re.findall(r'<testcase [^>]*\bname="([^"]*)"', (done.latest / "junit.xml").read_text())
    assert cases == ["test_it_is_there", "test_it_is_new"]
    [feature] = json.loads((done.latest / "cucumber.json").read_text())
    assert feature["name"] == "A lamp"


def test_where_no_versions_were_compared_there_is_no_table_of_them(tmp_path: Path, done: Run) -> None:
    assert "Components" in done.printed
    assert "Components" not in run(tmp_path, "-k", "there").printed


def test_files_that_a_person_asked_for_elsewhere_are_there_and_the_last_run_is_the_latest(tmp_path: Path) -> None:
    earlier = tmp_path / "reports/2020-01-01_00-00-00"
    earlier.mkdir(parents=True)
    (tmp_path / "reports/latest").symlink_to(earlier.name)
    second = run(tmp_path, "--junitxml=elsewhere.xml")
    assert (tmp_path / "elsewhere.xml").is_file()
    assert {file.name for file in second.latest.iterdir()} == {"cucumber.json", "layers.json"}
    assert earlier.is_dir()
    assert list(earlier.iterdir()) == []
