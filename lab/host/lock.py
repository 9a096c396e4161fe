"""Locks between runs: one run at a time uses a lab, and one at a time builds the kit. The kernel frees them."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from lab.config.paths import Paths
from lab.errors import LabError

KIT_TIMEOUT = 7200
"""Seconds to wait for another run that builds the kit; on two cores, a complete build takes half an hour."""


@contextmanager
def hold_lab(paths: Paths) -> Iterator[None]:
    """Hold the lock of the lab during the block; the kernel frees it if the process is killed.

    Raises:
        LabError: If another process holds it; the error names that process.
    """
    lock, file = _lock(paths, paths.lab_id)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        raise LabError(
            "another run is using the lab, nothing was changed",
            seen=_read_holder(file),
            remedy="wait until it has ended, or end it with Ctrl-C where it runs; or use another lab with --name and "
            "another --subnet",
        ) from None
    with _held(lock, file):
        yield


@contextmanager
def hold_kit(paths: Paths, report: Callable[[str], None], timeout: float = KIT_TIMEOUT) -> Iterator[None]:
    """Hold the lock of the kit, which all labs of this cache share, during the block; wait while it is in use.

    Args:
        paths: The directories of the lab.
        report: Called with a message if another run holds the lock.
        timeout: Seconds to wait.

    Raises:
        LabError: If the time is up.
    """
    lock, file = _lock(paths, "kit")
    try:
        lock.acquire(blocking=False)
    except Timeout:
        report(f"waiting for another run that uses the kit: {_read_holder(file)}")
        try:
            lock.acquire(timeout=timeout)
        except Timeout:
            raise LabError(
                f"timed out after {timeout:g} s waiting for: another run to build the kit",
                seen=_read_holder(file),
                remedy="end that process",
            ) from None
    with _held(lock, file):
        yield


def find_holder(paths: Paths) -> str:
    """Return a description of the process that uses the lab; empty if none does."""
    lock, file = _lock(paths, paths.lab_id)
    try:
        with lock.acquire(blocking=False):
            return ""
    except Timeout:
        return _read_holder(file)


def _lock(paths: Paths, name: str) -> tuple[FileLock, Path]:
    """Return a lock, and the file in which its holder describes itself."""
    paths.cache.mkdir(parents=True, exist_ok=True)
    return FileLock(paths.cache / f"{name}.lock", thread_local=False), paths.cache / f"{name}.holder"


@contextmanager
def _held(lock: FileLock, file: Path) -> Iterator[None]:
    try:
        command = " ".join(sys.argv)
        file.write_text(f"process {os.getpid()}, since {time.strftime('%H:%M:%S')}: {command}\n")
        yield
    finally:
        lock.release()


def _read_holder(file: Path) -> str:
    return file.read_text().strip() if file.exists() else "another process"
