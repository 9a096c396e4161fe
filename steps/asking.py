"""How an HTTP client asks at a door of the lab."""

from __future__ import annotations

from collections.abc import Mapping

import requests

from lab import doors
from lab.resolving import session
from lab.settings import Settings

TIMEOUT = 10


def ask(
    url: str, settings: Settings, *, headers: Mapping[str, str] | None = None, follow: bool = False
) -> requests.Response:
    """Asks for a page as a browser does, at the lab's own addresses."""
    addresses = {"localhost": doors.LOOPBACK, doors.HOST: settings.ingress_address}
    with session(addresses) as http:
        accepting = {"Accept": "text/html", **(headers or {})}
        return http.get(url, headers=accepting, allow_redirects=follow, timeout=TIMEOUT)
