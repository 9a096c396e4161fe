"""Where the lab keeps files: all in one cache folder, but for sockets, whose names must be short."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

PROJECT = "kubeflow-lab"


def cache() -> Path:
    """The project's cache folder, below XDG_CACHE_HOME."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / PROJECT


def lab() -> Path:
    """The folder of the lab that is there now: its record, its kubeconfig and, if it is embedded, its engine's data."""
    return cache() / "lab"


def unique(name: str) -> str:
    """A name on this machine for something of this cache's, so that labs of two caches do not meet."""
    return f"{PROJECT}-{hashlib.sha256(str(cache()).encode()).hexdigest()[:8]}-{name}"


def sockets(name: str) -> Path:
    """A folder for sockets, whose whole name is limited to 107 bytes by unix(7)."""
    return Path("/run") / unique(name)
