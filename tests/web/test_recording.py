"""lab/web/recording.py: the files of a recorded browser context, in which cookies and one-time codes are redacted."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Response

from lab.config.settings import Settings
from lab.run.journal import Journal
from lab.run.redaction import MASK, Secrets
from lab.web.browser import open_browsers
from lab.web.recording import Recording, register_cookies

SESSION, DELETED, CODE = "a-session-cookie", "a-deleted-cookie", "q3j7abcdq3j7abcd"
PAGE = '<script>console.log(document.cookie); fetch("http://127.0.0.1:9/missing").catch(() => 0)</script>welcome'


def read_archive(file: Path) -> bytes:
    """Return the content of all members of a ZIP archive."""
    with zipfile.ZipFile(file) as archive:
        return b"".join(archive.read(name) for name in archive.namelist())


@pytest.fixture
def url(http_server: HTTPServer) -> str:
    """The URL of a page that sets cookies, one of which the next page deletes."""
    redirect = Response("", 302, {"Location": f"/callback?code={CODE}"})
    redirect.set_cookie("session", SESSION)
    redirect.set_cookie("state", DELETED)
    page = Response(PAGE, content_type="text/html")
    page.delete_cookie("state")
    http_server.expect_request("/").respond_with_response(redirect)
    http_server.expect_request("/callback").respond_with_response(page)
    return f"http://localhost:{http_server.port}/"


def test_screenshot_console_and_trace_are_saved_without_secrets(url: str, secrets: Secrets, tmp_path: Path) -> None:
    with open_browsers(Settings(), Journal()) as launch, launch("").new_context() as context:
        recording = Recording(context, secrets)
        page = context.new_page()
        with page.expect_event("requestfailed"):
            page.goto(url)
        recording.save(tmp_path, 1)
        register_cookies(context, secrets)
    assert {file.name for file in tmp_path.iterdir()} == {
        "browser-1-page-1.png",
        "browser-1-console.txt",
        "browser-1-trace.zip",
    }
    console = (tmp_path / "browser-1-console.txt").read_text()
    assert f"log: session={MASK}\n" in console
    assert "request failed: GET http://127.0.0.1:9/missing" in console
    trace = read_archive(tmp_path / "browser-1-trace.zip")
    assert b"/callback" in trace
    assert MASK.encode() in trace
    for secret in (SESSION, DELETED, CODE):
        assert secret.encode() not in trace
        assert secrets.redact(secret) == MASK
