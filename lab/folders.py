"""Where the lab keeps files: all in one cache folder, but for sockets, whose names must be short.

Cache and lab are those of the environment, so that whatever runs inside of a lab means the same one.
"""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

from lab.errors import LabError

PROJECT = "kubeflow-lab"
NAME_VARIABLE = "KUBEFLOW_LAB_NAME"
"""Which of several labs on this machine is meant; where it is not set, or empty, the one without a name."""
NAME_FORM = re.compile(r"[a-z]([a-z0-9-]{0,18}[a-z0-9])?")
"""A DNS label, for the cluster and its nodes, and short."""
NAME_WORDS = "a name has at most 20 of a to z, 0 to 9 and -, begins with a letter and does not end with -"


def cache() -> Path:
    """The project's cache folder, below XDG_CACHE_HOME."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / PROJECT


def lab_id() -> str:
    """What tells this lab's things from another one's on this machine: "lab", with the name after it if it has one.

    Raises LabError for a name that cannot be one.
    """
    name = os.environ.get(NAME_VARIABLE, "")
    if name and not NAME_FORM.fullmatch(name):
        raise LabError(
            f"{name} cannot be the name of a lab",
            expected=NAME_WORDS,
            seen=f"{NAME_VARIABLE}={name}",
            remedy="give another one with --name, or in the environment",
        )
    return f"lab-{name}" if name else "lab"


def lab() -> Path:
    """The folder of the lab that is there now: its record, its kubeconfig and, if it is embedded, its engine's data."""
    return cache() / lab_id()


def unique(name: str) -> str:
    """A name on this machine for something of this cache's, so that labs of two caches do not meet."""
    return f"{PROJECT}-{hashlib.sha256(str(cache()).encode()).hexdigest()[:8]}-{name}"


def sockets(name: str) -> Path:
    """A folder for sockets, whose whole name is limited to 107 bytes by unix(7)."""
    return Path("/run") / unique(name)
