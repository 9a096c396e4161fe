"""lab/web/http_client.py: requests reach the hosts of the lab only, and the login form is submitted as by a browser."""

from __future__ import annotations

from ipaddress import IPv4Address
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from lab.config.settings import Settings
from lab.errors import LabError
from lab.run.redaction import MASK, Secrets
from lab.web.hosts import NGINX_HOST
from lab.web.http_client import LabHttp, get_without_proxy, is_served
from lab.web.login_pages import HTTPS_REDIRECT

BUTTON = '<form method="GET" action="/oauth2/start"><button type="submit">Sign in</button></form>'
DEX = "/dex/auth/local/login"
REJECTED = '<div id="login-error" class="dex-error-box">\n  Invalid Email Address and password.\n</div>'
SESSION = "a-session-cookie"


def create_settings(name: str = "") -> Settings:
    """Return settings in which the address of the Ingress controller is that of the test server."""
    return Settings(name=name).model_copy(update={"ingress_address": IPv4Address("127.0.0.1")})


@pytest.fixture
def http(secrets: Secrets) -> LabHttp:
    """The client, for which every host of the lab is the test server."""
    return LabHttp(create_settings(), secrets)


@pytest.fixture
def server(http_server: HTTPServer) -> HTTPServer:
    """A server that returns the requested host at /, and the received cookies at /cookies."""
    http_server.expect_request("/").respond_with_handler(lambda request: Response(request.headers["Host"]))
    http_server.expect_request("/cookies").respond_with_handler(
        lambda request: Response(request.headers.get("Cookie", "none"))
    )
    return http_server


def build_url(server: HTTPServer, path: str = "/", host: str = NGINX_HOST, scheme: str = "http") -> str:
    """Return a URL of the server, with a host that no name server knows."""
    return f"{scheme}://{host}:{server.port}{path}"


def redirect(server: HTTPServer, path: str, target: str, cookie: str = "") -> None:
    """Redirect a path to a URL, optionally with a cookie."""
    headers = {"Location": target, **({"Set-Cookie": f"session={cookie}"} if cookie else {})}
    server.expect_request(path).respond_with_data("", 302, headers)


class TestHosts:
    """Requests reach the hosts of the lab, at its addresses, and no other host."""

    def test_the_host_header_is_unchanged(self, server: HTTPServer, http: LabHttp) -> None:
        assert http.get(build_url(server)).text == f"{NGINX_HOST}:{server.port}"

    def test_each_host_has_its_own_address(self, server: HTTPServer, secrets: Secrets) -> None:
        settings = create_settings("one")
        http = LabHttp(settings, secrets)
        assert http.get(build_url(server)).ok
        with pytest.raises(OSError, match=str(settings.loopback)):
            http.get(build_url(server, host="localhost"))

    def test_redirects_are_followed_only_on_request(self, server: HTTPServer, http: LabHttp) -> None:
        redirect(server, "/old", build_url(server))
        assert http.get(build_url(server, "/old")).status_code == 302
        assert http.follow(build_url(server, "/old")).text == f"{NGINX_HOST}:{server.port}"

    def test_a_redirect_to_another_host_of_the_lab_is_followed(self, server: HTTPServer, http: LabHttp) -> None:
        redirect(server, "/old", build_url(server, host="dex.example.it"))
        assert http.follow(build_url(server, "/old")).text == f"dex.example.it:{server.port}"

    @pytest.mark.parametrize("scheme", ["http", "https"])
    @pytest.mark.parametrize("host", ["127.0.0.1", "www.example.com"])
    def test_another_host_is_rejected(self, server: HTTPServer, http: LabHttp, host: str, scheme: str) -> None:
        with pytest.raises(LabError) as caught:
            http.get(build_url(server, "/secret", host, scheme))
        assert caught.value.headline == f"request rejected: {scheme}://{host} is not a host of the lab"
        assert server.log == []

    @pytest.mark.parametrize("status", [301, 307, 308])
    def test_a_redirect_to_https_is_reported(self, status: int, server: HTTPServer, http: LabHttp) -> None:
        """The answer of Istio's gateway with httpsRedirect (301), and of ingress-nginx with a certificate (308)."""
        target = build_url(server, "/old", scheme="https")
        server.expect_request("/old").respond_with_data("", status, {"Location": target})
        with pytest.raises(LabError) as caught:
            http.follow(build_url(server, "/old"))
        assert caught.value.headline == HTTPS_REDIRECT
        assert target in caught.value.seen
        assert http.get(build_url(server, "/old")).status_code == status

    def test_endless_redirects_are_an_error_without_a_traceback(self, server: HTTPServer, http: LabHttp) -> None:
        redirect(server, "/old", build_url(server, "/old"))
        with pytest.raises(LabError, match="the redirects do not end"):
            http.follow(build_url(server, "/old"))
        with pytest.raises(LabError, match="the redirects do not end"):
            http.submit_form(build_url(server, "/old"), {})

    @pytest.mark.parametrize("scheme", ["http", "https"])
    def test_a_redirect_to_another_host_is_rejected(self, server: HTTPServer, http: LabHttp, scheme: str) -> None:
        target = build_url(server, "/secret", "127.0.0.1", scheme)
        redirect(server, "/old", target)
        with pytest.raises(LabError) as caught:
            http.follow(build_url(server, "/old"))
        assert target in caught.value.seen
        assert [request.path for request, _ in server.log] == ["/old"]

    def test_https_is_rejected(self, server: HTTPServer, http: LabHttp) -> None:
        with pytest.raises(LabError, match=f"https://{NGINX_HOST}"):
            http.get(build_url(server, scheme="https"))

    @pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"])
    def test_proxies_are_ignored(
        self, name: str, server: HTTPServer, http: LabHttp, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(name, "http://127.0.0.1:9")
        assert http.get(build_url(server)).ok
        assert get_without_proxy(build_url(server, host="127.0.0.1"), timeout=5).ok

    def test_netrc_is_ignored(
        self, server: HTTPServer, http: LabHttp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "netrc").write_text(f"machine {NGINX_HOST} login user password secret\n")
        monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
        assert http.get(build_url(server)).ok
        assert "Authorization" not in server.log[0][0].headers


class TestCookies:
    """Cookies and headers are sent as requested, and cookies are secrets."""

    def test_cookies_and_headers_are_sent(self, server: HTTPServer, http: LabHttp) -> None:
        headers = {"Cookie": f"session={SESSION}", "kubeflow-userid": "user@example.com"}
        server.expect_request("/me", headers=headers).respond_with_data("ok")
        url = build_url(server, "/me")
        answer = http.get(url, cookies={"session": SESSION}, headers={"kubeflow-userid": "user@example.com"})
        assert answer.text == "ok"

    def test_cookies_are_not_sent_to_another_host_of_the_lab(self, server: HTTPServer, http: LabHttp) -> None:
        redirect(server, "/login", build_url(server, "/cookies", host="dex.example.it"), SESSION)
        assert http.follow(build_url(server, "/login")).text == "none"

    def test_a_redirect_is_followed_with_the_new_cookie(self, server: HTTPServer, http: LabHttp) -> None:
        redirect(server, "/login", build_url(server, "/cookies"), SESSION)
        assert http.follow(build_url(server, "/login")).text == f"session={SESSION}"

    @pytest.mark.parametrize("host", [NGINX_HOST, "dex.example.it"])
    def test_no_cookie_is_kept_for_the_next_request(self, server: HTTPServer, http: LabHttp, host: str) -> None:
        redirect(server, "/login", build_url(server, "/cookies"), SESSION)
        http.follow(build_url(server, "/login"))
        assert http.get(build_url(server, "/cookies", host)).text == "none"

    def test_a_sent_cookie_becomes_a_secret(self, server: HTTPServer, http: LabHttp, secrets: Secrets) -> None:
        http.get(build_url(server), cookies={"session": SESSION})
        assert secrets.redact(SESSION) == MASK

    def test_a_received_cookie_becomes_a_secret(self, server: HTTPServer, http: LabHttp, secrets: Secrets) -> None:
        redirect(server, "/login", build_url(server), SESSION)
        http.get(build_url(server, "/login"))
        assert secrets.redact(SESSION) == MASK

    def test_a_cookie_of_a_redirect_becomes_a_secret(self, server: HTTPServer, http: LabHttp, secrets: Secrets) -> None:
        redirect(server, "/login", build_url(server), SESSION)
        http.follow(build_url(server, "/login"))
        assert secrets.redact(SESSION) == MASK


@pytest.fixture
def kubeflow(http_server: HTTPServer) -> HTTPServer:
    """A server with Dex's login form, which accepts every user who enters a name."""

    def log_in(request: Request) -> Response:
        if not request.form["login"]:
            return Response(REJECTED, 401, content_type="text/html")
        answer = Response("", 302, {"Location": "/home"})
        answer.set_cookie("session", SESSION)
        return answer

    http_server.expect_request(DEX, "GET").respond_with_data("the form", content_type="text/html")
    http_server.expect_request(DEX, "POST").respond_with_handler(log_in)
    http_server.expect_request("/oauth2/start").respond_with_data("", 302, {"Location": DEX})
    http_server.expect_request("/home").respond_with_data("welcome")
    return http_server


CHOICES = """<h2 class="theme-heading">Log in to dex </h2><div>
<div class="theme-form-row"><a href="/dex/auth/corp?client_id=kubeflow&amp;state=x" target="_self">
<button class="dex-btn theme-btn-provider"><span class="dex-btn-icon dex-btn-icon--mockCallback"></span>
<span class="dex-btn-text">Log in with Corp LDAP</span></button></a></div>{local}</div>"""
"""Dex's page of choices."""
LOCAL_CHOICE = """<div class="theme-form-row"><a href="/dex/auth/local?client_id=kubeflow&amp;state=x" target="_self">
<button class="dex-btn theme-btn-provider"><span class="dex-btn-icon dex-btn-icon--local"></span>
<span class="dex-btn-text">Log in with Email</span></button></a></div>"""


@pytest.fixture(params=["redirect to Dex", "sign-in page", "page of choices"])
def entry_point(request: pytest.FixtureRequest, kubeflow: HTTPServer) -> str:
    """The URL of an entry point with one of the possible first pages."""
    choices = Response(CHOICES.format(local=LOCAL_CHOICE), content_type="text/html")
    kubeflow.expect_request("/dex/auth").respond_with_response(choices)
    kubeflow.expect_request("/dex/auth/local", query_string="client_id=kubeflow&state=x").respond_with_data(
        "", 302, {"Location": DEX}
    )
    answer = {
        "redirect to Dex": Response("", 302, {"Location": DEX}),
        "sign-in page": Response(BUTTON, 403),
        "page of choices": Response("", 302, {"Location": "/dex/auth?redirect_uri=/callback"}),
    }[request.param]
    kubeflow.expect_request("/").respond_with_response(answer)
    return f"http://localhost:{kubeflow.port}"


class TestLogin:
    """The client finds Dex's form behind both kinds of first page, and submits it."""

    def test_redirect_and_button_lead_to_dex(self, entry_point: str, http: LabHttp) -> None:
        assert http.follow(entry_point).text == "the form"
        assert http.get(entry_point).status_code in (302, 403)

    def test_the_history_has_the_redirects_before_a_page_of_choices(self, kubeflow: HTTPServer, http: LabHttp) -> None:
        redirect(kubeflow, "/", "/dex/auth?redirect_uri=/callback")
        kubeflow.expect_request("/dex/auth").respond_with_data(CHOICES.format(local=LOCAL_CHOICE))
        redirect(kubeflow, "/dex/auth/local", DEX)
        history = http.follow(f"http://localhost:{kubeflow.port}").history
        assert [answer.headers["Location"] for answer in history] == ["/dex/auth?redirect_uri=/callback", DEX]

    def test_only_other_choices_are_reported_by_name(self, kubeflow: HTTPServer, http: LabHttp) -> None:
        kubeflow.expect_request("/").respond_with_data(CHOICES.format(local=""))
        with pytest.raises(LabError) as caught:
            http.follow(f"http://localhost:{kubeflow.port}")
        assert caught.value.headline == ("Dex offers no login with a password of its own, only: Log in with Corp LDAP")

    def test_a_login_returns_the_session(self, entry_point: str, http: LabHttp, secrets: Secrets) -> None:
        result = http.submit_form(entry_point, {"login": "user@example.com"})
        assert (result.answer.text, dict(result.cookies)) == ("welcome", {"session": SESSION})
        assert (result.login_error, result.entry_point) == ("", entry_point)
        assert secrets.redact(SESSION) == MASK

    def test_an_empty_form_is_submitted(self, entry_point: str, http: LabHttp) -> None:
        result = http.submit_form(entry_point, {"login": ""})
        assert (result.login_error, dict(result.cookies)) == ("Invalid Email Address and password.", {})
        assert result.answer.url.endswith(DEX)


@pytest.mark.parametrize(
    ("status", "first_page", "expected"),
    [
        (200, "dex", True),
        (302, "dex", True),
        (403, "dex", False),
        (403, "sign-in", True),
        (404, "dex", False),
        (404, "sign-in", False),
        (503, "sign-in", False),
    ],
)
def test_statuses_of_kubeflow_and_of_a_gateway(status: int, first_page: str, expected: bool) -> None:
    assert is_served(status, first_page) is expected
