"""tools/interruption: the table can be applied to a run, and leftovers of a lab are found."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from lab.config.paths import Paths
from lab.context import RunContext
from lab.errors import UnrecoverableError
from lab.host.lock import hold_lab
from tests.test_features import run_pytest_in_copy
from tools.interruption.machine import Machine
from tools.interruption.rows import ROWS
from tools.interruption.runs import Run

TEST_MARKERS = sorted({row.stage.marker for row in ROWS if row.stage.marker.startswith("test_")})


@pytest.fixture
def disk(paths: Paths) -> Path:
    """The directory of the cache, in place of a file system of its own."""
    paths.cache.mkdir(parents=True)
    return paths.cache.parent


class TestTable:
    """The table of interruptions."""

    def test_names_only_tests_that_pytest_collects(self, tmp_path: Path) -> None:
        result = run_pytest_in_copy(tmp_path, "--collect-only", "-qq")
        missing = [marker for marker in TEST_MARKERS if marker not in result.stdout]
        assert missing == [], result.stdout + result.stderr


class TestLeftovers:
    """The leftovers of labs on this machine."""

    def test_none_after_a_run_that_held_the_lab(self, disk: Path, paths: Paths) -> None:
        for name in ("kit", "logs"):
            (paths.cache / name).mkdir()
        with hold_lab(paths):
            assert Machine(disk, paths).list_leftovers() == []

    def test_the_directory_of_a_lab(self, disk: Path, paths: Paths) -> None:
        paths.lab.mkdir()
        assert Machine(disk, paths).list_leftovers() == [f"file {paths.lab}"]

    def test_a_process_with_the_cache_in_its_environment(self, disk: Path, paths: Paths) -> None:
        command = [sys.executable, "-c", "print(flush=True); input()"]
        environment = {"XDG_CACHE_HOME": str(disk)}
        with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            assert process.stdout
            process.stdout.readline()
            [leftover] = Machine(disk, paths).list_leftovers()
            process.communicate(b"\n")
        assert leftover.startswith(f"process {process.pid} (python")


def test_a_run_that_ends_before_the_stage_is_an_error(context: RunContext, tmp_path: Path) -> None:
    run = Run(context, tmp_path / "log", "--version")
    with pytest.raises(UnrecoverableError, match="waiting for the run to print 'test_04'"):
        run.wait_for_output("test_04")
    assert run.wait_for_end() == 0
