"""Checks of this machine: kernel, memory, disk space, programs and inotify."""

from __future__ import annotations

import ctypes
import os
import platform
import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path

import psutil

from lab.host.disk import nearest_existing
from lab.preflight.findings import Finding, error, warning
from lab.preflight.requirements import GIB, REQUIREMENTS, InotifyLimits
from lab.releases import Machine

INOTIFY = Path("/proc/sys/fs/inotify")
CGROUP_V2 = Path("/sys/fs/cgroup/cgroup.controllers")
CGROUP_V1 = Path("/proc/cgroups")


def check_kernel(oldest: tuple[int, int] = REQUIREMENTS.kernel) -> Iterator[Finding]:
    """Check that this is Linux, with a recent kernel.

    Args:
        oldest: The oldest version without a warning.

    Yields:
        An error if this is not Linux, a warning if the kernel is too old.
    """
    if platform.system() != "Linux":
        yield error(
            "the lab requires Linux",
            expected="Linux, where Docker's networks are reachable from the machine itself",
            seen=f"{platform.system()}; Docker Desktop does not route to 172.20.0.13",
            remedy="run it in a Linux virtual machine",
        )
        return
    release = platform.release()
    if tuple(map(int, re.findall(r"\d+", release)[:2])) < oldest:
        version = ".".join(map(str, oldest))
        yield warning(
            f"the kernel is older than {version}",
            expected=f"Linux {version} or newer, as Kubernetes' own check of a node requires",
            seen=f"Linux {release}",
            remedy="use a newer distribution if the cluster's node does not become ready",
        )


def check_memory(required: int = REQUIREMENTS.memory) -> Iterator[Finding]:
    """Check that an embedded lab has enough memory.

    Args:
        required: Bytes of available memory.

    Yields:
        An error if less is available.
    """
    available = psutil.virtual_memory().available
    if available < required:
        yield error(
            "there is not enough memory",
            expected=f"{required / GIB:.0f} GiB available",
            seen=f"{available / GIB:.1f} GiB",
            remedy="end other programs, or use a larger machine",
        )


def check_size(size: Machine) -> Iterator[Finding]:
    """Check that the machine is large enough for all of Kubeflow, with upstream's images.

    Args:
        size: The minimum and the recommendation of a release.

    Yields:
        An error below the minimum, a warning below the recommendation.
    """
    cpus, memory_gib = psutil.cpu_count() or 0, psutil.virtual_memory().total / GIB
    seen = f"{cpus} CPUs, {memory_gib:.1f} GiB"
    if cpus < size.min_cpus or memory_gib < size.min_memory_gib:
        yield error(
            "this machine is too small, some of Kubeflow's pods would stay Pending",
            expected=f"{size.min_cpus:g} CPUs and {size.min_memory_gib:g} GiB, which its pods request",
            seen=seen,
            remedy="use a larger machine, or --lab embedded, whose stand-ins need only 5 GiB",
        )
    # The kernel reserves a part of the memory, so a machine that is sold with 16 GiB has slightly less.
    elif cpus < size.recommended_cpus or round(memory_gib) < size.recommended_memory_gib:
        yield warning(
            "this machine is smaller than upstream recommends",
            expected=f"{size.recommended_cpus} CPUs and {size.recommended_memory_gib} GiB",
            seen=seen,
            remedy="if pods stay Pending, or waits time out, use a larger machine",
        )


def check_disk(directory: Path, required: int) -> Iterator[Finding]:
    """Check that a file system has enough free space.

    Args:
        directory: A directory on the file system; it need not exist.
        required: Bytes of free space.

    Yields:
        An error if less is free.
    """
    free = shutil.disk_usage(nearest_existing(directory)).free
    if free < required:
        yield error(
            f"there is not enough disk space at {directory}",
            expected=f"{required / GIB:.0f} GiB free",
            seen=f"{free / GIB:.1f} GiB",
            remedy="free some space, or set XDG_CACHE_HOME to a directory on a larger file system",
        )


def check_programs(names: Iterable[str], purpose: str, path: str) -> Iterator[Finding]:
    """Check that programs exist.

    Args:
        names: The names of the programs.
        purpose: The purpose of the programs, as in "the embedded lab".
        path: The directories to search, as in PATH.

    Yields:
        One error that lists all missing programs.
    """
    if missing := [name for name in names if shutil.which(name, path=path) is None]:
        yield error(
            f"programs are missing: {', '.join(missing)}",
            expected=f"{purpose} finds them on PATH",
            seen=f"PATH is {path}",
            remedy="install them (on Debian: util-linux, mount, tar, git, dpkg; `make lab` installs Go)",
        )


def check_inotify(
    with_kubeflow: bool,
    required: InotifyLimits = REQUIREMENTS.inotify,
    recommended: InotifyLimits = REQUIREMENTS.recommended_inotify,
    directory: Path = INOTIFY,
) -> Iterator[Finding]:
    """Check that the lab's programs can watch files; otherwise pods log "too many open files".

    Args:
        with_kubeflow: Whether Kubeflow is installed with upstream's images, for which the recommendation is checked.
        required: The minimum; so many instances must be free for this user.
        recommended: The recommendation.
        directory: The directory in which the kernel shows its limits.

    Yields:
        An error below the minimum, a warning below the recommendation.
    """
    limits = {name: int((directory / name).read_text()) for name in asdict(required)}
    missing = _list_below(limits, required)
    free = _count_free_instances(required.max_user_instances)
    if free < required.max_user_instances:
        missing.append(f"{free} instances of fs.inotify.max_user_instances={limits['max_user_instances']} are free")
    assignments = [f"fs.inotify.{name}={number}" for name, number in asdict(recommended).items()]
    remedy = f"`sysctl {' '.join(assignments)}` as root, and a file in /etc/sysctl.d to keep it after a reboot"
    if missing:
        yield error(
            'the inotify limits are too low: programs would fail with "too many open files"',
            expected=f"{required.max_user_instances} instances free for this user, and {required.max_user_watches} "
            "watches",
            seen="\n".join(missing),
            remedy=f"{remedy}; or end programs that use inotify, such as another lab",
        )
    elif with_kubeflow and (lower := _list_below(limits, recommended)):
        yield warning(
            "the inotify limits are lower than upstream recommends for Kubeflow",
            expected=", ".join(assignments),
            seen=", ".join(lower),
            remedy=f'if pods log "too many open files" (kubeflow/manifests#2087): {remedy}',
        )


def check_memory_controller(v2: Path = CGROUP_V2, v1: Path = CGROUP_V1) -> Iterator[Finding]:
    """Check that the kernel can limit the memory of containers; otherwise k3s and the kubelet exit immediately.

    Args:
        v2: The file that lists the controllers of cgroup v2; it does not exist with cgroup v1.
        v1: The file that lists the controllers of cgroup v1.

    Yields:
        An error if the memory controller is missing or disabled.
    """
    if v2.exists():
        file, is_enabled = v2, "memory" in v2.read_text().split()
    else:
        rows = [line.split() for line in v1.read_text().splitlines()]
        file, is_enabled = v1, any(row[0] == "memory" and row[-1] == "1" for row in rows)
    if not is_enabled:
        yield error(
            'the kernel has no memory cgroup: the node would fail with "failed to find memory cgroup"',
            expected=f"memory among the controllers in {file}",
            seen="it is missing, or disabled",
            remedy="boot the kernel with cgroup_enable=memory cgroup_memory=1 (k3d-io/k3d#853)",
        )


def _list_below(limits: dict[str, int], minimum: InotifyLimits) -> list[str]:
    """Return the limits that are below a minimum, as sysctl shows them."""
    return [f"fs.inotify.{name}={limits[name]}" for name, number in asdict(minimum).items() if limits[name] < number]


def _count_free_instances(maximum: int) -> int:
    """Return how many inotify instances this user can create now, up to a maximum.

    The kernel does not report this number, so the instances are created and closed.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    descriptors: list[int] = []
    try:
        while len(descriptors) < maximum and (descriptor := libc.inotify_init1(os.O_CLOEXEC)) >= 0:
            descriptors.append(descriptor)
        return len(descriptors)
    finally:
        for descriptor in descriptors:
            os.close(descriptor)
