"""What can be seen to be unfit before anything is tried: each finding with its remedy, all at once."""

from __future__ import annotations

import platform
import re
import shutil
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import psutil
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from lab import browser, record
from lab.cluster import PORTS
from lab.errors import LabError
from lab.releases import Release
from lab.settings import Settings
from lab.terminal import Terminal

GIB = 1024**3
MEMORY_NEEDED = 7 * GIB
"""What lab and suite use at their peak, measured, is 6.0 GiB."""
VERSION_COMMANDS = {
    "docker": ("docker", "version", "--format", "{{.Server.Version}}"),
    "k3d": ("k3d", "version"),
    "helm": ("helm", "version", "--short"),
    "kubectl": ("kubectl", "version", "--client", "--output=yaml"),
}


def check(settings: Settings, release: Release, more: Iterable[LabError] = ()) -> None:
    """Looks at what every lab needs, and at the person's own tools where the lab uses those.

    Arguments:
        more: findings of the lab's kind.

    Raises LabError with all findings; nothing has been changed then.
    """
    checks: list[Callable[[], Iterator[LabError]]] = [_platform, _chromium]
    if settings.lab == "k3d":
        checks.append(lambda: tools(release.tools.model_dump(), Terminal()))
    if settings.lab != "existing" and record.load() is None:  # else memory and ports are in use by the lab itself
        checks.append(_memory)
        if settings.lab == "k3d":
            checks.append(lambda: ports(PORTS))
    findings = [*more, *(finding for one in checks for finding in one())]
    if len(findings) == 1:
        raise findings[0]
    if findings:
        raise LabError(f"{len(findings)} things are not fit, nothing was changed", seen="\n".join(map(str, findings)))


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
    there = next(parent for parent in (folder, *folder.parents) if parent.exists())
    free = shutil.disk_usage(there).free
    if free < needed:
        yield LabError(
            f"there is too little space at {folder}",
            expected=f"{needed / GIB:.0f} GiB free",
            seen=f"{free / GIB:.1f} GiB",
            remedy="free some, or set XDG_CACHE_HOME to a folder on a larger file system",
        )


def ports(wanted: Mapping[int, str]) -> Iterator[LabError]:
    """The ports that somebody listens on already, with the process that does."""
    for port, purpose in wanted.items():
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind(("0.0.0.0", port))  # noqa: S104 - k3d publishes its ports on every address
            except OSError:
                yield LabError(
                    f"port {port} is in use",
                    expected=f"a free port {port}, for {purpose}",
                    seen=_listener(port),
                    remedy="end that process, or remove the container that publishes the port",
                )


def _listener(port: int) -> str:
    for connection in psutil.net_connections("tcp"):
        here = connection.laddr and connection.laddr.port == port
        if here and connection.status == psutil.CONN_LISTEN and connection.pid:
            return f"process {connection.pid} ({' '.join(psutil.Process(connection.pid).cmdline())}) listens on it"
    return "a process listens on it that this user may not see"


def tools(supported: Mapping[str, str], terminal: Terminal) -> Iterator[LabError]:
    """The programs of the tutorial that are missing, or of a version that the release does not work with.

    Arguments:
        supported: a version range for each program.
        terminal: where they are looked for.
    """
    for name, command in VERSION_COMMANDS.items():
        try:
            printed = terminal.run(*command).output
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
