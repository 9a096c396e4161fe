"""Root file systems of Debian packages, unpacked without installing anything on the machine.

apt resolves and downloads with this machine's own package sources against an empty package status, so a root holds what
its packages depend on and nothing of the machine. Maintainer scripts do not run: what they would have done and an image
needs, its Dockerfile does.
"""

from __future__ import annotations

import copy
import tarfile
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

from debian.debfile import DebFile

from lab.terminal import Terminal

NEVER_UNPACKED = (
    # Needed by maintainer scripts, or by tools for setting a machine up; nothing in a container calls them.
    *("adduser", "debconf", "dpkg", "init-system-helpers", "lsb-base", "sysvinit-utils", "usrmerge", "tar", "passwd"),
    *("perl", "perl-base", "perl-modules-*", "libperl*", "libgdbm*", "libdb5.3", "lib*-perl", "netbase", "dmsetup"),
    *("libpam*", "libsemanage*", "libaudit*", "media-types", "login", "ucf", "sensible-utils", "tzdata"),
)
NOT_IN_IMAGES = (
    *("usr/share/doc/*", "usr/share/man/*", "usr/share/locale/*", "usr/share/info/*", "usr/share/lintian/*"),
    *("usr/share/bash-completion/*", "usr/lib/x86_64-linux-gnu/gconv/*"),
    # Of containerd, Docker and the CNI plugins: what nothing here calls.
    *("usr/bin/containerd-shim", "usr/bin/containerd-shim-runc-v1", "usr/bin/containerd-stress", "usr/sbin/ovrouter"),
    *(f"usr/lib/cni/{plugin}" for plugin in ("bandwidth", "bridge", "dhcp", "firewall", "host-device", "ipvlan")),
    *(f"usr/lib/cni/{plugin}" for plugin in ("macvlan", "sbr", "static", "tuning", "vlan", "vrf")),
)
MERGED_USR = ("bin", "sbin", "lib", "lib32", "lib64")
APT_TIMEOUT = 600


def unpack(packages: tuple[str, ...], target: Path, downloads: Path) -> dict[str, str]:
    """Writes a root file system of Debian packages, and all that they depend on, as one tar file.

    Arguments:
        packages: names, as apt takes them.
        target: the tar file to write.
        downloads: a folder for the downloaded packages.

    Returns the version of each package that was unpacked. Raises LabError when apt cannot resolve or download.
    """
    _download(packages, downloads)
    versions: dict[str, str] = {}
    with tarfile.open(target, "w") as root:
        for directory in MERGED_USR:
            root.addfile(_directory(f"usr/{directory}"))
            root.addfile(_link(directory, f"usr/{directory}"))
        for archive in sorted(downloads.glob("*.deb")):
            package = DebFile(archive)
            name = str(package.debcontrol()["Package"])
            if any(fnmatch(name, pattern) for pattern in NEVER_UNPACKED):
                continue
            versions[name] = str(package.debcontrol()["Version"])
            with package.data.tgz() as content:
                for member in content:
                    if _belongs(member):
                        file = content.extractfile(member) if member.isfile() else None
                        root.addfile(_with_merged_usr(member), file)
    return versions


def _download(packages: tuple[str, ...], downloads: Path) -> None:
    (downloads / "partial").mkdir(parents=True, exist_ok=True)
    options = {
        "Dir::State::status": "/dev/null",
        "Dir::Cache::archives": str(downloads),
        "Dir::Cache::pkgcache": "",
        "Dir::Cache::srcpkgcache": "",
        "APT::Install-Recommends": "false",
        "APT::Sandbox::User": "root",
    }
    command = (
        *("apt-get", "install", "--yes", "--quiet", "--download-only"),
        *(f"-o{name}={value}" for name, value in options.items()),
        *packages,
    )
    if Terminal().run(*command, timeout=APT_TIMEOUT, may_fail=True).exit_status:
        # The machine's package lists are missing, or older than what the package source has now.
        Terminal().run("apt-get", "update", timeout=APT_TIMEOUT)
        Terminal().run(
            *command,
            timeout=APT_TIMEOUT,
            remedy="see that this machine's Debian package sources can be reached and have these packages",
        )


def _belongs(member: tarfile.TarInfo) -> bool:
    path = str(PurePosixPath(member.name))
    return path not in (".", *MERGED_USR) and not any(fnmatch(path, pattern) for pattern in NOT_IN_IMAGES)


def _with_merged_usr(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Debian 12 has /bin, /lib and so on merged into /usr, but its packages still ship files under the old names."""
    moved = copy.copy(member)  # TarInfo.replace is newer than Debian 12's Python
    moved.name = _merged(member.name)
    if member.islnk():
        moved.linkname = _merged(member.linkname)
    return moved


def _merged(name: str) -> str:
    path = PurePosixPath(name)
    return f"usr/{path}" if path.parts[0] in MERGED_USR else str(path)


def _directory(name: str) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.mode = tarfile.DIRTYPE, 0o755
    return member


def _link(name: str, target: str) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = tarfile.SYMTYPE, target
    return member
