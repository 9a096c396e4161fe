"""lab/web/browser_user.py: a user in a real browser, at pages that a healthy lab of the tutorial's release lacks."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from lab import releases
from lab.config.settings import TUTORIAL_PASSWORD as PASSWORD
from lab.config.settings import TUTORIAL_USER as USER
from lab.config.settings import Settings
from lab.errors import LabError
from lab.run.journal import Journal
from lab.run.redaction import MASK
from lab.web.browser import open_browsers
from lab.web.browser_user import USER_INFO_PATH, USERID_HEADER, BrowserUser
from lab.web.web_apps import RESOURCE_FORMS
from tests.conftest import MakeContext

SIGN_IN = """<form method="GET" action="/oauth2/start">
<input type="hidden" name="rd" value="/"><button type="submit">Sign in with OpenID Connect</button></form>"""
DEX = """<form method="post"><input id="login" name="login" required><input id="password" name="password" required>
<button type="submit" id="submit-login">Login</button></form>"""
DASHBOARD = """<title>Kubeflow Central Dashboard</title><main-page></main-page><script>
const root = document.querySelector("main-page").attachShadow({mode: "open"});
root.innerHTML = '<i id="User-Badge"></i><button id="logout-button">Logout</button>';
root.querySelector("button").onclick = () => location.assign("/oauth2/sign_out");</script>"""
SESSION = "oauth2_proxy_kubeflow"

CreateUser = Callable[..., BrowserUser]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser for all tests of this module."""
    with open_browsers(Settings(name=""), Journal()) as launch:
        yield launch("")


@pytest.fixture
def create_user(
    browser: Browser, http_server: HTTPServer, make_context: MakeContext, tmp_path: Path
) -> Iterator[CreateUser]:
    """A function that returns a user of the test server.

    Its arguments are the first page of the release's auth proxy, the host of the entry point and settings.
    """
    with browser.new_context() as browser_context:

        def create(first_page: str, host: str = "localhost", **settings: Any) -> BrowserUser:
            context = make_context(**settings)
            update = {"first_page": first_page, "session_cookie": SESSION}
            auth_proxy = context.release.auth_proxy.model_copy(update=update)
            return BrowserUser(
                page=browser_context.new_page(),
                entry_point=f"http://{host}:{http_server.port}",
                settings=context.settings,
                auth_proxy=auth_proxy,
                secrets=context.secrets,
                journal=context.journal,
                evidence=tmp_path,
                diagnose=lambda: ["Dex is not ready"],
            )

        yield create


@pytest.fixture
def kubeflow(http_server: HTTPServer) -> None:
    """Kubeflow behind a sign-in page with a button that leads to Dex, as in releases with oauth2-proxy."""

    def open_first_page(request: Request) -> Response:
        is_logged_in = SESSION in request.cookies
        page, status = (DASHBOARD, 200) if is_logged_in else (SIGN_IN, 403)
        return Response(page, status, content_type="text/html")

    def log_in(request: Request) -> Response:
        answer = Response("", 302, {"Location": "/"})
        answer.set_cookie(SESSION, request.form["login"])
        return answer

    def log_out(_: Request) -> Response:
        answer = Response("", 302, {"Location": "/"})
        answer.delete_cookie(SESSION)
        return answer

    def get_user(request: Request) -> Response:
        return Response(f'{{"user": "{request.cookies[SESSION]}"}}', content_type="application/json")

    for path, method, answer in (
        ("/", "GET", open_first_page),
        ("/oauth2/start", "GET", lambda _: Response("", 302, {"Location": "/dex/auth/local/login"})),
        ("/dex/auth/local/login", "GET", lambda _: Response(DEX, content_type="text/html")),
        ("/dex/auth/local/login", "POST", log_in),
        ("/oauth2/sign_out", "GET", log_out),
        (USER_INFO_PATH, "GET", get_user),
    ):
        http_server.expect_request(path, method).respond_with_handler(answer)


@pytest.mark.usefixtures("kubeflow")
def test_login_and_logout_behind_a_sign_in_page(create_user: CreateUser) -> None:
    user = create_user("sign-in")
    user.open_entry_point()
    assert user.is_login_form()
    user.log_in(USER, PASSWORD)
    assert user.get_dashboard_user() == USER
    assert ("GET", "/oauth2/sign_out") in user.log_out()
    user.open_entry_point()
    assert user.is_login_form()
    assert user.find_session_cookie() is None


def show_choices(http_server: HTTPServer, *links: str) -> None:
    """Redirect users to Dex's page of choices, which has these links."""
    choices = "".join(f'<a href="{link}" target="_self"><button>Log in with {link}</button></a>' for link in links)
    http_server.expect_request("/").respond_with_data("", 302, {"Location": "/dex/auth"})
    http_server.expect_request("/dex/auth").respond_with_data(choices, content_type="text/html")
    http_server.expect_request("/dex/auth/local").respond_with_data(DEX, content_type="text/html")


def test_the_choice_of_dexs_own_users_is_clicked(create_user: CreateUser, http_server: HTTPServer) -> None:
    show_choices(http_server, "/dex/auth/local-ldap?state=x", "/dex/auth/corp?state=x", "/dex/auth/local?state=x")
    user = create_user("dex")
    user.open_entry_point()
    assert user.is_login_form()
    assert user.page.url.endswith("/dex/auth/local?state=x")


def test_other_choices_are_reported_by_name(create_user: CreateUser, http_server: HTTPServer) -> None:
    show_choices(http_server, "/dex/auth/corp", "/dex/auth/github")
    with pytest.raises(LabError) as caught:
        create_user("dex").open_entry_point()
    assert caught.value.headline == (
        "Dex offers no login with a password of its own, only: Log in with /dex/auth/corp, Log in with /dex/auth/github"
    )


def test_a_split_session_is_a_session(create_user: CreateUser) -> None:
    user = create_user("sign-in")
    names = [f"{SESSION}_1", f"{SESSION}_0", f"{SESSION}_csrf"]
    user.page.context.add_cookies(
        [{"name": name, "value": f"value of {name}", "url": user.entry_point} for name in names]
    )
    cookie = user.find_session_cookie()
    assert cookie is not None
    assert cookie["name"] == f"{SESSION}_0"
    assert user.secrets.redact(f"value of {SESSION}_1") == MASK


@pytest.mark.usefixtures("kubeflow")
def test_password_and_session_cookie_become_secrets(create_user: CreateUser) -> None:
    user = create_user("sign-in")
    user.log_in(USER, PASSWORD)
    cookie = user.find_session_cookie()
    assert cookie is not None
    assert list(user.list_cookies()) == [SESSION]
    assert user.secrets.redact(f"{PASSWORD} {cookie['value']}") == f"{MASK} {MASK}"


@pytest.mark.usefixtures("kubeflow")
def test_a_claimed_user_is_sent_in_the_header(create_user: CreateUser, http_server: HTTPServer) -> None:
    http_server.expect_request("/whoami").respond_with_handler(
        lambda request: Response(json.dumps({"user": request.headers.get(USERID_HEADER)}))
    )
    user = create_user("sign-in")
    user.open_entry_point()
    assert user.fetch_field("/whoami", "user") is None
    assert user.fetch_field("/whoami", "user", claimed_user="other@example.com") == "other@example.com"


@pytest.mark.parametrize(
    ("status", "text"),
    [(502, ""), (500, '{"error": "no answer of KFAM"}'), (200, "<title>Login</title>"), (200, "[]"), (200, "null")],
)
@pytest.mark.usefixtures("kubeflow")
def test_a_response_without_the_field_is_an_error(
    status: int, text: str, create_user: CreateUser, http_server: HTTPServer
) -> None:
    http_server.expect_request("/whoami").respond_with_data(text, status)
    user = create_user("sign-in")
    user.open_entry_point()
    with pytest.raises(LabError) as caught:
        user.fetch_field("/whoami", "user")
    assert caught.value.headline == f"/whoami returns {status} to the page"
    assert (text or "an empty response") in caught.value.seen
    assert "Dex is not ready" in caught.value.seen
    assert "kubectl logs -n kubeflow deployment/centraldashboard" in caught.value.remedy
    assert "deployment/profiles-deployment" in caught.value.remedy


@pytest.mark.usefixtures("kubeflow")
def test_a_redirect_to_another_host_is_an_error(create_user: CreateUser, http_server: HTTPServer) -> None:
    login = f"http://127.0.0.1:{http_server.port}/dex/auth"
    http_server.expect_request("/whoami").respond_with_data("", 302, {"Location": login})
    user = create_user("sign-in")
    user.open_entry_point()
    with pytest.raises(LabError, match="the page cannot request /whoami"):
        user.fetch_field("/whoami", "user")


@pytest.mark.parametrize(
    ("cookie", "status"), [("XSRF-TOKEN=a-token", 200), ("XSRF-TOKEN=a-token; Domain=a.example.it", 403)]
)
def test_a_resource_is_created_with_the_csrf_cookie_if_the_browser_has_it(
    cookie: str, status: int, create_user: CreateUser, http_server: HTTPServer
) -> None:
    def create(request: Request) -> Response:
        is_accepted = request.headers.get("X-XSRF-TOKEN") == request.cookies.get("XSRF-TOKEN") == "a-token"
        return Response(json.dumps(request.json), 200 if is_accepted else 403)

    user, volume = create_user("dex"), RESOURCE_FORMS["volume"]
    app = releases.load("1.7").web_apps["volumes"]
    http_server.expect_request(app.path).respond_with_data("volumes", headers={"Set-Cookie": cookie})
    path = f"{app.path}api/namespaces/kubeflow-user-example-com/pvcs"
    http_server.expect_request(path, "POST").respond_with_handler(create)
    answer = user.create_resource(volume, app, "kubeflow-user-example-com", "data")
    assert answer.status == status
    assert json.loads(answer.text) == {"name": "data", "namespace": "kubeflow-user-example-com", **volume.form}


@pytest.mark.usefixtures("kubeflow")
def test_403_is_a_rejection_if_dex_is_the_first_page(create_user: CreateUser, tmp_path: Path) -> None:
    with pytest.raises(LabError, match="returns 403\n") as caught:
        create_user("dex").open_entry_point()
    screenshot = tmp_path / "unexpected-page.png"
    assert caught.value.seen.endswith("Dex is not ready")
    assert caught.value.remedy == (
        f"see the screenshot {screenshot}, and the logs of the auth proxy and of Dex: "
        "`kubectl logs -n istio-system StatefulSet/authservice`, `kubectl logs -n auth deployment/dex`"
    )
    assert screenshot.is_file()


@pytest.mark.parametrize("first_page", ["dex", "sign-in"])
def test_an_empty_rejection_is_reported_with_status_and_diagnosis(
    first_page: str, create_user: CreateUser, http_server: HTTPServer
) -> None:
    http_server.expect_request("/").respond_with_data("", 403)
    with pytest.raises(LabError, match="returns 403 without a page") as caught:
        create_user(first_page).log_in(USER, PASSWORD)
    assert caught.value.seen.splitlines()[1:] == ["an empty response", "Dex is not ready"]


def test_a_page_that_is_not_the_login_form_is_an_error(create_user: CreateUser, http_server: HTTPServer) -> None:
    http_server.expect_request("/").respond_with_data("welcome", content_type="text/html")
    with pytest.raises(LabError, match="not Dex's login form") as caught:
        create_user("dex").log_in(USER, PASSWORD)
    assert "welcome" in caught.value.seen


@pytest.mark.parametrize(
    ("host", "name"), [("localhost", "one"), ("127.0.0.1", "")], ids=["another address", "another host"]
)
def test_no_password_is_typed_outside_the_lab(
    host: str, name: str, create_user: CreateUser, http_server: HTTPServer
) -> None:
    http_server.expect_request("/").respond_with_data(DEX, content_type="text/html")
    with pytest.raises(LabError, match="is not the lab; no password was typed"):
        create_user("dex", host, name=name).log_in(USER, PASSWORD)
    assert [request.method for request, _ in http_server.log if request.path == "/"] == ["GET"]
