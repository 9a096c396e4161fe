"""A real browser in the lab: Chromium, driven by Playwright, which resolves the lab's hosts and no other host."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser, sync_playwright

from lab.config.settings import Settings
from lab.errors import LabError
from lab.run.journal import Journal
from lab.web import hosts

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""Names of the program, best first. The headless shell is Chromium without windows. It is twice as fast, and Playwright
itself chooses it where no windows are needed."""
FLAGS = (
    "--no-sandbox",  # Chromium's sandbox rejects the user root
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-proxy-server",  # a proxy of the environment or of the desktop does not reach the lab
    "--proxy-server=direct://",  # the same for the headless shell, which ignores the other flag
)


@contextmanager
def launch_chromium(settings: Settings, journal: Journal, trusted_key: str = "") -> Iterator[Browser]:
    """Start Chromium, and end it at the end of the block.

    Args:
        settings: The settings, from which the addresses of the lab's hosts follow.
        journal: Records the program.
        trusted_key: The pin of a public key. A certificate with this key is accepted, because Chromium does not use the
            certificate authorities of --ca-file or of the system.

    Yields:
        The browser.

    Raises:
        LabError: If there is no Chromium.
    """
    with (
        journal.record("program", "chromium"),
        TemporaryDirectory(prefix="traces-") as traces,  # otherwise Playwright leaves a directory for each context
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(
            executable_path=find_chromium(),
            args=[
                *FLAGS,
                f"--host-resolver-rules={hosts.chromium_rules(settings)}",
                *([f"--ignore-certificate-errors-spki-list={trusted_key}"] if trusted_key else []),
            ],
            traces_dir=traces,
        )
        try:
            yield browser
        finally:
            browser.close()


def find_chromium(names: Sequence[str] = NAMES, path: str | None = None) -> str:
    """Return the path of Chromium.

    Args:
        names: The possible names of the program, best first.
        path: The directories to search, as in PATH; None for PATH of this process.

    Raises:
        LabError: If none of the programs exists.
    """
    for name in names:
        if found := shutil.which(name, path=path):
            return found
    raise LabError(
        "there is no Chromium",
        expected=f"one of {', '.join(names)} on PATH",
        seen="none of them",
        remedy="`make lab` installs Debian's package; on other systems, install Chromium or Chrome",
    )
