"""The package manager of this machine, and the commands that install what the suite needs from it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class PackageManager:
    """A package manager.

    Args:
        program: Its program.
        install: The arguments of the program that install packages, which follow.
        browser: The packages of Chromium and of a font; without a font, its pages show no text.
        update: The arguments that update its lists, without which nothing can be installed on a new machine.
    """

    program: str
    install: Sequence[str]
    browser: Sequence[str]
    update: Sequence[str] = ()

    @property
    def browser_command(self) -> Sequence[str]:
        """The command that installs the browser."""
        return (self.program, *self.install, *self.browser)


APT = PackageManager(
    "apt-get",
    ("install", "--yes", "--no-install-recommends"),
    ("chromium-headless-shell", "fonts-dejavu-core"),
    ("update",),
)
OTHERS = (
    PackageManager("dnf", ("install", "--assumeyes"), ("chromium", "dejavu-sans-fonts")),
    PackageManager("zypper", ("--non-interactive", "install"), ("chromium", "dejavu-fonts")),
    PackageManager("pacman", ("--sync", "--needed", "--noconfirm"), ("chromium", "ttf-dejavu")),
    PackageManager("apk", ("add",), ("chromium", "font-dejavu")),
)


def find_package_manager(path: str) -> PackageManager | None:
    """Return the package manager of this machine, or None if it is none that is known here.

    Args:
        path: The directories to search, as in PATH.
    """
    return next((manager for manager in (APT, *OTHERS) if shutil.which(manager.program, path=path)), None)


def render_command(command: Sequence[str]) -> str:
    """Return a command as a user types it: with sudo, unless the user is root."""
    return " ".join(command if os.geteuid() == 0 else ("sudo", *command))
