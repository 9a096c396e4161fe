"""lab/browser.py: names resolve to the lab's addresses only, in a real Chromium."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from playwright.sync_api import Error

from lab.addresses import loopback_of
from lab.browser import chromium


class Greeting(BaseHTTPRequestHandler):
    """Says at which address it was asked."""

    def do_GET(self) -> None:
        """Answers."""
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.connection.getsockname()[0].encode())


def test_localhost_is_where_this_lab_has_it() -> None:
    address = loopback_of("one")
    with HTTPServer((str(address), 0), Greeting) as server, chromium({"localhost": address}) as browser:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        page = browser.new_page()
        page.goto(f"http://localhost:{server.server_port}/")
        assert page.inner_text("body") == str(address)
        with pytest.raises(Error, match="ERR_NAME_NOT_RESOLVED"):
            page.goto(f"http://www.example.it:{server.server_port}/")
        server.shutdown()
