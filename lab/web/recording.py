"""A recording of a browser context for the report of a failed scenario: screenshots, console and Playwright's trace."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, ConsoleMessage, Request
from playwright.sync_api import Error as BrowserError

from lab.run.redaction import ONE_TIME_PARAMETERS, Secrets

SCREENSHOT_TIMEOUT_MS = 2000
"""Milliseconds for a screenshot of a page; the page may hang."""
CONSOLE_LINES = 1000
"""The number of lines of the console that are saved, the last ones."""
COOKIE_HEADERS = ("cookie", "set-cookie")


class Recording:
    """A recording of a browser context, from now on until the context is closed.

    Args:
        context: The browser context.
        secrets: Redacted in the files; receives the cookies and one-time codes of the context.
    """

    def __init__(self, context: BrowserContext, secrets: Secrets) -> None:
        self._context, self._secrets = context, secrets
        self._console: list[str] = []
        context.tracing.start(snapshots=True)
        context.on("console", self._record_message)
        context.on("requestfailed", self._record_failed_request)

    def save(self, directory: Path, number: int) -> None:
        """Save the recording, redacted, without the parts for which a hanging browser does not answer.

        Args:
            directory: The directory for the files.
            number: The number of the context in its scenario, for the names of the files.
        """
        register_cookies(self._context, self._secrets)
        with suppress(BrowserError):
            for tab, page in enumerate(self._context.pages, 1):
                page.screenshot(path=directory / f"browser-{number}-page-{tab}.png", timeout=SCREENSHOT_TIMEOUT_MS)
        console = "".join(f"{line}\n" for line in self._console[-CONSOLE_LINES:])
        (directory / f"browser-{number}-console.txt").write_text(self._secrets.redact(console))
        trace = directory / f"browser-{number}-trace.zip"
        with suppress(BrowserError):
            self._context.tracing.stop(path=trace)
            self._secrets.add(*_read_secrets(trace))
            self._secrets.redact_file(trace)

    def _record_message(self, message: ConsoleMessage) -> None:
        self._console.append(f"{message.type}: {message.text}")

    def _record_failed_request(self, request: Request) -> None:
        self._console.append(f"request failed: {request.method} {request.url}: {request.failure}")


def register_cookies(context: BrowserContext, secrets: Secrets) -> None:
    """Add the current cookies of a browser context to the secrets."""
    with suppress(BrowserError):
        secrets.add(*(cookie["value"] for cookie in context.cookies()))


def _read_secrets(trace: Path) -> Iterator[str]:
    """Yield the cookies in the requests and responses of a trace, also deleted ones, and the one-time codes."""
    with zipfile.ZipFile(trace) as archive:
        for name in archive.namelist():
            if name.endswith(".network"):
                for line in archive.read(name).decode().splitlines():
                    snapshot = json.loads(line).get("snapshot") or {}
                    for message in (snapshot.get("request") or {}, snapshot.get("response") or {}):
                        yield from _find_secrets(message)


def _find_secrets(message: dict[str, Any]) -> Iterator[str]:
    """Yield the secrets of a request or a response in the HTTP archive (HAR) format."""
    parameters = message.get("queryString") or []
    yield from (parameter["value"] for parameter in parameters if parameter["name"] in ONE_TIME_PARAMETERS)
    yield from (cookie["value"] for cookie in message.get("cookies") or [])
    for header in message.get("headers") or []:
        if header["name"].lower() in COOKIE_HEADERS:
            for line in header["value"].splitlines():  # one Set-Cookie header per line
                yield from (morsel.value for morsel in SimpleCookie(line).values())
