"""The files of the lab: everything below one cache directory, except sockets, whose paths must be short."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PROJECT = "kubeflow-lab"
NAME_VARIABLE = "KUBEFLOW_LAB_NAME"
"""The environment variable that selects one of several labs on this machine; unset or empty: the lab without a name."""
NAME_PATTERN = re.compile(r"[a-z]([a-z0-9-]{0,18}[a-z0-9])?")
"""A DNS label, which cluster and nodes are named after, and short."""
NAME_RULE = "a name has at most 20 characters of a-z, 0-9 and -, starts with a letter and does not end with -"


@dataclass(frozen=True)
class Paths:
    """The directories of one lab.

    Args:
        cache: The project's cache directory, which all labs of this user share.
        name: The name of the lab; empty for the lab without a name.
    """

    cache: Path
    name: str = ""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str], name: str = "") -> Paths:
        """Return the directories of a lab below XDG_CACHE_HOME or ~/.cache.

        Args:
            environment: The environment variables of this process.
            name: The name of the lab.
        """
        home = Path(environment.get("HOME") or Path.home())
        return cls(Path(environment.get("XDG_CACHE_HOME") or home / ".cache") / PROJECT, name)

    @property
    def lab_id(self) -> str:
        """The identifier of the lab on this machine: "lab", followed by its name if it has one."""
        return f"lab-{self.name}" if self.name else "lab"

    @property
    def lab(self) -> Path:
        """The directory of the lab: its state, its kubeconfig and, if it is embedded, the data of its engine."""
        return self.cache / self.lab_id

    @property
    def home(self) -> Path:
        """The directory for files that tools read and write in the lab."""
        return self.lab / "home"

    @property
    def kit(self) -> Path:
        """The directory of the kit, which all embedded labs share."""
        return self.cache / "kit"

    def unique_name(self, name: str) -> str:
        """Return a machine-wide name for an item of this cache, so that labs of two caches do not collide."""
        return f"{PROJECT}-{hashlib.sha256(str(self.cache).encode()).hexdigest()[:8]}-{name}"

    def socket_dir(self, name: str) -> Path:
        """Return a directory for sockets, whose full path is limited to 107 bytes by unix(7)."""
        return Path("/run") / self.unique_name(name)
