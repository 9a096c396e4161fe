"""lab/web/browser.py: a real Chromium resolves the hosts of the lab and no other host."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from playwright.sync_api import Error

from lab.config.settings import Settings
from lab.run.journal import Journal
from lab.run.redaction import Secrets
from lab.web.browser import open_browsers
from lab.web.http_client import LabHttp
from tests.tls_server import HOST, Authority


class AddressHandler(BaseHTTPRequestHandler):
    """Returns the address at which the server was contacted."""

    def do_GET(self) -> None:
        """Answer a request."""
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.connection.getsockname()[0].encode())


def test_chromium_resolves_the_hosts_of_the_lab_only() -> None:
    settings, journal = Settings(name="one"), Journal()
    address = str(settings.loopback)
    with HTTPServer((address, 0), AddressHandler) as server, open_browsers(settings, journal) as launch:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        page = launch("").new_page()
        page.goto(f"http://localhost:{server.server_port}/")
        assert page.inner_text("body") == address
        with pytest.raises(Error, match="ERR_NAME_NOT_RESOLVED"):
            page.goto(f"http://www.example.com:{server.server_port}/")
        server.shutdown()
    assert [(entry.kind, entry.text) for entry in journal.entries] == [("program", "chromium")]


@pytest.mark.parametrize("case", [str.lower, str.upper])
def test_proxies_of_the_environment_are_ignored(case: Callable[[str], str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(case(name), "http://127.0.0.1:9")
    settings = Settings(name="one")
    with HTTPServer((str(settings.loopback), 0), AddressHandler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with open_browsers(settings, Journal()) as launch:
            page = launch("").new_page()
            page.goto(f"http://localhost:{server.server_port}/")
            assert page.inner_text("body") == str(settings.loopback)
        server.shutdown()


def test_only_the_given_key_of_an_untrusted_authority_is_accepted(tmp_path: Path, secrets: Secrets) -> None:
    authority = Authority.create(tmp_path)
    with authority.serve() as server, authority.serve() as other:
        url = f"https://{HOST}:{server.port}"
        address = IPv4Address("127.0.0.1")
        settings = Settings(lab="existing", url=(url,), ca_file=authority.file, ingress_address=address)
        with open_browsers(settings, Journal()) as launch:
            page = launch(LabHttp(settings, secrets).read_key_pin(url)).new_page()
            page.goto(url)
            assert page.inner_text("body") == "the dashboard"
            assert page.evaluate("isSecureContext")
            with pytest.raises(Error, match="ERR_CERT_AUTHORITY_INVALID"):
                page.goto(f"https://{HOST}:{other.port}")
            with pytest.raises(Error, match="ERR_CERT_AUTHORITY_INVALID"):
                launch("").new_page().goto(url)
