"""lab/host/lock.py: one run at a time, with real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from lab.config.paths import Paths
from lab.errors import LabError
from lab.host import lock
from tests.conftest import REPOSITORY

HOLDER = """
import os
from lab.config.paths import Paths
from lab.host import lock
with lock.{call}:
    print('held', flush=True)
    input()
"""
PATHS = "Paths.from_environment(os.environ)"
LAB, KIT = HOLDER.format(call=f"hold_lab({PATHS})"), HOLDER.format(call=f"hold_kit({PATHS}, print)")


@contextmanager
def holder(script: str = LAB) -> Iterator[subprocess.Popen[str]]:
    """Run another process that holds a lock until it reads a line or is killed."""
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


def test_second_run_is_rejected_and_the_first_is_named(paths: Paths) -> None:
    with holder() as first, pytest.raises(LabError) as caught, lock.hold_lab(paths):
        pytest.fail("two runs hold the lab")
    assert "nothing was changed" in caught.value.headline
    assert f"process {first.pid}, since " in caught.value.seen
    assert "--keep-lab" in caught.value.seen


def test_lock_is_free_after_the_first_run(paths: Paths) -> None:
    with holder() as first:
        first.communicate("\n", timeout=10)
        with lock.hold_lab(paths):
            pass


def test_killed_run_holds_nothing(paths: Paths) -> None:
    with holder() as first:
        first.send_signal(signal.SIGKILL)
        first.wait(10)
        assert lock.find_holder(paths) == ""
        with lock.hold_lab(paths):
            pass


def test_rejected_run_leaves_the_name_of_the_first(paths: Paths) -> None:
    with holder() as first:
        for _ in range(2):
            with pytest.raises(LabError, match=f"process {first.pid}"), lock.hold_lab(paths):
                pass
        assert f"process {first.pid}" in lock.find_holder(paths)


def test_failed_run_frees_the_lock(paths: Paths) -> None:
    with pytest.raises(ZeroDivisionError), lock.hold_lab(paths):
        raise ZeroDivisionError
    with lock.hold_lab(paths):
        pass


def test_programs_of_a_run_do_not_hold_its_lock(paths: Paths) -> None:
    with ExitStack() as run:
        run.enter_context(lock.hold_lab(paths))
        daemon = subprocess.Popen(["sleep", "60"])
    try:
        with lock.hold_lab(paths):
            pass
    finally:
        daemon.kill()
        daemon.wait()


def test_kit_is_waited_for_with_a_message(paths: Paths) -> None:
    messages: list[str] = []
    with holder(KIT) as builder:

        def end_builder(message: str) -> None:
            messages.append(message)
            builder.communicate("\n", timeout=10)

        with lock.hold_kit(paths, end_builder):
            assert builder.returncode == 0
    assert f"process {builder.pid}" in messages[0]


def test_wait_for_the_kit_is_bounded(paths: Paths) -> None:
    with (
        holder(KIT) as builder,
        pytest.raises(LabError, match=f"process {builder.pid}"),
        lock.hold_kit(paths, print, timeout=0.1),
    ):
        pytest.fail("two runs hold the kit")


def test_runs_of_two_labs_are_independent(paths: Paths) -> None:
    with holder(), lock.hold_lab(Paths(paths.cache, "other")):
        pass
