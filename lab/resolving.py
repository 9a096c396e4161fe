"""HTTP to a name that resolves in the lab only: nothing of this machine's name resolution is asked or changed."""

from __future__ import annotations

from collections.abc import Mapping
from http.cookies import SimpleCookie
from ipaddress import IPv4Address
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool

from lab.errors import LabError
from lab.masking import SECRETS


class _AtAddress(HTTPAdapter):
    """Connects to the address of a host, and leaves URL and Host header as they are, so that redirects keep working."""

    def __init__(self, addresses: Mapping[str, IPv4Address]) -> None:
        self._addresses = addresses
        super().__init__()

    def get_connection_with_tls_context(
        self, request: requests.PreparedRequest, verify: Any, proxies: Any = None, cert: Any = None
    ) -> HTTPConnectionPool:
        url = urlsplit(str(request.url))
        address = self._addresses.get(str(url.hostname))
        if address is None or url.scheme != "http":
            raise LabError(
                f"{url.scheme}://{url.hostname} was not asked: the lab has no such address",
                expected=f"only {', '.join(f'http://{host}' for host in self._addresses)}",
                seen=f"a request or a redirect to {request.url}",
                remedy="see which page sent the redirect",
            )
        pool: HTTPConnectionPool = self.poolmanager.connection_from_host(str(address), url.port or 80, "http")
        return pool

    def add_headers(self, request: requests.PreparedRequest, **_: Any) -> None:
        request.headers["Host"] = urlsplit(str(request.url)).netloc


def _learn_cookies(answer: requests.Response, **_: Any) -> None:
    """Each cookie that was sent or set is a secret from now on."""
    sent = SimpleCookie(answer.request.headers.get("Cookie", ""))
    SECRETS.add(*(morsel.value for morsel in sent.values()), *answer.cookies.values())


def session(addresses: Mapping[str, IPv4Address]) -> requests.Session:
    """A session of requests in which each host has the given address, and no other host is asked.

    Raises LabError, when used, for a host that has none.
    """
    http = requests.Session()
    http.trust_env = False
    http.hooks["response"].append(_learn_cookies)
    for scheme in ("http://", "https://"):
        http.mount(scheme, _AtAddress(addresses))
    return http
