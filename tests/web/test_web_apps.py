"""lab/web/web_apps.py: the attribute Secure of the cookie that the web apps set against forged requests."""

from __future__ import annotations

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Response

from lab.errors import LabError
from lab.web.http_client import get_without_proxy
from lab.web.web_apps import is_csrf_cookie_secure

STICKY = "lb=a; Expires=Fri, 27 Nov 2026 16:00:00 GMT; Path=/; Secure"


@pytest.mark.parametrize(
    ("cookies", "is_secure"),
    [
        (["XSRF-TOKEN=token; Secure; SameSite=Strict; Path=/jupyter/"], True),
        (["XSRF-TOKEN=token; SameSite=Strict; Path=/jupyter/"], False),
        ([STICKY, "XSRF-TOKEN=token; Path=/jupyter/"], False),
        (["XSRF-TOKEN=token; Secure; Path=/jupyter/", "lb=a"], True),
    ],
)
def test_the_attribute_is_read_among_other_cookies(
    cookies: list[str], is_secure: bool, http_server: HTTPServer
) -> None:
    answer = Response("page", headers=[("Set-Cookie", cookie) for cookie in cookies])
    http_server.expect_request("/jupyter/").respond_with_response(answer)
    assert is_csrf_cookie_secure(get_without_proxy(http_server.url_for("/jupyter/"), timeout=5)) is is_secure


def test_a_page_without_the_cookie_is_an_error(http_server: HTTPServer) -> None:
    http_server.expect_request("/jupyter/").respond_with_data("", headers={"Set-Cookie": STICKY})
    with pytest.raises(LabError, match="the web app sets no cookie XSRF-TOKEN"):
        is_csrf_cookie_secure(get_without_proxy(http_server.url_for("/jupyter/"), timeout=5))
