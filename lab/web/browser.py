"""A real browser in the lab: Chromium, driven by Playwright, which resolves the lab's hosts and no other host."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser, sync_playwright

from lab.config.settings import Settings
from lab.run.journal import Journal
from lab.web import hosts
from lab.web.chromium import find_chromium

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
def launch_chromium(settings: Settings, journal: Journal) -> Iterator[Browser]:
    """Start Chromium, and end it at the end of the block.

    Args:
        settings: The settings, from which the addresses of the lab's hosts follow, and the program.
        journal: Records the program.

    Yields:
        The browser.

    Raises:
        LabError: If there is no Chromium, or it is one that cannot be driven.
    """
    with (
        journal.record("program", "chromium"),
        TemporaryDirectory(prefix="traces-") as traces,  # otherwise Playwright leaves a directory for each context
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(
            executable_path=find_chromium(settings.browser),
            args=[*FLAGS, f"--host-resolver-rules={hosts.chromium_rules(settings)}"],
            traces_dir=traces,
        )
        try:
            yield browser
        finally:
            browser.close()
