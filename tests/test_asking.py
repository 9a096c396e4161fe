"""lab/asking.py: an HTTP client is led to Dex as a browser is, and sends there what no browser would."""

from __future__ import annotations

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from lab.asking import ask, send_form
from lab.settings import Settings

SETTINGS = Settings()
BUTTON = '<form method="GET" action="/oauth2/start"><button type="submit">Sign in</button></form>'
DEX = "/dex/auth/local/login"
REFUSED = '<div id="login-error" class="dex-error-box">\n  Invalid Email Address and password.\n</div>'


@pytest.fixture
def door(http_server: HTTPServer) -> str:
    """The URL of a server with Dex's form, which takes whoever says a name."""

    def log_in(request: Request) -> Response:
        if not request.form["login"]:
            return Response(REFUSED, 401, content_type="text/html")
        answer = Response("", 302, {"Location": "/home"})
        answer.set_cookie("session", request.form["login"])
        return answer

    http_server.expect_request(DEX, "GET").respond_with_data("the form", content_type="text/html")
    http_server.expect_request(DEX, "POST").respond_with_handler(log_in)
    http_server.expect_request("/oauth2/start").respond_with_data("", 302, {"Location": DEX})
    http_server.expect_request("/home").respond_with_data("welcome")
    return f"http://localhost:{http_server.port}"


@pytest.fixture(params=["a redirect", "a page with a button"])
def first_page(request: pytest.FixtureRequest, door: str, http_server: HTTPServer) -> str:
    """The door, at which there is one of the two."""
    answer = Response("", 302, {"Location": DEX}) if request.param == "a redirect" else Response(BUTTON, 403)
    http_server.expect_request("/").respond_with_response(answer)
    return door


def test_a_client_that_follows_is_led_to_dex(first_page: str) -> None:
    assert ask(first_page, SETTINGS, follow=True).text == "the form"
    assert ask(first_page, SETTINGS).status_code in (302, 403)


def test_who_logs_in_has_a_session(first_page: str) -> None:
    sent = send_form(first_page, {"login": "user@example.com"}, SETTINGS)
    assert (sent.answer.text, dict(sent.cookies)) == ("welcome", {"session": "user@example.com"})
    assert sent.refusal == ""


def test_an_empty_form_is_sent_all_the_same(first_page: str) -> None:
    sent = send_form(first_page, {"login": ""}, SETTINGS)
    assert (sent.refusal, dict(sent.cookies)) == ("Invalid Email Address and password.", {})
    assert sent.answer.url.endswith(DEX)


def test_a_session_and_a_header_of_one_s_own_are_sent(door: str, http_server: HTTPServer) -> None:
    http_server.expect_request("/me", headers={"Cookie": "session=mine", "kubeflow-userid": "me"}).respond_with_data(
        "ok"
    )
    assert ask(f"{door}/me", SETTINGS, cookies={"session": "mine"}, headers={"kubeflow-userid": "me"}).text == "ok"
