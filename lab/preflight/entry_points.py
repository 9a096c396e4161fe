"""Checks of the entry points that --url names: a server answers, and its certificate is trusted."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from urllib.parse import urljoin, urlsplit

import requests

from lab.config.entry_points import PORT_FORWARD_URL, is_https, origin_of, port_of
from lab.context import RunContext
from lab.errors import LabError
from lab.preflight.findings import Finding, error
from lab.run.waiting import root_cause
from lab.web.hosts import find_address
from lab.web.http_client import LabHttp

TIMEOUT = 2.5
"""Seconds for an answer; all checks of preflight run at the same time, and must end within 3 s."""


def check_entry_point(url: str, context: RunContext) -> Iterator[Finding]:
    """Check that an entry point answers, and that its certificate is trusted.

    Args:
        url: The URL; nothing listens on that of the port-forward before the run.
        context: The context of the run.

    Yields:
        An error if the host has no address, no server answers, or the certificate is not trusted.
    """
    if url == PORT_FORWARD_URL:
        return
    host, address = str(urlsplit(url).hostname), find_address(str(urlsplit(url).hostname), context.settings)
    try:
        if address is None:
            socket.getaddrinfo(host, port_of(url))
        _request(url, context)
    except LabError as problem:
        yield Finding("error", problem)
    except socket.gaierror as problem:
        yield error(
            f"the host {host} has no address",
            expected=f"the name server of this machine to know the host of --url {url}",
            seen=str(problem.strerror),
            remedy="correct --url, or give the address of the Ingress controller with --ingress-address",
        )
    except OSError as problem:
        yield error(
            f"{url} does not answer",
            expected=f"an answer within {TIMEOUT} s from {address or host}, port {port_of(url)}",
            seen=root_cause(problem),
            remedy=f"check the URL: `curl -v {url}`; the Services and Ingresses of the cluster have these addresses: "
            "`kubectl get services,ingresses -A`",
        )


def follow_https_redirects(context: RunContext) -> RunContext:
    """Return the context with HTTPS entry points in place of those that redirect to HTTPS at the same host.

    An entry point that does not answer is returned as it is; the checks report it.

    Args:
        context: The context of the run.
    """
    urls = {url: _find_https_target(url, context) for url in context.settings.url if not is_https(url)}
    changed = {url: target for url, target in urls.items() if target}
    if not changed:
        return context
    for url, target in changed.items():
        context.progress.note(f"{url} redirects to {target}, which the scenarios use as the entry point")
    targets = dict.fromkeys(changed.get(url, url) for url in context.settings.url)
    return replace(context, settings=context.settings.model_copy(update={"url": tuple(targets)}))


def _find_https_target(url: str, context: RunContext) -> str:
    """Return the URL with HTTPS to which an entry point redirects at its own host; empty if it does not."""
    if url == PORT_FORWARD_URL:
        return ""
    with suppress(OSError, LabError, ValueError):
        answer = _request(url, context)
        target = urlsplit(urljoin(url, answer.headers.get("Location", "")))
        if answer.is_redirect and target.scheme == "https" and target.hostname == urlsplit(url).hostname:
            return origin_of(target.geturl())
    return ""


def _request(url: str, context: RunContext) -> requests.Response:
    return LabHttp(context.settings, context.secrets).get(url, timeout=TIMEOUT)
