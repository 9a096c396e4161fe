"""A real browser in the lab: Chromium, driven by Playwright, in which names resolve to the lab's addresses only."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from ipaddress import IPv4Address
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser, sync_playwright

from lab.errors import LabError
from lab.journal import JOURNAL

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""The shell is Chromium without windows, and Playwright's own choice where there are none: it is twice as fast."""
FLAGS = (
    "--no-sandbox",  # Chromium's sandbox refuses root
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@contextmanager
def chromium(addresses: Mapping[str, IPv4Address]) -> Iterator[Browser]:
    """Starts Chromium, and ends it.

    Arguments:
        addresses: the address of each host; any other name resolves to nothing.

    Raises LabError when there is no Chromium.
    """
    rules = [*(f"MAP {host} {address}" for host, address in addresses.items()), "MAP * ~NOTFOUND"]
    exclusions = [f"EXCLUDE {address}" for address in ("127.0.0.1", *addresses.values())]
    with (
        JOURNAL.entry("program", "chromium"),
        TemporaryDirectory(prefix="traces-") as traces,  # else Playwright leaves a folder of each context
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(
            executable_path=executable(),
            args=[*FLAGS, f"--host-resolver-rules={', '.join([*rules, *exclusions])}"],
            traces_dir=traces,
        )
        try:
            yield browser
        finally:
            browser.close()


def executable() -> str:
    """Where Chromium is; raises LabError when it is not there."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        raise LabError(
            "there is no Chromium",
            expected=f"one of {', '.join(NAMES)} on PATH",
            seen="none of them",
            remedy="`make lab` installs Debian's; elsewhere install Chromium or Chrome",
        )
    return found
