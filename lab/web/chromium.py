"""The program of the browser: that of the setting, one on PATH, or Playwright's own, in this order."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from lab.errors import LabError

NAMES = (
    "chromium-headless-shell",
    "chrome-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
)
"""Names of the program, best first. The headless shell is Chromium without windows. It is twice as fast, and Playwright
itself chooses it where no windows are needed."""
DOWNLOADS = (
    "chromium_headless_shell-*/*/chrome-headless-shell",
    "chromium_headless_shell-*/*/headless_shell",
    "chromium-*/*/chrome",
)
"""Patterns of the programs in Playwright's directory, best first; the second was the name until 2025."""
COMPLETE = "INSTALLATION_COMPLETE"
"""The file that Playwright writes next to a browser after it has unpacked all of it."""
SNAP_DIRECTORIES = ("/snap", "/var/lib/snapd/snap")
SNAP_IN_SCRIPT = re.compile(rb"/snap/bin/|\bsnap run\b")
LONGEST_SCRIPT = 64 * 1024
SNAP = "a snap: its confinement hides Playwright's files in /tmp, so it cannot be driven"
REMEDY = "`python -m lab browser` installs one; or name another one with --browser"


def find_chromium(
    setting: Path | None = None, environment: Mapping[str, str] = os.environ, names: Sequence[str] = NAMES
) -> str:
    """Return the path of Chromium or Chrome.

    Args:
        setting: The program that the user has chosen; None to search for one.
        environment: The environment variables, of which PATH and the place of Playwright's browsers are used.
        names: The possible names of the program on PATH, best first.

    Raises:
        LabError: If there is none that can be driven, or the chosen one cannot.
    """
    if setting:
        return _check_setting(setting)
    snaps = []
    for name in names:
        for program in _find_on_path(name, environment.get("PATH", os.defpath)):
            if not is_snap(program):
                return str(program)
            snaps.append(program)
    downloads = find_download_directory(environment)
    for program in _find_downloads(downloads):
        return str(program)
    raise LabError(
        "there is no Chromium",
        expected=f"one of {', '.join(names)} on PATH, or Playwright's own in {downloads}",
        seen="\n".join(f"{program} is {SNAP}" for program in snaps) or "none of them",
        remedy=REMEDY,
    )


def is_snap(program: Path) -> bool:
    """Return whether a program is a snap, or a script that starts one, as in Ubuntu's package chromium-browser."""
    target = program.resolve()
    if target.name == "snap" or any(file.is_relative_to(top) for file in (program, target) for top in SNAP_DIRECTORIES):
        return True
    with target.open("rb") as file:
        text = file.read(LONGEST_SCRIPT)
    return text.startswith(b"#!") and bool(SNAP_IN_SCRIPT.search(text))


def find_download_directory(environment: Mapping[str, str]) -> Path:
    """Return the directory in which Playwright keeps the browsers that it has downloaded."""
    chosen = environment.get("PLAYWRIGHT_BROWSERS_PATH", "")
    if chosen and chosen != "0":
        return Path(chosen)
    home = Path(environment.get("HOME") or Path.home())
    return Path(environment.get("XDG_CACHE_HOME") or home / ".cache") / "ms-playwright"


def _check_setting(program: Path) -> str:
    seen = ""
    if not program.is_file():
        seen = "a directory" if program.is_dir() else "no such file"
    elif not os.access(program, os.X_OK):
        seen = "a file that is not executable"
    elif is_snap(program):
        seen = SNAP
    if seen:
        raise LabError(
            f"{program} cannot be the browser",
            expected="--browser names the program of a Chromium or Chrome that is not a snap",
            seen=seen,
            remedy="correct --browser or KUBEFLOW_LAB_BROWSER, or omit it: a browser on PATH is then used",
        )
    return str(program.absolute())


def _find_on_path(name: str, path: str) -> Iterator[Path]:
    """Yield the programs of a name in the order of PATH: one that cannot be used may hide another."""
    for directory in path.split(os.pathsep):
        if directory and (found := shutil.which(name, path=directory)):
            yield Path(found)


def _find_downloads(directory: Path) -> Iterator[Path]:
    """Yield Playwright's browsers, the best kind and the newest revision first."""
    for pattern in DOWNLOADS:
        found = [file for file in directory.glob(pattern) if (file.parent.parent / COMPLETE).exists()]
        yield from sorted(found, key=_read_revision, reverse=True)


def _read_revision(program: Path) -> int:
    revision = program.parent.parent.name.rpartition("-")[2]
    return int(revision) if revision.isdecimal() else 0
