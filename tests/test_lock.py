"""lab/lock.py: one run at a time, told apart by real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from lab import lock
from lab.errors import LabError
from tests.conftest import REPOSITORY

HOLDER = "from lab import lock\nwith lock.held():\n    print('held', flush=True)\n    input()"


@contextmanager
def running(script: str = HOLDER) -> Iterator[subprocess.Popen[str]]:
    """A run in another process, which holds the lab, or the kit, until it gets a line or is ended."""
    command = [sys.executable, "-c", script, "--keep-lab"]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def test_a_second_run_is_refused_and_told_which_the_first_one_is() -> None:
    with running() as first, pytest.raises(LabError) as caught, lock.held():
        pytest.fail("two runs are at the lab")
    assert "nothing was changed" in caught.value.what
    assert f"process {first.pid}, since " in caught.value.seen
    assert "--keep-lab" in caught.value.seen


def test_the_next_run_has_the_lab_when_the_first_one_has_ended() -> None:
    with running() as first:
        first.communicate("\n", timeout=10)
        with lock.held():
            pass


def test_a_run_that_was_killed_holds_nothing() -> None:
    with running() as first:
        first.send_signal(signal.SIGKILL)
        first.wait(10)
        with lock.held():
            pass


def test_a_run_that_is_refused_leaves_the_first_one_s_name_for_the_third() -> None:
    with running() as first:
        for _ in range(2):
            with pytest.raises(LabError, match=f"process {first.pid}"), lock.held():
                pass


def test_a_run_that_fails_gives_the_lab_free() -> None:
    with pytest.raises(ZeroDivisionError), lock.held():
        raise ZeroDivisionError
    with lock.held():
        pass


def test_programs_that_a_run_started_do_not_hold_the_lab_after_it() -> None:
    with ExitStack() as run:
        run.enter_context(lock.held())
        daemon = subprocess.Popen(["sleep", "60"])
    try:
        with lock.held():
            pass
    finally:
        daemon.kill()
        daemon.wait()


BUILDER = "from lab import lock\nwith lock.kit_held(print):\n    print('held', flush=True)\n    input()"


def test_who_needs_the_kit_waits_for_who_builds_it_and_says_so() -> None:
    told: list[str] = []
    with running(BUILDER) as builder:

        def end(text: str) -> None:
            told.append(text)
            builder.communicate("\n", timeout=10)

        with lock.kit_held(end):
            assert builder.returncode == 0
    assert f"process {builder.pid}" in told[0]


def test_runs_at_two_labs_do_not_wait_for_one_another(monkeypatch: pytest.MonkeyPatch) -> None:
    with running():
        monkeypatch.setenv("KUBEFLOW_LAB_NAME", "other")
        with lock.held():
            pass
