"""What can be seen to be unfit before anything is tried: each finding with its remedy, all at once."""

from __future__ import annotations

import platform
import re
import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

import psutil
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from lab import browser, doors, record
from lab.cluster import PORTS
from lab.errors import LabError
from lab.ports import taken
from lab.releases import Release
from lab.settings import Settings
from lab.space import existing
from lab.terminal import Terminal

GIB = 1024**3
MEMORY_NEEDED = 5 * GIB
"""What lab and suite use at their peak, measured, is 3.5 GiB; the rest is for files that are read again and again."""
VERSION_COMMANDS = {
    "docker": ("docker", "version", "--format", "{{.Server.Version}}"),
    "k3d": ("k3d", "version"),
    "helm": ("helm", "version", "--short"),
    "kubectl": ("kubectl", "version", "--client", "--output=yaml"),
    "kustomize": ("kustomize", "version"),
}
TOOLS_OF_ALL, TOOLS_BELOW, TOOLS_OF_KUBEFLOW = ("kubectl",), ("docker", "k3d", "helm"), ("kustomize",)
"""Which of them every lab without a kit needs, which one that installs what is below Kubeflow, and which Kubeflow."""


def check(settings: Settings, release: Release, tags: Collection[str], more: Iterable[LabError] = ()) -> None:
    """Looks at what the run needs of this machine, and at the person's own tools where the lab uses those.

    Arguments:
        tags: those of all scenarios that are to run.
        more: findings of the lab's kind.

    Raises LabError with all findings; nothing has been changed then.
    """
    findings = [*more, *_platform()]
    if "browser" in tags:
        findings += _chromium()
    if settings.lab != "existing" and record.load() is None:  # else memory and ports are in use by the lab itself
        findings += _memory()
        if settings.lab == "k3d" and not settings.name:
            findings += taken(PORTS)
    if settings.lab != "embedded":  # which brings its tools, and has a network of its own
        wanted = _tools_needed(settings, tags)
        findings += tools({name: text for name, text in release.tools if name in wanted}, Terminal())
        if "kubeflow" in tags:
            findings += taken({doors.PORT: "the port-forward to Kubeflow"}, str(settings.loopback))
    if len(findings) == 1:
        raise findings[0]
    if findings:
        raise LabError(f"{len(findings)} things are not fit, nothing was changed", seen="\n".join(map(str, findings)))


def _tools_needed(settings: Settings, tags: Collection[str]) -> list[str]:
    below = TOOLS_BELOW if settings.lab == "k3d" else ()
    return [*TOOLS_OF_ALL, *below, *(TOOLS_OF_KUBEFLOW if "kubeflow" in tags else ())]


def _platform() -> Iterator[LabError]:
    if platform.system() != "Linux":
        yield LabError(
            "the lab needs Linux",
            expected="Linux, whose Docker networks this machine is part of",
            seen=f"{platform.system()}; Docker Desktop does not route to 172.20.0.13",
            remedy="run it in a Linux virtual machine",
        )


def _memory() -> Iterator[LabError]:
    available = psutil.virtual_memory().available
    if available < MEMORY_NEEDED:
        yield LabError(
            "there is too little memory",
            expected=f"{MEMORY_NEEDED / GIB:.0f} GiB available",
            seen=f"{available / GIB:.1f} GiB",
            remedy="end other programs, or use a larger machine",
        )


def _chromium() -> Iterator[LabError]:
    try:
        browser.executable()
    except LabError as error:
        yield error


def space(folder: Path, needed: int) -> Iterator[LabError]:
    """That a folder's file system has less than so many bytes free."""
    free = shutil.disk_usage(existing(folder)).free
    if free < needed:
        yield LabError(
            f"there is too little space at {folder}",
            expected=f"{needed / GIB:.0f} GiB free",
            seen=f"{free / GIB:.1f} GiB",
            remedy="free some, or set XDG_CACHE_HOME to a folder on a larger file system",
        )


def tools(supported: Mapping[str, str], terminal: Terminal) -> Iterator[LabError]:
    """The programs that are missing, or of a version that the release does not work with.

    Arguments:
        supported: a version range for each program that is needed.
        terminal: where they are looked for.
    """
    for name in supported:
        try:
            printed = terminal.run(*VERSION_COMMANDS[name]).output
        except LabError as error:
            yield LabError(
                f"{name} cannot be used",
                expected=f"{name} {supported[name]}",
                seen=error.seen,
                remedy=f"install or start {name}, or use --lab embedded, which brings its own",
            )
            continue
        found = re.search(r"(\d+\.\d+\.\d+)", printed)
        version = found[1] if found else "unknown"
        if not found or Version(version) not in SpecifierSet(supported[name]):
            yield LabError(
                f"{name} has the wrong version",
                expected=f"{name} {supported[name]}",
                seen=f"{name} {version}",
                remedy=f"install a {name} of that range, or use --lab embedded, which brings its own",
            )
