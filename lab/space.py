"""A disk that is full: told as that, and not as what failed for want of space."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.errors import LabError

MIB = 1024**2
FULL = 64 * MIB
"""Bytes; a file system with less than so many free may have been full a moment before."""


@contextmanager
def told_when_full(folder: Path) -> Iterator[None]:
    """Turns what fails while the file system of a folder is full into an error that says so, and what failed.

    Arguments:
        folder: one that may not be there yet.
    """
    try:
        yield
    except (LabError, OSError) as error:
        free = shutil.disk_usage(existing(folder)).free
        if free >= FULL:
            raise
        raise LabError(
            f"there is no space left at {folder}",
            expected="space for what a lab writes",
            seen=f"{free / MIB:.0f} MiB free, and then:\n{error}",
            remedy="free some, and run again: what is there is taken up; or `python -m lab down` removes it",
        ) from error


def existing(folder: Path) -> Path:
    """The nearest folder above one that is there, or itself."""
    return next(parent for parent in (folder, *folder.parents) if parent.exists())
