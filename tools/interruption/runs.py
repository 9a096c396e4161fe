"""A run of the suite in a process of its own, and the ways to interrupt it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lab.context import RunContext
from lab.run import state
from lab.run.waiting import poll, wait_until
from tools import REPOSITORY
from tools.interruption.rows import Interruption

RUN_TIMEOUT = 1800
DISK_TIMEOUT = 1500
"""Seconds; longer than any wait in a run."""
FILL_STEP = 256 * 1024**2
"""Bytes by which the file that fills the disk grows."""


class Run:
    """A run of the suite, which starts now.

    Args:
        context: The context of this process, whose environment the run has, too.
        log_file: Receives the output of the run.
        options: Options of pytest.
    """

    def __init__(self, context: RunContext, log_file: Path, *options: str) -> None:
        self._context, self._log_file, self._begin = context, log_file, time.monotonic()
        shell = context.create_shell({"PYTHONUNBUFFERED": "1"}, REPOSITORY)
        command = (sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options)
        self.process = shell.start(*command, log_file=log_file)

    @property
    def output(self) -> str:
        """The output until now."""
        return self._log_file.read_text(errors="replace")

    @property
    def seconds(self) -> float:
        """The time since the start, in seconds."""
        return time.monotonic() - self._begin

    def wait_for_output(self, text: str) -> None:
        """Wait until the run has printed a text.

        Raises:
            WaitError: If the run ends before, or the time is up.
        """
        wait_until(
            poll(lambda: (text in self.output, self.process.poll())),
            satisfied=lambda seen: seen[0],
            unrecoverable=lambda seen: None if seen[1] is None else f"the run has ended with exit status {seen[1]}",
            timeout=RUN_TIMEOUT,
            waiting_for=f"the run to print {text!r}",
            journal=self._context.journal,
            describe=lambda _: f"no such text in {self._log_file}",
            remedy=f"read {self._log_file}",
        )

    def wait(self, seconds: float) -> None:
        """Wait for some time, or until the run ends."""
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(seconds)

    def wait_for_end(self, timeout: float = RUN_TIMEOUT) -> int:
        """Wait until the run ends, and return its exit status; kill it if the time is up.

        Args:
            timeout: Seconds.
        """
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()

    def interrupt(self, interruption: Interruption, disk: Path) -> int:
        """Interrupt the run, wait until it ends, and return its exit status.

        Args:
            interruption: The way to interrupt it.
            disk: The mount point of the file system of the lab.
        """
        if interruption == "disk full":
            with fill_disk(disk):
                return self.wait_for_end(DISK_TIMEOUT)
        if interruption == "engine killed":
            lab_state = state.load(self._context.paths)
            if lab_state and lab_state.first_process:
                with suppress(ProcessLookupError):
                    os.kill(lab_state.first_process.pid, signal.SIGKILL)
        else:
            self.process.send_signal(signal.Signals[interruption])
        return self.wait_for_end()


@contextmanager
def fill_disk(disk: Path) -> Iterator[None]:
    """Leave no free space on a file system during the block.

    Args:
        disk: The mount point.
    """
    file = disk / "filler"
    with file.open("wb") as filler:
        while free := os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize:
            try:
                os.posix_fallocate(filler.fileno(), filler.seek(0, os.SEEK_END), min(free, FILL_STEP))
            except OSError:  # the free space was used meanwhile, or is reserved for the file system
                break
    try:
        yield
    finally:
        file.unlink()
