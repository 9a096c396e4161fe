"""Runs a program as the first process of an enclosure: its own root, mounts, processes and network.

Started as `unshare … python -m embedded.enclosure ROOT [SOURCE:TARGET …] -- PROGRAM …`. When the first process ends,
the kernel ends every other process inside and takes mounts and network away: nothing can be left behind.

It waits for a byte on its standard input before it does anything. Whoever starts it notes it first, as what must be
ended, and then lets it begin; one whose starter was killed before that reads the end of its input instead, and ends.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from pathlib import Path

from pyroute2 import IPRoute

UNSHARE = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "--net", "--ipc", "--uts")
MNT_DETACH = 2
"""From sys/mount.h."""


def main(arguments: list[str]) -> None:
    """Builds the enclosure around this process, when it may, then becomes the program."""
    if not os.read(sys.stdin.fileno(), 1):
        sys.exit("the process that has started this enclosure has ended")
    os.dup2(os.open(os.devnull, os.O_RDONLY), sys.stdin.fileno())
    divider = arguments.index("--")
    root, *binds = arguments[:divider]
    program = arguments[divider + 1 :]
    _mount_everything(Path(root), binds)
    _loopback_up()
    _enter(root)
    os.environ.pop("TMPDIR", None)  # a folder of the old root, without which runc cannot run anything in a container
    os.execvp(program[0], program)  # noqa: S606 - this is what an enclosure is for


def _mount_everything(root: Path, binds: list[str]) -> None:
    # Containers need a root that is a mount point, else runc's pivot_root fails; and a /sys of this network namespace,
    # with the machine's cgroups, which a new sysfs does not show.
    _mount("--bind", root, root)
    _mount("-t", "proc", "proc", _directory(root / "proc"))
    _mount("-t", "sysfs", "sysfs", _directory(root / "sys"))
    _mount("--rbind", "/sys/fs/cgroup", root / "sys/fs/cgroup")
    _mount("--rbind", "/dev", _directory(root / "dev"))
    _mount("-t", "tmpfs", "tmpfs", _directory(root / "tmp"))
    for bind in binds:
        source, target = bind.split(":")
        _mount("--bind", source, _directory(root / target.lstrip("/")))


def _mount(*arguments: str | Path) -> None:
    subprocess.run(["mount", *map(str, arguments)], check=True)


def _directory(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    return path


def _loopback_up() -> None:
    with IPRoute() as route:
        route.link("set", index=route.link_lookup(ifname="lo")[0], state="up")


def _enter(root: str) -> None:
    """Makes root the root: pivot_root(2) with both arguments the same leaves nothing of the old root visible."""
    os.chdir(root)
    _system_call("pivot_root", b".", b".")
    _system_call("umount2", b".", MNT_DETACH)
    os.chdir("/")


def _system_call(name: str, *arguments: bytes | int) -> None:
    if getattr(ctypes.CDLL(None, use_errno=True), name)(*arguments):
        raise OSError(ctypes.get_errno(), f"{name}: {os.strerror(ctypes.get_errno())}")


if __name__ == "__main__":
    main(sys.argv[1:])
