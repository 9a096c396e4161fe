"""The entry points of Kubeflow: the URLs by which users open it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from urllib.parse import SplitResult, urlsplit

DOMAIN = "example.it"
"""The domain of the tutorial, whose hosts are the Ingress controller in every lab."""
KUBEFLOW_HOST = f"kubeflow.{DOMAIN}"
LOCALHOST = "localhost"
PORT_FORWARD_PORT = 7080
PORT_FORWARD_URL, INGRESS_URL = f"http://{LOCALHOST}:{PORT_FORWARD_PORT}", f"http://{KUBEFLOW_HOST}"
"""The two entry points of the tutorial."""
HTTPS_URL = f"https://{KUBEFLOW_HOST}"
"""The entry point of the tutorial with HTTPS at the Ingress."""
PORTS = {"http": 80, "https": 443}
"""The default port of each scheme."""
HOST = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?|\[[0-9a-f:.]+\]")
CREDENTIALS = re.compile(r"//[^/?#]*@")


def split_urls(value: object) -> object:
    """Return a list of URLs from a text in which commas separate them, or from a list of such texts.

    Any other value is returned as it is, for the validation to reject it.
    """
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list | tuple) or not all(isinstance(text, str) for text in texts):
        return value
    return tuple(url.strip() for text in texts for url in text.split(",") if url.strip())


def parse_url(text: str) -> str:
    """Return the URL of an entry point in its normal form: without a path, and without the default port.

    Raises:
        ValueError: If it is not the URL of an entry point; its message is meant for users.
    """
    if not re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", text):
        raise ValueError(f"the URL has no scheme: write https://{_hide(text)} or http://{_hide(text)}")
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError as error:
        raise ValueError(f"this is not a URL: {error}") from None
    if url.scheme not in PORTS:
        raise ValueError(f"the scheme {url.scheme} is not supported, only http and https")
    if "@" in url.netloc:
        raise ValueError("the URL contains credentials: leave them out, since users log in on the login page")
    host = _parse_host(url)
    if url.path not in ("", "/") or url.query or url.fragment:
        raise ValueError(
            f"the URL has a path or a query: Kubeflow is served at the root of a host, {url.scheme}://{url.netloc}"
        )
    if port == 0:
        raise ValueError("port 0 cannot be connected to")
    return f"{url.scheme}://{host}" if port in (None, PORTS[url.scheme]) else f"{url.scheme}://{host}:{port}"


def hide_credentials(text: str) -> str:
    """Return a text without the credentials in its URLs."""
    return CREDENTIALS.sub("//********@", text)


def is_https(url: str) -> bool:
    """Return whether an entry point uses HTTPS."""
    return urlsplit(url).scheme == "https"


def is_secure_context(url: str) -> bool:
    """Return whether a browser stores Secure cookies of a URL: with HTTPS, and for localhost.

    Source: Chromium, which treats localhost as potentially trustworthy (W3C, "Secure Contexts").
    """
    return is_https(url) or urlsplit(url).hostname in (LOCALHOST, "127.0.0.1", "::1")


def list_hosts(urls: Iterable[str]) -> list[str]:
    """Return the hosts of URLs, each once."""
    return list(dict.fromkeys(str(urlsplit(url).hostname) for url in urls))


def origin_of(url: str) -> str:
    """Return scheme, host and port of a URL, as SCHEME://HOST:PORT or without the port."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def port_of(url: str) -> int:
    """Return the port of a URL."""
    parts = urlsplit(url)
    return parts.port or PORTS[parts.scheme]


def select_main(urls: Sequence[str]) -> str:
    """Return the entry point of scenarios that need only one: the first that is no port-forward, if there is one."""
    return next((url for url in urls if url != PORT_FORWARD_URL), urls[0])


def _parse_host(url: SplitResult) -> str:
    try:
        host = (url.hostname or "").encode("idna").decode()
    except UnicodeError:
        host = url.hostname or ""
    host = f"[{host}]" if ":" in host else host
    if not host:
        raise ValueError("the URL names no host")
    if not HOST.fullmatch(host):
        raise ValueError(f"{host} is not the name of a host")
    return host


def _hide(text: str) -> str:
    """Return the part of a text after credentials."""
    return text.rpartition("@")[2]
