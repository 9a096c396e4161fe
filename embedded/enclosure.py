"""Runs a program as the first process of an enclosure: with a root, mounts, processes and a network of its own.

Started as `unshare … python -m embedded.enclosure CGROUP ROOT [SOURCE:TARGET …] -- PROGRAM …`. When the first process
ends, the kernel ends every other process in the enclosure and removes its mounts and its network, so nothing can
remain.

The enclosure waits for a byte on its standard input before it does anything. In the meantime, the starting process
saves the first process in the state of the lab, so that it can be killed later. If the starting process is killed
before it has written the byte, the enclosure reads the end of its input instead, and ends.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from pyroute2 import IPRoute

UNSHARE = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "--net", "--ipc", "--uts")
MNT_DETACH = 2
"""From sys/mount.h."""


def main(arguments: list[str]) -> None:
    """Wait for the start signal, build the enclosure around this process, and execute the program in its place."""
    if not os.read(sys.stdin.fileno(), 1):
        sys.exit("the process that started this enclosure has ended")
    os.dup2(os.open(os.devnull, os.O_RDONLY), sys.stdin.fileno())
    divider = arguments.index("--")
    cgroup, root, *binds = arguments[:divider]
    program = arguments[divider + 1 :]
    join_cgroup(Path(cgroup))
    _mount_file_systems(Path(root), binds)
    _enable_loopback()
    _enter(root)
    os.environ.pop("TMPDIR", None)  # a directory of the old root, without which runc cannot run a program
    os.execvp(program[0], program)


def join_cgroup(directory: Path) -> None:
    """Move this process into a cgroup, whose memory is then measured; where this is not possible, leave it.

    Args:
        directory: The directory of the cgroup.
    """
    with suppress(OSError):
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "cgroup.procs").write_text("0")  # the writing process


def _mount_file_systems(root: Path, binds: list[str]) -> None:
    # Containers need a root that is a mount point, or runc's pivot_root fails. They also need a /sys of this network
    # namespace; a new sysfs does not show the machine's cgroups, so they are mounted into it.
    _mount("--bind", root, root)
    _mount("-t", "proc", "proc", _create(root / "proc"))
    _mount("-t", "sysfs", "sysfs", _create(root / "sys"))
    _mount("--rbind", "/sys/fs/cgroup", root / "sys/fs/cgroup")
    _mount("--rbind", "/dev", _create(root / "dev"))
    _mount("-t", "tmpfs", "tmpfs", _create(root / "tmp"))
    for bind in binds:
        source, target = bind.split(":")
        _mount("--bind", source, _create(root / target.lstrip("/")))


def _mount(*arguments: str | Path) -> None:
    subprocess.run(["mount", *map(str, arguments)], check=True)


def _create(directory: Path) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    return directory


def _enable_loopback() -> None:
    with IPRoute() as route:
        route.link("set", index=route.link_lookup(ifname="lo")[0], state="up")


def _enter(root: str) -> None:
    """Change the root; pivot_root(2) with two equal arguments leaves nothing of the old root visible."""
    os.chdir(root)
    _call_libc("pivot_root", b".", b".")
    _call_libc("umount2", b".", MNT_DETACH)
    os.chdir("/")


def _call_libc(name: str, *arguments: bytes | int) -> None:
    if getattr(ctypes.CDLL(None, use_errno=True), name)(*arguments):
        raise OSError(ctypes.get_errno(), f"{name}: {os.strerror(ctypes.get_errno())}")


if __name__ == "__main__":
    main(sys.argv[1:])
