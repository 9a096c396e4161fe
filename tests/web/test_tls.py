"""lab/web/tls.py: which certificates are trusted, and the words for those that are not."""

from __future__ import annotations

import base64
import hashlib
import ssl
from collections.abc import Callable
from datetime import datetime
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pytest_httpserver import HTTPServer

from lab.config.settings import Settings
from lab.errors import LabError
from lab.run.redaction import Secrets
from lab.web.http_client import LabHttp
from tests.tls_server import HOST, Authority


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """A certificate authority, which the clients of the test trust."""
    return Authority.create(tmp_path)


@pytest.fixture
def make_client(authority: Authority, secrets: Secrets) -> Callable[[str], LabHttp]:
    """A function that returns a client for a URL, which trusts the authority."""

    def make(url: str) -> LabHttp:
        settings = Settings(
            lab="existing", url=(url,), ca_file=authority.file, ingress_address=IPv4Address("127.0.0.1")
        )
        return LabHttp(settings, secrets)

    return make


def build_url(server: HTTPServer, host: str = HOST) -> str:
    """Return the URL of a server with a host that no name server knows."""
    return f"https://{host}:{server.port}"


def test_a_trusted_server_is_reached_at_the_address_of_the_ingress(
    authority: Authority, make_client: Callable[[str], LabHttp]
) -> None:
    with authority.serve() as server:
        url = build_url(server)
        assert make_client(url).get(url).text == "the dashboard"


def test_the_pin_is_that_of_the_servers_key(authority: Authority, make_client: Callable[[str], LabHttp]) -> None:
    with authority.serve() as server:
        url = build_url(server)
        pin = make_client(url).read_key_pin(url)
        certificate = x509.load_pem_x509_certificate(ssl.get_server_certificate(("127.0.0.1", server.port)).encode())
    key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert pin == base64.b64encode(hashlib.sha256(key).digest()).decode()


def test_the_certificate_is_that_of_the_server(authority: Authority, make_client: Callable[[str], LabHttp]) -> None:
    with authority.serve() as server, authority.serve() as other:
        seen = make_client(build_url(server)).read_certificate(build_url(server))
        certificates = [
            x509.load_pem_x509_certificate(ssl.get_server_certificate(("127.0.0.1", each.port)).encode())
            for each in (server, other)
        ]
    assert [seen == each for each in certificates] == [True, False]


class TestUntrusted:
    """Each reason has its own words, and the certificate that was seen."""

    def test_expired(self, authority: Authority, make_client: Callable[[str], LabHttp]) -> None:
        with authority.serve(not_after=datetime(2021, 1, 1)) as server:
            error = self._fail(make_client, build_url(server))
        assert error.headline.endswith("is not trusted: it has expired")
        assert "valid from 2020-01-01 00:00 to 2021-01-01 00:00 UTC" in error.seen

    def test_another_host(self, authority: Authority, make_client: Callable[[str], LabHttp]) -> None:
        with authority.serve("other.corp.example") as server:
            error = self._fail(make_client, build_url(server))
        assert error.headline.endswith(f"is not trusted: it is not valid for {HOST}")
        assert "a certificate for other.corp.example, issued by" in error.seen

    def test_unknown_authority(self, tmp_path: Path, make_client: Callable[[str], LabHttp]) -> None:
        with Authority.create(tmp_path, "stranger").serve() as server:
            error = self._fail(make_client, build_url(server))
        assert error.headline.endswith("is not trusted: its certificate authority is unknown")
        assert "Test stranger" in error.seen
        assert "--ca-file" in error.remedy

    def test_the_authorities_of_the_system_do_not_include_a_private_one(
        self, authority: Authority, secrets: Secrets
    ) -> None:
        with authority.serve() as server:
            url = build_url(server)
            client = LabHttp(Settings(lab="existing", url=(url,), ingress_address=IPv4Address("127.0.0.1")), secrets)
            error = self._fail(lambda _: client, url)
            with client.trust(authority.file):
                assert client.get(url).ok
        assert "those of the system" in error.expected

    def test_no_tls_at_all(self, http_server: HTTPServer, make_client: Callable[[str], LabHttp]) -> None:
        error = self._fail(make_client, build_url(http_server))
        assert error.headline.endswith("does not answer with TLS")

    @staticmethod
    def _fail(make_client: Callable[[str], LabHttp], url: str) -> LabError:
        with pytest.raises(LabError) as caught:
            make_client(url).get(url)
        assert url in caught.value.headline
        return caught.value
