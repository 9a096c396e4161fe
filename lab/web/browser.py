"""A real browser in the lab: Chromium, driven by Playwright, which resolves the lab's hosts and no other host."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
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
def open_browsers(settings: Settings, journal: Journal) -> Iterator[Callable[[str], Browser]]:
    """Start Playwright, and end it with all of its browsers at the end of the block.

    Args:
        settings: The settings, from which the addresses of the lab's hosts follow, and the program.
        journal: Records the program.

    Yields:
        A function that returns Chromium. Its argument is the pin of the public key of an HTTPS server, or empty: a
        certificate with this key is accepted, because Chromium uses neither the certificate authorities of --ca-file
        nor those of the system. Each key has a browser of its own. It raises LabError if there is no Chromium, or it
        is one that cannot be driven.
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
                executable_path=find_chromium(settings.browser),
                args=[*FLAGS, f"--host-resolver-rules={hosts.chromium_rules(settings)}", *trust],
                traces_dir=traces,
            )
            browsers.callback(browser.close)
            return browser

        yield launch
