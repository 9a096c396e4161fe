"""lab/web/browser.py: a real Chromium resolves the hosts of the lab and no other host."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from playwright.sync_api import Error

from lab.config.settings import Settings
from lab.run.journal import Journal
from lab.web.browser import launch_chromium


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
    with HTTPServer((address, 0), AddressHandler) as server, launch_chromium(settings, journal) as browser:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        page = browser.new_page()
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
        with launch_chromium(settings, Journal()) as browser:
            page = browser.new_page()
            page.goto(f"http://localhost:{server.server_port}/")
            assert page.inner_text("body") == str(settings.loopback)
        server.shutdown()
