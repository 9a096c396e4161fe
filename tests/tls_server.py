"""HTTPS servers of tests, with certificates that a certificate authority of the test issues."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import trustme
from pytest_httpserver import HTTPServer

HOST = "kubeflow.corp.example"


@dataclass(frozen=True)
class Authority:
    """A certificate authority.

    Args:
        authority: The authority.
        file: The PEM file with its certificate.
    """

    authority: trustme.CA
    file: Path

    @classmethod
    def create(cls, directory: Path, name: str = "ca") -> Authority:
        """Return a new authority, whose certificate is saved in a directory."""
        authority, file = trustme.CA(organization_name=f"Test {name}"), directory / f"{name}.pem"
        authority.cert_pem.write_to_path(str(file))
        return cls(authority, file)

    @contextmanager
    def serve(self, host: str = HOST, *, not_after: datetime | None = None) -> Iterator[HTTPServer]:
        """Run a server with a certificate for a host.

        Args:
            host: The host of the certificate.
            not_after: The end of its validity; None for a day that tests do not reach.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        not_before = datetime(2020, 1, 1) if not_after else None
        self.authority.issue_cert(host, not_before=not_before, not_after=not_after).configure_cert(context)
        with HTTPServer(host="127.0.0.1", port=0, ssl_context=context, threaded=True) as server:
            server.expect_request("/").respond_with_data("the dashboard")
            yield server
