"""lab/visitor.py: what a person in a real browser does at pages that no lab of today has, or none should have."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from lab import releases
from lab.browser import chromium
from lab.errors import LabError
from lab.visitor import USER, Visitor

HERE = IPv4Address("127.0.0.1")
FRONT_END = releases.load("1.7").front_end
SIGN_IN = """<form method="GET" action="/oauth2/start">
<input type="hidden" name="rd" value="/"><button type="submit">Sign in with OpenID Connect</button></form>"""
DEX = """<form method="post"><input id="login" name="login" required><input id="password" name="password" required>
<button type="submit" id="submit-login">Login</button></form>"""
DASHBOARD = """<title>Kubeflow Central Dashboard</title><main-page></main-page><script>
const root = document.querySelector("main-page").attachShadow({mode: "open"});
root.innerHTML = '<i id="User-Badge"></i><button id="logout-button">Logout</button>';
root.querySelector("button").onclick = () => location.assign("/oauth2/sign_out");</script>"""
SESSION = "oauth2_proxy_kubeflow"

Come = Callable[[str], Visitor]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One for all tests of this module."""
    with chromium({}) as browser:
        yield browser


@pytest.fixture
def visitor(browser: Browser, http_server: HTTPServer, tmp_path: Path) -> Iterator[Come]:
    """Makes a person who comes to the test's server; its release has the given first page."""
    with browser.new_context() as context:
        yield lambda first_page: Visitor(
            context.new_page(),
            http_server.url_for("/").rstrip("/").replace("localhost", str(HERE)),
            {str(HERE): HERE},
            FRONT_END.model_copy(update={"first_page": first_page, "session_cookie": SESSION}),
            tmp_path,
            lambda: ["Dex is not ready"],
        )


@pytest.fixture
def kubeflow(http_server: HTTPServer) -> None:
    """A Kubeflow behind a page with a button that leads to Dex, as releases with oauth2-proxy have it."""

    def door(request: Request) -> Response:
        known = request.cookies.get(SESSION)
        return Response(DASHBOARD if known else SIGN_IN, 200 if known else 403, content_type="text/html")

    def log_in(request: Request) -> Response:
        answer = Response("", 302, {"Location": "/"})
        answer.set_cookie(SESSION, request.form["login"])
        return answer

    def log_out(_: Request) -> Response:
        answer = Response("", 302, {"Location": "/"})
        answer.delete_cookie(SESSION)
        return answer

    def me(request: Request) -> Response:
        return Response(f'{{"user": "{request.cookies[SESSION]}"}}', content_type="application/json")

    for path, method, answer in (
        ("/", "GET", door),
        ("/oauth2/start", "GET", lambda _: Response("", 302, {"Location": "/dex/auth/local/login"})),
        ("/dex/auth/local/login", "GET", lambda _: Response(DEX, content_type="text/html")),
        ("/dex/auth/local/login", "POST", log_in),
        ("/oauth2/sign_out", "GET", log_out),
        ("/api/workgroup/env-info", "GET", me),
    ):
        http_server.expect_request(path, method).respond_with_handler(answer)


@pytest.mark.usefixtures("kubeflow")
def test_a_page_with_a_button_before_dex_is_passed(visitor: Come) -> None:
    person = visitor("sign-in")
    person.come()
    assert person.is_asked()
    person.log_in()
    assert person.greeted_as() == USER
    assert ("GET", "/oauth2/sign_out") in person.log_out()
    person.come()
    assert person.is_asked()
    assert person.session_cookie() is None


@pytest.mark.usefixtures("kubeflow")
def test_where_dex_is_the_first_page_a_403_is_a_refusal(visitor: Come, tmp_path: Path) -> None:
    with pytest.raises(LabError, match="is answered with 403") as caught:
        visitor("dex").come()
    assert caught.value.seen.endswith("Dex is not ready")
    assert f"look at {tmp_path / 'unexpected-page.png'}" in caught.value.remedy
    assert (tmp_path / "unexpected-page.png").is_file()


@pytest.mark.parametrize("first_page", ["dex", "sign-in"])
def test_a_refusal_without_a_page_is_told_with_its_status_and_the_reason(
    first_page: str, visitor: Come, http_server: HTTPServer
) -> None:
    http_server.expect_request("/").respond_with_data("", 403)
    with pytest.raises(LabError, match="cannot be shown") as caught:
        visitor(first_page).log_in()
    assert caught.value.seen.splitlines()[1:] == ["the answer is 403, without a page", "Dex is not ready"]


def test_nobody_logs_in_at_another_address_than_the_lab_s(visitor: Come, http_server: HTTPServer) -> None:
    http_server.expect_request("/").respond_with_data("welcome", content_type="text/html")
    person = visitor("dex")
    person.addresses = {str(HERE): IPv4Address("172.20.0.13")}
    with pytest.raises(LabError, match="is not the lab; no password was typed"):
        person.log_in()
