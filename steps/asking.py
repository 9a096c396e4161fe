"""How an HTTP client asks at a door of the lab."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import requests

from lab import doors
from lab.resolving import session
from lab.settings import Settings

TIMEOUT = 10
ACCEPTING = {"Accept": "text/html"}


@dataclass(frozen=True)
class Sent:
    """What became of a form: what was answered in the end, and the cookies that the client has then, by name."""

    answer: requests.Response
    cookies: Mapping[str, str]


def ask(
    url: str,
    settings: Settings,
    *,
    headers: Mapping[str, str] | None = None,
    cookies: Mapping[str, str] | None = None,
    follow: bool = False,
) -> requests.Response:
    """Asks for a page as a browser does, at the lab's own addresses."""
    with _client(settings) as http:
        return http.get(
            url,
            headers={**ACCEPTING, **(headers or {})},
            cookies=dict(cookies or {}),
            allow_redirects=follow,
            timeout=TIMEOUT,
        )


def send_form(door: str, fields: Mapping[str, str], settings: Settings) -> Sent:
    """Comes by a door, and sends the form that is shown there without a browser that would have a say in it."""
    with _client(settings) as http:
        form = http.get(door, headers=ACCEPTING, timeout=TIMEOUT)
        answer = http.post(form.url, data=dict(fields), headers=ACCEPTING, timeout=TIMEOUT)
        return Sent(answer, dict(http.cookies))


def _client(settings: Settings) -> requests.Session:
    return session({"localhost": doors.LOOPBACK, doors.HOST: settings.ingress_address})
