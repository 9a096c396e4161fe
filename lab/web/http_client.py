"""The HTTP client for the lab's hosts: requests as a browser sends them, and the login form of Dex."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from cryptography import x509
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool

from lab.config.entry_points import PORTS, origin_of, port_of
from lab.config.settings import Settings
from lab.errors import LabError
from lab.run.redaction import Cookies, Secrets
from lab.web import hosts, tls
from lab.web.login_pages import (
    SIGN_IN_BUTTON,
    describe_redirect,
    find_connectors,
    is_local_connector,
    no_password_login,
)

TIMEOUT = 10
"""Seconds for an answer."""
MAX_REDIRECTS = requests.sessions.DEFAULT_REDIRECT_LIMIT
ACCEPT_HTML = {"Accept": "text/html"}
LOGIN_ERROR = re.compile(r'id="login-error"[^>]*>\s*([^<]*?)\s*<')
"""Dex's message about rejected credentials."""


def get_without_proxy(url: str, timeout: float | tuple[float, float]) -> requests.Response:
    """Request a page at an address of the lab; proxies and .netrc of the environment are ignored.

    Args:
        url: The URL.
        timeout: Seconds; or those for the connection and those for the answer.

    Raises:
        OSError: If there is no answer.
    """
    with requests.Session() as session:
        session.trust_env = False
        return session.get(url, timeout=timeout)


@dataclass(frozen=True)
class FormResult:
    """The result of a submitted login form: the final response, and the cookies that the client has then."""

    answer: requests.Response
    cookies: Cookies

    @property
    def login_error(self) -> str:
        """Dex's message about rejected credentials; empty if there is none."""
        found = LOGIN_ERROR.search(self.answer.text)
        return found[1] if found else ""

    @property
    def entry_point(self) -> str:
        """The scheme and host of the final response."""
        return origin_of(self.answer.url)


class LabHttp:
    """An HTTP client that reaches only the lab's own hosts, at the addresses that lab.web.hosts lists.

    Proxy variables and .netrc are ignored. Every cookie that is sent or received becomes a secret.

    Args:
        settings: The settings, from which the addresses follow.
        secrets: Receives the cookies.
    """

    def __init__(self, settings: Settings, secrets: Secrets) -> None:
        self._settings, self._secrets, self._ca_file = settings, secrets, settings.ca_file

    @contextmanager
    def trust(self, ca_file: Path) -> Iterator[None]:
        """Trust other certificate authorities until the end of the block.

        Args:
            ca_file: A PEM file with their certificates.
        """
        before, self._ca_file = self._ca_file, ca_file
        try:
            yield
        finally:
            self._ca_file = before

    def read_certificate(self, url: str) -> x509.Certificate:
        """Return the certificate of a trusted server.

        Raises:
            LabError: If the certificate is not trusted.
            OSError: If there is no answer.
        """
        address = hosts.get_address(str(urlsplit(url).hostname), self._settings)
        if problem := tls.find_problem(url, address, self._ca_file):
            raise problem
        return tls.read_certificate(url, address, tls.create_context(self._ca_file))

    def read_key_pin(self, url: str) -> str:
        """Return the pin of the public key of a trusted server, with which a browser can recognize it.

        Raises:
            LabError: If the certificate is not trusted.
            OSError: If there is no answer.
        """
        return tls.compute_key_pin(self.read_certificate(url))

    def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        cookies: Mapping[str, str] | None = None,
        timeout: float = TIMEOUT,
    ) -> requests.Response:
        """Request a page as a browser does, without following redirects.

        Args:
            url: The URL; its host must be one of the lab.
            headers: Additional headers.
            cookies: The cookies to send, by name.
            timeout: Seconds.

        Raises:
            LabError: If the host is none of the lab's, or its certificate is not trusted.
            OSError: If there is no answer.
        """
        with self._session() as session:
            all_headers = {**ACCEPT_HTML, **(headers or {})}
            return session.get(
                url, headers=all_headers, cookies=dict(cookies or {}), allow_redirects=False, timeout=timeout
            )

    def follow(self, url: str) -> requests.Response:
        """Request a page, and follow redirects, the button of oauth2-proxy's sign-in page and Dex's choice "Email".

        Returns:
            The last answer; its history has all redirects.

        Raises:
            LabError: If a redirect leads to a place that is none of the lab's, redirects do not end, Dex offers no
                login with a password, or a certificate is not trusted.
            OSError: If there is no answer.
        """
        with self._session(follows_redirects=True) as session:
            return _follow(url, session)

    def submit_form(self, entry_point: str, fields: Mapping[str, str]) -> FormResult:
        """Open an entry point, and submit the form to which it redirects, without a browser's validation.

        Args:
            entry_point: The URL of the entry point.
            fields: The values of the form by field name.

        Raises:
            LabError: As follow.
            OSError: If there is no answer.
        """
        with self._session(follows_redirects=True) as session, _report_endless_redirects():
            form = _follow(entry_point, session)
            answer = session.post(form.url, data=dict(fields), headers=ACCEPT_HTML, timeout=TIMEOUT)
            return FormResult(answer, Cookies(dict(session.cookies)))

    def _session(self, *, follows_redirects: bool = False) -> requests.Session:
        session = requests.Session()
        session.trust_env = False
        session.hooks["response"].append(self._register_cookies)
        if follows_redirects:
            session.hooks["response"].append(self._check_redirect)
        for scheme in ("http://", "https://"):
            session.mount(scheme, _LabAdapter(self._settings, self._ca_file))
        return session

    def _register_cookies(self, answer: requests.Response, **_: Any) -> None:
        sent = SimpleCookie(answer.request.headers.get("Cookie", ""))
        self._secrets.add(*(morsel.value for morsel in sent.values()), *answer.cookies.values())

    def _check_redirect(self, answer: requests.Response, **_: Any) -> None:
        if error := describe_redirect(answer, self._settings):
            raise error


class _LabAdapter(HTTPAdapter):
    """Connects to the address of a host, and leaves URL and Host header unchanged, so that redirects keep working."""

    def __init__(self, settings: Settings, ca_file: Path | None) -> None:
        self._settings, self._ca_file = settings, ca_file
        super().__init__()

    def get_connection_with_tls_context(
        self, request: requests.PreparedRequest, verify: Any, proxies: Any = None, cert: Any = None
    ) -> HTTPConnectionPool:
        url = urlsplit(str(request.url))
        host = str(url.hostname)
        if not hosts.is_host_of_lab(host, self._settings) or url.scheme not in PORTS:
            raise LabError(
                f"request rejected: {url.scheme}://{host} is not a host of the lab",
                expected=f"a host of {', '.join(self._settings.entry_points)}",
                seen=f"a request or a redirect to {request.url}",
                remedy="see which page sent the redirect",
            )
        tls_options = {"ssl_context": tls.create_context(self._ca_file), "server_hostname": host}
        pool: HTTPConnectionPool = self.poolmanager.connection_from_host(
            hosts.get_address(host, self._settings),
            port_of(str(request.url)),
            url.scheme,
            pool_kwargs=tls_options if url.scheme == "https" else None,
        )
        return pool

    def cert_verify(self, *_: Any, **__: Any) -> None:
        """Add no certificate authorities: the TLS context has all that are trusted."""

    def add_headers(self, request: requests.PreparedRequest, **_: Any) -> None:
        request.headers["Host"] = urlsplit(str(request.url)).netloc

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        """Send a request without leaving the Host header on it: after a redirect, requests selects cookies by it.

        Raises:
            LabError: If the certificate of the server is not trusted.
        """
        try:
            return super().send(request, *args, **options)
        except requests.exceptions.SSLError:
            url = str(request.url)
            address = hosts.get_address(str(urlsplit(url).hostname), self._settings)
            if problem := tls.find_problem(url, address, self._ca_file):
                raise problem from None
            raise
        finally:
            request.headers.pop("Host", None)


def _follow(url: str, session: requests.Session) -> requests.Response:
    with _report_endless_redirects():
        page = session.get(url, headers=ACCEPT_HTML, timeout=TIMEOUT)
        if button := SIGN_IN_BUTTON.search(page.text):
            page = _follow_link(button[1], page, session)
        if choices := find_connectors(page.text):
            local = next(filter(is_local_connector, choices.values()), None)
            if local is None:
                raise no_password_login(list(choices), page.url)
            page = _follow_link(local, page, session)
    return page


def _follow_link(link: str, page: requests.Response, session: requests.Session) -> requests.Response:
    """Return the answer to a link of a page; its history also has the redirects that have led to the page."""
    answer = session.get(urljoin(page.url, link), headers=ACCEPT_HTML, timeout=TIMEOUT)
    answer.history = [*page.history, *answer.history]
    return answer


@contextmanager
def _report_endless_redirects() -> Iterator[None]:
    try:
        yield
    except requests.TooManyRedirects as error:
        url = getattr(error.response, "url", "an entry point")
        raise LabError(
            "the redirects do not end: a login does not lead to a session",
            seen=f"more than {MAX_REDIRECTS} redirects, the last one from {str(url).partition('?')[0]}",
            remedy="read the logs of the auth proxy and of Dex: `kubectl logs -n auth deployment/dex`",
        ) from None


def is_served(status: int, first_page: str) -> bool:
    """Return whether an answer comes from the auth proxy or from Kubeflow, and not from a gateway that reaches neither.

    Args:
        status: The HTTP status.
        first_page: The first page of the release's auth proxy, "dex" or "sign-in". oauth2-proxy shows its sign-in page
            with 403, the same status with which the gateway rejects requests when the auth proxy is missing.
    """
    rejected = status == requests.codes.forbidden and first_page == "dex"
    return not rejected and status != requests.codes.not_found and bool(status < requests.codes.server_error)
