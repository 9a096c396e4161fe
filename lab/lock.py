"""One run at a time at a lab, and one that builds the kit: told apart by locks that the kernel gives free."""

from __future__ import annotations

import fcntl
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO

from lab import folders
from lab.errors import LabError
from lab.waiting import polling, wait_until

KIT_TIMEOUT = 7200
"""Seconds to wait for another run that builds the kit; on two cores, a whole one takes half an hour."""


@contextmanager
def held() -> Iterator[None]:
    """Holds the lab for this process; the kernel gives it free when the process ends, however that is.

    Raises LabError that names the process that has it.
    """
    with _file(folders.lab_id()) as file:
        if not _taken(file):
            raise LabError(
                "another run is at the lab; nothing was changed",
                expected="one run at a time",
                seen=_holder(file),
                remedy="wait until it has ended, or end it with Ctrl-C where it runs; or make another lab with --name "
                "and another subnet",
            )
        _sign(file)
        yield


@contextmanager
def kit_held(tell: Callable[[str], None]) -> Iterator[None]:
    """Holds the kit, which all labs of this cache share, and waits for it while another run is at it.

    Arguments:
        tell: is told whom this waits for.
    """
    with _file("kit") as file:
        if not _taken(file):
            tell(f"waiting for the kit, which another run is at: {_holder(file)}")
            wait_until(
                polling(lambda: _taken(file)),
                satisfied=bool,
                show=lambda _: _holder(file),
                timeout=KIT_TIMEOUT,
                what="the other run has built the kit",
                remedy="end that process",
            )
        _sign(file)
        yield


def _file(name: str) -> IO[str]:
    folders.cache().mkdir(parents=True, exist_ok=True)
    return (folders.cache() / f"{name}.lock").open("a+")


def _taken(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _sign(file: IO[str]) -> None:
    """Writes down who has it."""
    file.truncate(0)
    file.write(f"process {os.getpid()}, since {time.strftime('%H:%M:%S')}: {' '.join(sys.argv)}\n")
    file.flush()


def _holder(file: IO[str]) -> str:
    file.seek(0)
    return file.read().strip()
