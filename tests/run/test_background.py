"""lab/run/background.py: tasks in threads of their own, and their cancellation."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import psutil
import pytest

from lab.errors import LabError
from lab.run.background import CancelledError, raise_if_cancelled, run_in_background
from lab.run.journal import Journal
from lab.run.shell import Shell
from lab.run.waiting import poll, wait_until

LONG = 60
SOON = 5
"""Seconds within which a cancelled task must end; none of the tasks here ends by itself in that time."""


def test_task_runs_in_the_background_and_returns_its_result() -> None:
    go = threading.Event()

    def build() -> str:
        assert go.wait(SOON)
        return "built"

    with run_in_background(build) as task:
        go.set()
        assert task.result() == "built"


def test_exception_is_raised_with_the_result() -> None:
    def fail() -> None:
        raise LabError("the build failed")

    with run_in_background(fail) as task, pytest.raises(LabError, match="the build failed"):
        task.result()


def test_cancelling_kills_the_program_of_the_task(tmp_path: Path, shell: Shell, journal: Journal) -> None:
    pid = tmp_path / "pid"
    begin = time.monotonic()
    with run_in_background(lambda: shell.run("sh", "-c", f"echo $$ > {pid}; exec sleep {LONG}")) as task:
        wait_until(poll(pid.exists), bool, SOON, "the program to run", journal=journal)
    assert time.monotonic() - begin < SOON
    assert not psutil.pid_exists(int(pid.read_text()))
    with pytest.raises(CancelledError):
        task.result()


def test_cancelled_task_starts_no_program(tmp_path: Path, shell: Shell) -> None:
    cancelling, ran = threading.Event(), tmp_path / "ran"

    def run() -> None:
        assert cancelling.wait(SOON)
        shell.run("sh", "-c", f"sleep 1; touch {ran}")

    with run_in_background(run) as task:
        threading.Timer(0.1, cancelling.set).start()  # after cancel() was called at the end of the block
    with pytest.raises(CancelledError):
        task.result()
    assert not ran.exists()


def test_cancelling_ends_a_wait(journal: Journal) -> None:
    waiting = threading.Event()

    def observe() -> bool:
        waiting.set()
        return False

    begin = time.monotonic()
    with run_in_background(lambda: wait_until(poll(observe), bool, LONG, "nothing", journal=journal)) as task:
        assert waiting.wait(SOON)
    assert time.monotonic() - begin < SOON
    with pytest.raises(CancelledError):
        task.result()


def test_outside_of_tasks_nothing_is_cancelled() -> None:
    raise_if_cancelled()
