"""Root file systems of Debian packages, unpacked without installing anything on the machine.

apt resolves and downloads with this machine's own package sources against an empty package status, so a root file
system contains the packages and their dependencies, and nothing of the machine. Maintainer scripts do not run; the
Dockerfile of an image does the part of their work that the image needs.
"""

from __future__ import annotations

import copy
import platform
import re
import tarfile
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

from debian.debfile import DebFile

from lab.run.shell import Shell

NEVER_UNPACKED = (
    "adduser",
    "debconf",
    "dpkg",
    "init-system-helpers",
    "lsb-base",
    "sysvinit-utils",
    "usrmerge",
    "tar",
    "passwd",
    "perl",
    "perl-base",
    "perl-modules-*",
    "libperl*",
    "libgdbm*",
    "libdb5.3",
    "lib*-perl",
    "netbase",
    "dmsetup",
    "libpam*",
    "libsemanage*",
    "libaudit*",
    "media-types",
    "login",
    "ucf",
    "sensible-utils",
    "tzdata",
)
"""Packages that only maintainer scripts or tools for setting up a machine need; containers do not use them."""
NOT_IN_IMAGES = (
    "usr/share/doc/*",
    "usr/share/man/*",
    "usr/share/locale/*",
    "usr/share/info/*",
    "usr/share/lintian/*",
    "usr/share/bash-completion/*",
    "usr/lib/x86_64-linux-gnu/gconv/*",
    # Programs of containerd and Docker that the lab does not use.
    "usr/bin/containerd-shim",
    "usr/bin/containerd-shim-runc-v1",
    "usr/bin/containerd-stress",
    "usr/sbin/ovrouter",
    # CNI plugins that the lab does not use.
    "usr/lib/cni/bandwidth",
    "usr/lib/cni/bridge",
    "usr/lib/cni/dhcp",
    "usr/lib/cni/firewall",
    "usr/lib/cni/host-device",
    "usr/lib/cni/ipvlan",
    "usr/lib/cni/macvlan",
    "usr/lib/cni/sbr",
    "usr/lib/cni/static",
    "usr/lib/cni/tuning",
    "usr/lib/cni/vlan",
    "usr/lib/cni/vrf",
)
"""Patterns of the files that are not unpacked."""
MERGED_USR = ("bin", "sbin", "lib", "lib32", "lib64")
APT_TIMEOUT = 600
OPTIONAL = "?"
"""The suffix of a package that only some releases of Debian have."""


def read_release() -> str:
    """Return the name of this machine's release of Debian, from which the packages come, as in bookworm."""
    try:
        facts = platform.freedesktop_os_release()
    except OSError:
        return "unknown"
    return facts.get("VERSION_CODENAME") or facts["ID"]


def unpack(shell: Shell, packages: tuple[str, ...], target: Path, downloads: Path) -> dict[str, str]:
    """Write a root file system of Debian packages and all their dependencies as one tar file.

    Args:
        shell: The shell that runs apt.
        packages: Names, as apt accepts them; one that ends with ? is omitted if this release of Debian has none.
        target: The tar file to write.
        downloads: A directory for the downloaded packages.

    Returns:
        The version of each unpacked package by its name.

    Raises:
        LabError: If apt cannot resolve or download a package.
    """
    _download(shell, packages, downloads)
    versions: dict[str, str] = {}
    with tarfile.open(target, "w") as root:
        for directory in MERGED_USR:
            root.addfile(_directory(f"usr/{directory}"))
            root.addfile(_symbolic_link(directory, f"usr/{directory}"))
        for archive in sorted(downloads.glob("*.deb")):
            package = DebFile(archive)
            name = str(package.debcontrol()["Package"])
            if any(fnmatch(name, pattern) for pattern in NEVER_UNPACKED):
                continue
            versions[name] = str(package.debcontrol()["Version"])
            with package.data.tgz() as content:
                for member in content:
                    if _is_unpacked(member):
                        file = content.extractfile(member) if member.isfile() else None
                        root.addfile(_move_to_usr(member), file)
    return versions


def _download(shell: Shell, packages: tuple[str, ...], downloads: Path) -> None:
    (downloads / "partial").mkdir(parents=True, exist_ok=True)
    options = {
        "Dir::State::status": "/dev/null",
        "Dir::Cache::archives": str(downloads),
        "Dir::Cache::pkgcache": "",
        "Dir::Cache::srcpkgcache": "",
        "APT::Install-Recommends": "false",
        "APT::Sandbox::User": "root",
    }
    option_arguments = [f"-o{name}={value}" for name, value in options.items()]
    command = ("apt-get", "install", "--yes", "--quiet", "--download-only", *option_arguments)
    available = _list_available(shell, packages)
    if shell.run(*command, *available, timeout=APT_TIMEOUT, allow_failure=True).exit_status:
        # The machine's package lists are missing, or older than the content of the package source.
        shell.run("apt-get", "update", timeout=APT_TIMEOUT)
        shell.run(
            *command,
            *_list_available(shell, packages),
            timeout=APT_TIMEOUT,
            remedy="check that this machine's Debian package sources can be reached and contain these packages",
        )


def _list_available(shell: Shell, packages: tuple[str, ...]) -> list[str]:
    """Return the names of packages, without those optional ones that this release of Debian lacks."""
    return [
        package.removesuffix(OPTIONAL)
        for package in packages
        if not package.endswith(OPTIONAL)
        or re.search(r"Candidate: \d", shell.run("apt-cache", "policy", package.removesuffix(OPTIONAL)).output)
    ]


def _is_unpacked(member: tarfile.TarInfo) -> bool:
    path = str(PurePosixPath(member.name))
    return path not in (".", *MERGED_USR) and not any(fnmatch(path, pattern) for pattern in NOT_IN_IMAGES)


def _move_to_usr(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Return a member with its name below /usr.

    In Debian 12, /bin, /lib and so on are merged into /usr, but its packages still contain files with the old names.
    """
    moved = copy.copy(member)  # TarInfo.replace is newer than Debian 12's Python
    moved.name = _path_in_usr(member.name)
    if member.islnk():
        moved.linkname = _path_in_usr(member.linkname)
    return moved


def _path_in_usr(name: str) -> str:
    path = PurePosixPath(name)
    return f"usr/{path}" if path.parts[0] in MERGED_USR else str(path)


def _directory(name: str) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.mode = tarfile.DIRTYPE, 0o755
    return member


def _symbolic_link(name: str, target: str) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = tarfile.SYMTYPE, target
    return member
