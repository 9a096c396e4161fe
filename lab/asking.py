"""How an HTTP client asks at a door of the lab, as a browser does that has nobody to please."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urljoin

import requests

from lab import doors
from lab.masking import Cookies
from lab.resolving import session
from lab.settings import Settings

TIMEOUT = 10
ACCEPTING = {"Accept": "text/html"}
BUTTON = re.compile(r'action="([^"]*/start)"')
"""Of oauth2-proxy's page, which leads to Dex."""


REFUSAL = re.compile(r'id="login-error"[^>]*>\s*([^<]*?)\s*<')
"""What Dex's page says of a log-in that it refuses."""


@dataclass(frozen=True)
class Sent:
    """What became of a form: what was answered in the end, and the cookies that the client has then, by name."""

    answer: requests.Response
    cookies: Cookies

    @property
    def refusal(self) -> str:
        """What Dex says of a log-in that it refuses; empty when it says nothing."""
        found = REFUSAL.search(self.answer.text)
        return found[1] if found else ""


def ask(
    url: str,
    settings: Settings,
    *,
    headers: Mapping[str, str] | None = None,
    cookies: Mapping[str, str] | None = None,
    follow: bool = False,
) -> requests.Response:
    """Asks for a page as a browser does, at the lab's own addresses; goes where it is led, if so told."""
    with _client(settings) as http:
        if follow:
            return _followed(url, http)
        headers = {**ACCEPTING, **(headers or {})}
        return http.get(url, headers=headers, cookies=dict(cookies or {}), allow_redirects=False, timeout=TIMEOUT)


def send_form(door: str, fields: Mapping[str, str], settings: Settings) -> Sent:
    """Comes by a door, and sends the form to which that leads, whatever a browser would say to it."""
    with _client(settings) as http:
        form = _followed(door, http)
        answer = http.post(form.url, data=dict(fields), headers=ACCEPTING, timeout=TIMEOUT)
        return Sent(answer, Cookies(dict(http.cookies)))


def _followed(url: str, http: requests.Session) -> requests.Response:
    """Where a URL leads, also past a page that is only a button."""
    page = http.get(url, headers=ACCEPTING, timeout=TIMEOUT)
    if not (button := BUTTON.search(page.text)):
        return page
    return http.get(urljoin(page.url, button[1]), headers=ACCEPTING, timeout=TIMEOUT)


def _client(settings: Settings) -> requests.Session:
    return session({"localhost": settings.loopback, doors.HOST: settings.ingress_address})
