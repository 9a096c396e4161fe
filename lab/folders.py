"""Where the lab keeps files: all in one cache folder, but for sockets, whose names must be short."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

PROJECT = "kubeflow-lab"


def cache() -> Path:
    """The project's cache folder, below XDG_CACHE_HOME."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / PROJECT


def lab() -> Path:
    """The folder of the lab that is there now: its record, its kubeconfig and, if it is embedded, its engine's data."""
    return cache() / "lab"


def sockets(name: str) -> Path:
    """A folder for sockets, whose whole name is limited to 107 bytes by unix(7)."""
    return Path("/run") / PROJECT / name


def remove_sockets(name: str) -> None:
    """Deletes a folder for sockets, and the folder of all of them when it was the last."""
    shutil.rmtree(sockets(name), ignore_errors=True)
    with contextlib.suppress(OSError):
        sockets(name).parent.rmdir()
