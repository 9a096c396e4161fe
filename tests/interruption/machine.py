"""What of a lab's is on this machine, wherever a lab may leave something."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil

from lab import folders
from lab.record import CGROUPS

CACHED = ("kit", "logs", "*.lock")
"""What a lab that was removed leaves in its cache, and is to leave."""


def mount(image: Path, size: int, folder: Path) -> None:
    """Makes a file system of its own for a cache, in a sparse file, and mounts it.

    What is flushed there need not reach the disk below: no machine loses its power in these tests.

    Arguments:
        size: in bytes.
    """
    with image.open("wb") as file:
        file.truncate(size)
    subprocess.run(["mkfs.ext4", "-q", "-m0", image], check=True)
    folder.mkdir(parents=True)
    subprocess.run(["mount", "-o", "loop,noatime,nobarrier", image, folder], check=True)


class Machine:
    """What is on this machine of the labs of one cache.

    Arguments:
        disk: the mount point of the file system that the cache is on.
    """

    def __init__(self, disk: Path) -> None:
        self._disk = disk
        self._own = {psutil.Process().pid, *(one.pid for one in psutil.Process().parents())}

    def left(self) -> list[str]:
        """What of a lab is there; nothing is what is to be."""
        mounts = [place for place in _mount_points() if place.startswith(f"{self._disk}/")]
        names = [folders.unique(name) for name in ("lab*", "workshop")]
        cgroups = [folder for name in names for depth in ("", "*/") for folder in CGROUPS.glob(f"{depth}{name}")]
        sockets = [folder for name in names for folder in Path("/run").glob(name)]
        kept = {folder for pattern in CACHED for folder in folders.cache().glob(pattern)}
        files = [file for file in folders.cache().glob("*") if file not in kept]
        return [
            *(f"process {text}" for text in self._processes()),
            *(f"mount {text}" for text in mounts),
            *(f"cgroup {folder}" for folder in cgroups),
            *(f"folder {folder}" for folder in sockets),
            *(f"file {file}" for file in files),
        ]

    def _processes(self) -> Iterator[str]:
        """Processes with the cache in their environment, or in the cgroup of a lab's containers.

        A network or mount namespace lives as long as a process in it, since none is bound to a file.
        """
        environment, cgroup = f"XDG_CACHE_HOME={self._disk}".encode(), folders.unique("").encode()
        for process in psutil.process_iter(["name"]):
            folder = Path("/proc", str(process.pid))
            try:
                told = environment in (folder / "environ").read_bytes().split(b"\0")
                contained = cgroup in (folder / "cgroup").read_bytes()
            except OSError:  # it has just ended
                continue
            if (told or contained) and process.pid not in self._own and process.is_running():
                yield f"{process.pid} ({process.info['name']})"


def _mount_points() -> list[str]:
    """Those of this mount namespace; see proc(5) for the fields of mountinfo."""
    return [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
