"""What a lab needs of the machine that it is to be on: each is looked at, and said what is missing."""

from __future__ import annotations

import ctypes
import os
import platform
import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import psutil

from lab.findings import Finding, error, warning
from lab.releases import Machine
from lab.space import existing

GIB = 1024**3
MEMORY_NEEDED = 5 * GIB
"""What an embedded lab and the suite use at their peak, measured, is 3.5 GiB; the rest is for files read repeatedly."""
INOTIFY = Path("/proc/sys/fs/inotify")
INSTANCES, WATCHES = "max_user_instances", "max_user_watches"
INOTIFY_NEEDED = {INSTANCES: 32, WATCHES: 2_048}
"""Measured: the node and the pods of a whole embedded lab have 24 instances with 1,240 watches."""
INOTIFY_ADVISED = {INSTANCES: 2_280, WATCHES: 1_255_360}
"""Upstream's advice for the whole of Kubeflow (kubeflow/manifests#2087)."""
CGROUP_2 = Path("/sys/fs/cgroup/cgroup.controllers")
CGROUP_1 = Path("/proc/cgroups")
OLDEST_KERNEL = (4, 19)
"""Kubernetes' own check of a node takes no older one."""


def of_linux() -> Iterator[Finding]:
    """That this is no Linux, or one with an old kernel."""
    if platform.system() != "Linux":
        yield error(
            "the lab needs Linux",
            expected="Linux, whose Docker networks this machine is part of",
            seen=f"{platform.system()}; Docker Desktop does not route to 172.20.0.13",
            remedy="run it in a Linux virtual machine",
        )
        return
    release = platform.release()
    if tuple(map(int, re.findall(r"\d+", release)[:2])) < OLDEST_KERNEL:
        oldest = ".".join(map(str, OLDEST_KERNEL))
        yield warning(
            f"the kernel is older than {oldest}",
            expected=f"Linux {oldest} or newer, as Kubernetes checks it",
            seen=f"Linux {release}",
            remedy="use a newer distribution, if the cluster's node does not become ready",
        )


def memory() -> Iterator[Finding]:
    """That an embedded lab has too little."""
    available = psutil.virtual_memory().available
    if available < MEMORY_NEEDED:
        yield error(
            "there is too little memory",
            expected=f"{MEMORY_NEEDED / GIB:.0f} GiB available",
            seen=f"{available / GIB:.1f} GiB",
            remedy="end other programs, or use a larger machine",
        )


def size(wanted: Machine) -> Iterator[Finding]:
    """That all of Kubeflow does not fit on this machine, or not as upstream advises.

    Arguments:
        wanted: what a release asks for.
    """
    seen = f"{psutil.cpu_count()} CPUs, {psutil.virtual_memory().total / GIB:.1f} GiB"
    there = (psutil.cpu_count() or 0, psutil.virtual_memory().total / GIB)
    if there[0] < wanted.least_cpus or there[1] < wanted.least_memory_gib:
        yield error(
            "this machine is too small, some of Kubeflow's pods would stay Pending",
            expected=f"{wanted.least_cpus:g} CPUs and {wanted.least_memory_gib:g} GiB, which its pods ask for",
            seen=seen,
            remedy="use a larger machine, or --lab embedded, whose stand-ins do with 5 GiB",
        )
    elif there[0] < wanted.advised_cpus or round(there[1]) < wanted.advised_memory_gib:  # some of it is the kernel's
        yield warning(
            "this machine is smaller than upstream advises",
            expected=f"{wanted.advised_cpus} CPUs and {wanted.advised_memory_gib} GiB",
            seen=seen,
            remedy="pods that stay Pending, or waits that end in vain, may be for want of it; use a larger one then",
        )


def space(folder: Path, needed: int) -> Iterator[Finding]:
    """That a folder's file system has less than so many bytes free."""
    free = shutil.disk_usage(existing(folder)).free
    if free < needed:
        yield error(
            f"there is too little space at {folder}",
            expected=f"{needed / GIB:.0f} GiB free",
            seen=f"{free / GIB:.1f} GiB",
            remedy="free some, or set XDG_CACHE_HOME to a folder on a larger file system",
        )


def programs(names: Iterable[str], purpose: str) -> Iterator[Finding]:
    """That some programs are not on PATH.

    Arguments:
        purpose: what needs them.
    """
    if missing := [name for name in names if shutil.which(name) is None]:
        yield error(
            f"programs are missing: {', '.join(missing)}",
            expected=f"{purpose} finds them on PATH",
            seen=f"PATH is {os.environ.get('PATH')}",
            remedy="install them (on Debian: util-linux, mount, tar, git, dpkg; `make lab` brings Go)",
        )


def inotify(whole_kubeflow: bool) -> Iterator[Finding]:
    """That programs of the lab will not be able to watch files: `too many open files` in the logs of pods.

    Arguments:
        whole_kubeflow: whether it is to be Kubeflow itself, for which more is advised.
    """
    limits = {name: int((INOTIFY / name).read_text()) for name in INOTIFY_NEEDED}
    missing = [f"fs.inotify.{name}={limits[name]}" for name, least in INOTIFY_NEEDED.items() if limits[name] < least]
    free = _free_instances(INOTIFY_NEEDED[INSTANCES])
    if free < INOTIFY_NEEDED[INSTANCES]:
        missing.append(f"{free} instances of fs.inotify.{INSTANCES}={limits[INSTANCES]} are free")
    advised = [f"fs.inotify.{name}={limits[name]}" for name in limits if limits[name] < INOTIFY_ADVISED[name]]
    remedy = "`sysctl " + " ".join(f"fs.inotify.{name}={number}" for name, number in INOTIFY_ADVISED.items())
    remedy += "` as root, and a file in /etc/sysctl.d for after the next start"
    if missing:
        yield error(
            "too little is left of inotify: programs would fail with “too many open files”",
            expected=f"{INOTIFY_NEEDED[INSTANCES]} instances free for this user, and {INOTIFY_NEEDED[WATCHES]} watches",
            seen="\n".join(missing),
            remedy=f"{remedy}; or end what uses them, such as another lab",
        )
    elif advised and whole_kubeflow:
        yield warning(
            "inotify's limits are lower than Kubeflow's users found necessary",
            expected=", ".join(f"fs.inotify.{name}={number}" for name, number in INOTIFY_ADVISED.items()),
            seen=", ".join(advised),
            remedy=f"if pods say “too many open files” (kubeflow/manifests#2087): {remedy}",
        )


def _free_instances(wanted: int) -> int:
    """How many instances this user can have now, up to so many: nothing but the attempt tells."""
    libc = ctypes.CDLL(None, use_errno=True)
    opened: list[int] = []
    try:
        while len(opened) < wanted and (descriptor := libc.inotify_init1(os.O_CLOEXEC)) >= 0:
            opened.append(descriptor)
        return len(opened)
    finally:
        for descriptor in opened:
            os.close(descriptor)


def memory_controller() -> Iterator[Finding]:
    """That the kernel does not limit the memory of containers: k3s and the kubelet end at once without."""
    if CGROUP_2.exists():
        place, there = CGROUP_2, "memory" in CGROUP_2.read_text().split()
    else:
        rows = [line.split() for line in CGROUP_1.read_text().splitlines()]
        place, there = CGROUP_1, any(row[0] == "memory" and row[-1] == "1" for row in rows)
    if not there:
        yield error(
            "the kernel has no memory cgroup: the node would end with “failed to find memory cgroup”",
            expected=f"memory among the controllers of {place}",
            seen="it is not, or not enabled",
            remedy="start the kernel with cgroup_enable=memory cgroup_memory=1 (k3d-io/k3d#853)",
        )
