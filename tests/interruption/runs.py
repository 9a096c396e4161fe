"""A run of the suite in a process of its own, and what is done to it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lab import record
from lab.waiting import polling, wait_until
from tests.conftest import REPOSITORY
from tests.interruption.rows import Deed

RUN_TIMEOUT = 1800
DISK_TIMEOUT = 1500
"""Longer than anything in a run waits."""
MIB = 1024**2


class Run:
    """A run, from its start.

    Arguments:
        log_file: where its output goes.
        options: pytest's.
    """

    def __init__(self, log_file: Path, *options: str) -> None:
        self._log_file, self._begin = log_file, time.monotonic()
        with log_file.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options],
                cwd=REPOSITORY,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        """What it has printed so far."""
        return self._log_file.read_text(errors="replace")

    def wait_until_it_says(self, text: str) -> None:
        """Waits until it has printed something; raises LabError when it ends before."""
        wait_until(
            polling(lambda: (text in self.said, self.process.poll())),
            satisfied=lambda seen: seen[0],
            hopeless=lambda seen: None if seen[1] is None else f"the run has ended with {seen[1]}",
            timeout=RUN_TIMEOUT,
            what=f"the run says “{text}”",
            remedy=f"read {self._log_file}",
        )

    def goes_on_for(self, seconds: float) -> None:
        """Lets it run for a while, or to its end."""
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(seconds)

    def exit_status(self, timeout: float = RUN_TIMEOUT) -> int:
        """Its exit status, when it has ended; it is killed when time is up."""
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()

    def seconds(self) -> float:
        """How long ago it began."""
        return time.monotonic() - self._begin


def interrupt(run: Run, deed: Deed, disk: Path) -> int:
    """Does it to a run, waits for the run's end, and gives its exit status."""
    if deed == "engine killed":
        there = record.load()
        if there and there.first_process:
            with suppress(ProcessLookupError):
                os.kill(there.first_process.pid, signal.SIGKILL)
        return run.exit_status()
    if deed == "disk full":
        with full(disk):
            return run.exit_status(DISK_TIMEOUT)
    run.process.send_signal(signal.Signals[deed])
    return run.exit_status()


@contextmanager
def full(disk: Path) -> Iterator[None]:
    """Leaves no space on a file system while the block runs."""
    file = disk / "filler"
    with file.open("wb") as filler:
        while free := os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize:
            try:
                os.posix_fallocate(filler.fileno(), filler.seek(0, os.SEEK_END), min(free, 256 * MIB))
            except OSError:  # what was free has gone meanwhile, or is the file system's own
                break
    try:
        yield
    finally:
        file.unlink()
