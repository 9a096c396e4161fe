"""lab/web/login_pages.py: what an answer without a session shows, and redirects that the scenarios do not follow."""

from __future__ import annotations

import pytest
import requests

from lab.config.settings import Settings
from lab.web.login_pages import (
    HTTPS_REDIRECT,
    KUBEFLOW_TEXTS,
    OtherLoginError,
    describe_exposure,
    describe_redirect,
    find_connectors,
    is_local_connector,
    shows_kubeflow,
)

URL = "http://localhost:7080/"
DASHBOARD = "<!DOCTYPE html><title>Kubeflow Central Dashboard</title><main-page></main-page>"
FORM = '<form method="post"><input required id="login" name="login"></form>'
SIGN_IN = '<form method="GET" action="/oauth2/start"><button type="submit">Sign in</button></form>'


def make_answer(status: int, text: str = "", location: str = "", content_type: str = "text/html") -> requests.Response:
    """Return an answer of an entry point."""
    answer = requests.Response()
    answer.status_code, answer.url, answer._content = status, URL, text.encode()
    answer.headers["Content-Type"] = content_type
    if location:
        answer.headers["Location"] = location
    return answer


def describe(answer: requests.Response) -> str:
    """Return what is wrong with an answer without a session."""
    return describe_exposure(answer, Settings(), (*KUBEFLOW_TEXTS, "user@example.com"))


@pytest.mark.parametrize(
    "answer",
    [
        make_answer(302, location="/dex/auth?client_id=kubeflow"),
        make_answer(302, location="http://localhost:7080/dex/auth"),
        make_answer(302, location="/oauth2/start?rd=%2F"),
        make_answer(401),
        make_answer(403, SIGN_IN),
        make_answer(403, "RBAC: access denied"),
        make_answer(200, FORM),
        make_answer(200, SIGN_IN),
    ],
)
def test_logins_and_rejections_show_nothing(answer: requests.Response) -> None:
    assert describe(answer) == ""


@pytest.mark.parametrize(
    ("text", "content_type"),
    [
        (DASHBOARD, "text/html"),
        ('{"user":"user@example.com"}', "application/json"),
        ("{}", "application/json; charset=utf-8"),
        ("<title>Jupyter</title><app-root></app-root>", "text/html"),
    ],
)
def test_content_of_kubeflow_is_open_to_everybody(text: str, content_type: str) -> None:
    answer = make_answer(200, text, content_type=content_type)
    assert shows_kubeflow(answer)
    assert describe(answer).startswith(f"{URL} is open to everybody: it returns 200: ")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (make_answer(301, location="https://localhost:7080/"), HTTPS_REDIRECT),
        (make_answer(308, location="https://kubeflow.example.it/"), HTTPS_REDIRECT),
        (make_answer(404, "404 page not found"), "the gateway returns 404 for"),
        (make_answer(503, "no healthy upstream"), "the gateway returns 503 for"),
        (make_answer(500), "the gateway returns 500 for"),
        (make_answer(200, "<h1>Welcome to nginx!</h1>"), "no page of Kubeflow or of the login"),
        (make_answer(302, location="/welcome"), "redirects to /welcome, and not to the login"),
        (
            make_answer(302, location="https://ml.corp.example/dex/auth?client_id=a"),
            "login is at Dex of the host ml.corp",
        ),
        (make_answer(302, location="https://www.corp.example/"), "redirects to www.corp.example, which is no host"),
        (make_answer(302, location="https://[corp/"), "redirects to an invalid URL"),
    ],
)
def test_other_answers_are_no_hole(answer: requests.Response, words: str) -> None:
    assert words in describe(answer)
    assert "open to everybody" not in describe(answer)


@pytest.mark.parametrize(
    ("location", "host"),
    [
        ("https://login.microsoftonline.com/t/oauth2/v2.0/authorize?client_id=1", "login.microsoftonline.com"),
        ("https://sso.corp.example/realms/main/protocol/openid-connect/auth?client_id=a", "sso.corp.example"),
        ("https://idp.corp.example/saml?SAMLRequest=a", "idp.corp.example"),
    ],
)
def test_a_redirect_to_an_identity_provider_is_a_login(location: str, host: str) -> None:
    answer = make_answer(302, location=location)
    assert describe(answer) == ""
    error = describe_redirect(answer, Settings())
    assert isinstance(error, OtherLoginError)
    assert error.headline == f"login is at {host}, an external identity provider; these scenarios know Dex's form only"


def test_a_rejection_with_private_content_is_reported() -> None:
    assert describe(make_answer(403, "hello user@example.com")) == (
        f"{URL} returns private content without a login: ['user@example.com']"
    )


def test_a_redirect_within_the_lab_is_followed() -> None:
    assert describe_redirect(make_answer(302, location="http://kubeflow.example.it/dex/auth"), Settings()) is None
    assert describe_redirect(make_answer(200, DASHBOARD), Settings()) is None


def test_dexs_own_form_has_no_choices() -> None:
    back_link = '<a class="dex-subtle-text" href="/dex/auth/local?back=1">Select another login method.</a>'
    assert find_connectors(FORM + back_link) == {}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("/dex/auth/local?client_id=a", True),
        ("/dex/auth/local", True),
        ("/dex/auth/local/login?back=", True),
        ("/dex/auth/local-ldap?client_id=a", False),
        ("/dex/auth/github?state=/dex/auth/local", False),
    ],
)
def test_the_choice_of_dexs_own_users_is_recognized(url: str, expected: bool) -> None:
    assert is_local_connector(url) is expected
