"""lab/resolving.py: HTTP to names that only the lab has."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from lab.errors import LabError
from lab.resolving import session

HERE = IPv4Address("127.0.0.1")
HOST = "nginx.example.it"


def url(server: HTTPServer, path: str = "/", host: str = HOST, scheme: str = "http") -> str:
    """The server's, under a name that no name server has."""
    return f"{scheme}://{host}:{server.port}{path}"


@pytest.fixture
def server(http_server: HTTPServer) -> HTTPServer:
    """It answers with the host that it was asked for."""
    http_server.expect_request("/").respond_with_handler(lambda request: Response(request.headers["Host"]))
    return http_server


def test_the_server_at_the_address_is_asked_for_the_host(server: HTTPServer) -> None:
    with session({HOST: HERE}) as http:
        assert http.get(url(server), timeout=5).text == f"{HOST}:{server.port}"


def test_each_host_has_its_own_address(server: HTTPServer) -> None:
    with session({"one.example.it": HERE, "two.example.it": IPv4Address("127.0.0.2")}) as http:
        assert http.get(url(server, host="one.example.it"), timeout=5).ok
        with pytest.raises(OSError, match=r"127\.0\.0\.2"):
            http.get(url(server, host="two.example.it"), timeout=5)


def test_a_redirect_on_the_same_host_is_followed(server: HTTPServer) -> None:
    server.expect_request("/old").respond_with_data("", 302, {"Location": url(server)})
    with session({HOST: HERE}) as http:
        assert http.get(url(server, "/old"), timeout=5).text == f"{HOST}:{server.port}"


def test_a_redirect_to_another_host_of_the_lab_asks_for_that_one(server: HTTPServer) -> None:
    server.expect_request("/old").respond_with_data("", 302, {"Location": url(server, host="dex.example.it")})
    with session({HOST: HERE, "dex.example.it": HERE}) as http:
        assert http.get(url(server, "/old"), timeout=5).text == f"dex.example.it:{server.port}"


@pytest.mark.parametrize("scheme", ["http", "https"])
class TestAHostWithoutAnAddress:
    """It is not asked, also where its name would resolve."""

    def test_is_refused(self, server: HTTPServer, scheme: str) -> None:
        with session({HOST: HERE}) as http, pytest.raises(LabError) as caught:
            http.get(url(server, "/secret", "localhost", scheme), timeout=5)
        assert caught.value.what.startswith(f"{scheme}://localhost was not asked")
        assert caught.value.expected == f"only http://{HOST}"
        assert server.log == []

    def test_is_refused_as_the_target_of_a_redirect(self, server: HTTPServer, scheme: str) -> None:
        target = url(server, "/secret", "localhost", scheme)
        server.expect_request("/old").respond_with_data("", 302, {"Location": target})
        with session({HOST: HERE}) as http, pytest.raises(LabError) as caught:
            http.get(url(server, "/old"), timeout=5)
        assert target in caught.value.seen
        assert [request.path for request, _ in server.log] == ["/old"]


def test_a_host_of_the_lab_is_not_asked_by_tls_which_it_does_not_speak(server: HTTPServer) -> None:
    with session({HOST: HERE}) as http, pytest.raises(LabError, match=f"https://{HOST} was not asked"):
        http.get(url(server, scheme="https"), timeout=5)


def test_a_proxy_of_this_machine_is_not_asked(server: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with session({HOST: HERE}) as http:
        assert http.get(url(server), timeout=5).ok


def test_cookies_stay_with_their_host(server: HTTPServer) -> None:
    def cookies(request: Request) -> Response:
        return Response(request.headers.get("Cookie", "none"))

    server.expect_request("/login").respond_with_data("", headers={"Set-Cookie": "session=1"})
    server.expect_request("/cookies").respond_with_handler(cookies)
    with session({HOST: HERE, "dex.example.it": HERE}) as http:
        http.get(url(server, "/login"), timeout=5)
        assert http.get(url(server, "/cookies"), timeout=5).text == "session=1"
        assert http.get(url(server, "/cookies", "dex.example.it"), timeout=5).text == "none"
