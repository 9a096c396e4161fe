"""Checks of this machine: kernel, architecture, WSL, memory, disk space, programs and inotify."""

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
BINFMT = Path("/proc/sys/fs/binfmt_misc")
X86_64_MAGIC = re.compile(r"(?m)^magic 7f454c46[0-9a-f]{28}3e00")
"""The beginning of x86-64 programs in the description of a handler: ELF, and the number of the architecture."""
X86_64, ARM64 = "x86_64", "aarch64"
WSL1, WSL2 = "-Microsoft", "microsoft-standard"
"""Parts of the kernel's release in the two versions of the Windows Subsystem for Linux."""
WINDOWS_FILE_SYSTEMS = ("9p", "drvfs", "v9fs")
"""The types of the file systems by which WSL shows the drives of Windows."""


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


def check_architecture(*, is_embedded: bool, with_upstream_images: bool, handlers: Path = BINFMT) -> Iterator[Finding]:
    """Check that the programs and images of the lab exist for the architecture of this machine.

    Args:
        is_embedded: Whether the lab is embedded: its kit is built for this machine, from packages that Debian and PyPI
            have for x86-64 and arm64.
        with_upstream_images: Whether Kubeflow is installed with the images of its release.
        handlers: The directory in which the kernel shows how it runs foreign programs.

    Yields:
        An error if the lab cannot work, a warning if it was never tried.
    """
    architecture = platform.machine()
    if architecture == X86_64:
        return
    if is_embedded:
        finding = warning if architecture == ARM64 else error
        yield finding(
            f"the embedded lab was never run on {architecture}",
            expected="x86-64; everything that it is built from also exists for arm64",
            seen=architecture,
            remedy="use a machine with x86-64 if the kit cannot be built, or the lab does not start",
        )
    elif with_upstream_images and not _runs_x86_64(handlers):
        yield error(
            'Kubeflow has no images for this architecture: pods would log "exec format error"',
            expected="x86-64, for which all images exist; those of Pipelines exist for nothing else",
            seen=f"{architecture}, without emulation of x86-64",
            remedy="use a machine with x86-64; or install emulation (`docker run --privileged --rm tonistiigi/binfmt "
            '--install amd64`), which is slow; or deselect Kubeflow with -m "not kubeflow" (kubeflow/pipelines#12705)',
        )
    elif with_upstream_images:
        yield warning(
            "images for x86-64 are emulated on this machine, which is slow",
            seen=architecture,
            remedy="use a machine with x86-64 if waits time out (kubeflow/manifests#2745)",
        )


def check_wsl(cache: Path) -> Iterator[Finding]:
    """Check that the Windows Subsystem for Linux, if this is one, can run containers.

    Args:
        cache: The cache directory of the project; it need not exist.

    Yields:
        An error with version 1, or if the cache is on a drive of Windows.
    """
    release = platform.release()
    if release.endswith(WSL1):
        yield error(
            "the lab requires version 2 of the Windows Subsystem for Linux",
            expected="a Linux kernel; version 1 has none, and so no containers",
            seen=f"version 1, with the release {release}",
            remedy="`wsl --set-version DISTRIBUTION 2` in PowerShell, where `wsl --list` prints DISTRIBUTION",
        )
    elif WSL2 in release and (file_system := _find_file_system(nearest_existing(cache))) in WINDOWS_FILE_SYSTEMS:
        yield error(
            f"the cache directory {cache} is on a drive of Windows",
            expected="a file system of Linux, with its permissions, links and sockets",
            seen=f"the file system {file_system}",
            remedy="set XDG_CACHE_HOME to a directory of the distribution: `export XDG_CACHE_HOME=~/.cache`",
        )


def _runs_x86_64(handlers: Path) -> bool:
    """Return whether the kernel starts an emulator for programs for x86-64."""
    texts = [file.read_text() for file in handlers.glob("*") if file.name not in ("register", "status")]
    return any(text.startswith("enabled") and X86_64_MAGIC.search(text) for text in texts)


def _find_file_system(directory: Path) -> str:
    """Return the type of the file system that a directory is on."""
    mounts = [part for part in psutil.disk_partitions(all=True) if directory.resolve().is_relative_to(part.mountpoint)]
    return max(mounts, key=lambda part: len(part.mountpoint)).fstype if mounts else ""


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
            remedy="install them (on Debian: util-linux, mount, tar, git, dpkg; `make lab` installs Go). The kit is "
            "built from Debian's packages: without apt, use --lab k3d",
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
