"""lab/preflight/entry_points.py: an entry point that cannot be used is reported before the run."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from lab.config.entry_points import PORT_FORWARD_URL
from lab.preflight.entry_points import check_entry_point, follow_https_redirects
from tests.conftest import MakeContext
from tests.tls_server import HOST, Authority

EXISTING = {"lab": "existing", "ingress_address": "127.0.0.1"}


def test_an_entry_point_that_answers_has_no_finding(http_server: HTTPServer, make_context: MakeContext) -> None:
    http_server.expect_request("/").respond_with_data("", 302, {"Location": "/dex/auth"})
    url = f"http://{HOST}:{http_server.port}"
    assert not list(check_entry_point(url, make_context(**EXISTING, url=[url])))


def test_the_port_forward_is_not_requested_before_it_is_open(make_context: MakeContext) -> None:
    assert not list(check_entry_point(PORT_FORWARD_URL, make_context(**EXISTING, url=[PORT_FORWARD_URL])))


def test_a_host_without_address_is_an_error(make_context: MakeContext) -> None:
    url = "https://kubeflow.invalid"
    [finding] = check_entry_point(url, make_context(lab="existing", url=[url]))
    assert (finding.severity, finding.problem.headline) == ("error", "the host kubeflow.invalid has no address")


def test_an_entry_point_that_nobody_serves_is_an_error(make_context: MakeContext) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    url = f"http://{HOST}:{port}"
    [finding] = check_entry_point(url, make_context(**EXISTING, url=[url]))
    assert finding.problem.headline == f"{url} does not answer"
    assert "Connection refused" in finding.problem.seen


def test_an_untrusted_certificate_is_an_error(tmp_path: Path, make_context: MakeContext) -> None:
    with Authority.create(tmp_path).serve() as server:
        url = f"https://{HOST}:{server.port}"
        [finding] = check_entry_point(url, make_context(**EXISTING, url=[url]))
    assert "its certificate authority is unknown" in finding.problem.headline


class TestRedirects:
    """A redirect to HTTPS at the same host replaces the entry point; other redirects are left to the scenarios."""

    @pytest.mark.parametrize("status", [301, 302, 307, 308])
    def test_the_same_host(self, status: int, http_server: HTTPServer, make_context: MakeContext) -> None:
        http_server.expect_request("/").respond_with_data("", status, {"Location": f"https://{HOST}/"})
        url, other = f"http://{HOST}:{http_server.port}", "https://other.corp.example"
        context = follow_https_redirects(make_context(**EXISTING, url=[url, other]))
        assert context.settings.url == (f"https://{HOST}", other)
        assert context.progress.notes == [
            f"{url} redirects to https://{HOST}, which the scenarios use as the entry point"
        ]

    @pytest.mark.parametrize("location", ["https://sso.corp.example/", "/dex/auth", f"http://{HOST}/"])
    def test_other_places(self, location: str, http_server: HTTPServer, make_context: MakeContext) -> None:
        http_server.expect_request("/").respond_with_data("", 302, {"Location": location})
        context = make_context(**EXISTING, url=[f"http://{HOST}:{http_server.port}"])
        assert follow_https_redirects(context) is context
