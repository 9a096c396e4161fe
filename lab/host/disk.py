"""A full disk, reported as such and not as the failure that it causes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.errors import LabError

MIB = 1024**2
FULL = 64 * MIB
"""Bytes. A file system with less free space may have been full a moment before."""


@contextmanager
def report_full_disk(directory: Path) -> Iterator[None]:
    """Raise an error about a full disk in place of errors in the block that occur while the disk is full.

    Args:
        directory: A directory on the file system in question; it need not exist.
    """
    try:
        yield
    except (LabError, OSError) as error:
        free = shutil.disk_usage(nearest_existing(directory)).free
        if free >= FULL:
            raise
        raise LabError(
            f"no space left on the file system of {directory}",
            seen=f"{free / MIB:.0f} MiB free, and then:\n{error}",
            remedy="free some space and run again, which continues the installation; or remove the lab with "
            "`python -m lab down`",
        ) from error


def nearest_existing(directory: Path) -> Path:
    """Return the directory, or its nearest parent that exists."""
    return next(parent for parent in (directory, *directory.parents) if parent.exists())
