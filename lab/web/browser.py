"""A real browser in the lab: Chromium, driven by Playwright, which resolves the lab's hosts and no other host."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache
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
def open_browsers(settings: Settings, journal: Journal) -> Iterator[Callable[[str], Browser]]:
    """Start Playwright, and end it with all of its browsers at the end of the block.

    Args:
        settings: The settings, from which the addresses of the lab's hosts follow.
        journal: Records the program.

    Yields:
        A function that returns Chromium. Its argument is the pin of the public key of an HTTPS server, or empty: a
        certificate with this key is accepted, because Chromium uses neither the certificate authorities of --ca-file
        nor those of the system. Each key has a browser of its own. It raises LabError if there is no Chromium.
    """
    with (
        journal.record("program", "chromium"),
        TemporaryDirectory(prefix="traces-") as traces,  # otherwise Playwright leaves a directory for each context
        sync_playwright() as playwright,
        ExitStack() as browsers,
    ):

        @cache
        def launch(trusted_key: str) -> Browser:
            trust = [f"--ignore-certificate-errors-spki-list={trusted_key}"] if trusted_key else []
            browser = playwright.chromium.launch(
                executable_path=find_chromium(),
                args=[*FLAGS, f"--host-resolver-rules={hosts.chromium_rules(settings)}", *trust],
                traces_dir=traces,
            )
            browsers.callback(browser.close)
            return browser

        yield launch


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
