"""Leftovers of labs on this machine, in all places where a lab can leave something."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil

from lab.config.paths import Paths
from lab.run.state import CGROUPS

KEPT_FILES = ("kit", "logs", "*.lock", "*.holder")
"""The files in the cache that remain when a lab is removed."""
LAB_NAMES = ("lab*", "workshop")
"""The names of the enclosures, from which the names of their cgroups and directories of sockets follow."""


def mount_disk(image: Path, size: int, directory: Path) -> None:
    """Create a file system in a sparse file, and mount it without barriers: no test cuts the machine's power.

    Args:
        image: The sparse file.
        size: The size of the file system in bytes.
        directory: The mount point, which is created.
    """
    with image.open("wb") as file:
        file.truncate(size)
    subprocess.run(["mkfs.ext4", "-q", "-m0", image], check=True)
    directory.mkdir(parents=True)
    subprocess.run(["mount", "-o", "loop,noatime,nobarrier", image, directory], check=True)


class Machine:
    """This machine, as far as the labs of one cache are concerned.

    Args:
        disk: The mount point of the file system of the cache.
        paths: The directories of the labs.
    """

    def __init__(self, disk: Path, paths: Paths) -> None:
        self._disk, self._paths = disk, paths
        own = psutil.Process()
        self._own_pids = {own.pid, *(parent.pid for parent in own.parents())}

    def list_leftovers(self) -> list[str]:
        """Return a line for each process, mount, cgroup, directory and file of a lab; empty if there are none."""
        mounts = [mount_point for mount_point in _list_mount_points() if mount_point.startswith(f"{self._disk}/")]
        names = [self._paths.unique_name(name) for name in LAB_NAMES]
        cgroups = [path for name in names for depth in ("", "*/") for path in CGROUPS.glob(f"{depth}{name}")]
        sockets = [path for name in names for path in Path("/run").glob(name)]
        kept = {path for pattern in KEPT_FILES for path in self._paths.cache.glob(pattern)}
        files = [path for path in self._paths.cache.glob("*") if path not in kept]
        return [
            *(f"process {process}" for process in self._list_processes()),
            *(f"mount {mount_point}" for mount_point in mounts),
            *(f"cgroup {path}" for path in cgroups),
            *(f"directory {path}" for path in sockets),
            *(f"file {path}" for path in files),
        ]

    def _list_processes(self) -> Iterator[str]:
        """Yield the processes that have the cache in their environment, or that are in the cgroup of a lab.

        Network and mount namespaces need no check: none is bound to a file, so each ends with its last process.
        """
        variable, cgroup = f"XDG_CACHE_HOME={self._disk}".encode(), self._paths.unique_name("").encode()
        for process in psutil.process_iter(["name"]):
            directory = Path("/proc", str(process.pid))
            try:
                has_cache = variable in (directory / "environ").read_bytes().split(b"\0")
                is_in_cgroup = cgroup in (directory / "cgroup").read_bytes()
            except OSError:  # the process has just ended
                continue
            if (has_cache or is_in_cgroup) and process.pid not in self._own_pids and process.is_running():
                yield f"{process.pid} ({process.info['name']})"


def _list_mount_points() -> list[str]:
    """Return the mount points of this mount namespace; proc(5) describes the fields of mountinfo."""
    return [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
