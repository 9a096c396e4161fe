"""What a browser context shows and says, kept for when its scenario fails: pictures, console and Playwright's trace."""

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

from lab.masking import ONE_TIME, SECRETS

PICTURE_TIMEOUT = 2000
"""Milliseconds for a picture of a page, which may be one that hangs."""
CONSOLE = 1000
"""Lines of the console that are kept."""
COOKIE_HEADERS = ("cookie", "set-cookie")


class Recording:
    """A record of a browser context, from now on until it is closed."""

    def __init__(self, context: BrowserContext) -> None:
        self._context = context
        self._console: list[str] = []
        context.tracing.start(snapshots=True)
        context.on("console", self._note_message)
        context.on("requestfailed", self._note_failure)

    def _note_message(self, message: ConsoleMessage) -> None:
        self._console.append(f"{message.type}: {message.text}")

    def _note_failure(self, request: Request) -> None:
        self._console.append(f"request failed: {request.method} {request.url}: {request.failure}")

    def save(self, folder: Path, number: int) -> None:
        """Writes what there is into a folder, masked; what a browser that does not answer has not is left out.

        Arguments:
            number: which context of the scenario this is, for the files' names.
        """
        learn_cookies(self._context)
        with suppress(BrowserError):
            for tab, page in enumerate(self._context.pages, 1):
                page.screenshot(path=folder / f"browser-{number}-page-{tab}.png", timeout=PICTURE_TIMEOUT)
        console = folder / f"browser-{number}-console.txt"
        console.write_text(SECRETS.masked("".join(f"{line}\n" for line in self._console[-CONSOLE:])))
        trace = folder / f"browser-{number}-trace.zip"
        with suppress(BrowserError):
            self._context.tracing.stop(path=trace)
            SECRETS.add(*_secrets_of(trace))
            SECRETS.mask_file(trace)


def learn_cookies(context: BrowserContext) -> None:
    """Tells lab.masking of the cookies that a context has now."""
    with suppress(BrowserError):
        SECRETS.add(*(one["value"] for one in context.cookies()))


def _secrets_of(trace: Path) -> Iterator[str]:
    """What requests of a trace have sent and answers have set: cookies, also those that are gone by now, and codes."""
    with zipfile.ZipFile(trace) as archive:
        for name in archive.namelist():
            if name.endswith(".network"):
                for line in archive.read(name).decode().splitlines():
                    snapshot = json.loads(line).get("snapshot") or {}
                    for side in (snapshot.get("request") or {}, snapshot.get("response") or {}):
                        yield from _secrets_of_side(side)


def _secrets_of_side(side: dict[str, Any]) -> Iterator[str]:
    """Of a request or an answer, as the HTTP archive format has them."""
    yield from (one["value"] for one in side.get("queryString") or [] if one["name"] in ONE_TIME)
    yield from (cookie["value"] for cookie in side.get("cookies") or [])
    for header in side.get("headers") or []:
        if header["name"].lower() in COOKIE_HEADERS:
            for line in header["value"].splitlines():  # of Set-Cookie, one a line
                yield from (morsel.value for morsel in SimpleCookie(line).values())
