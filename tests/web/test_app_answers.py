"""lab/web/app_answers.py: the answers of apps, of gateways and of stand-ins, over HTTP."""

from __future__ import annotations

import pytest
from pytest_httpserver import HTTPServer

from lab.web.app_answers import LIST, RBAC_REJECTION, describe_wrong_answer
from lab.web.http_client import get_without_proxy

STAND_IN = "stand-in for katib-ui: it responds to probes only, and does not implement /katib/fetch_namespaces"
NOTEBOOKS = '{"notebooks": [], "status": 200, "success": true, "user": "user@example.com"}'
NOT_READY = '{"apiServerReady": false, "buildDate": ""}'


def ask(server: HTTPServer, status: int, text: str, contents: tuple[str, ...], *, allows_stand_in: bool = False) -> str:
    """Return the description of an answer that a server sends."""
    server.expect_request("/api").respond_with_data(text, status)
    answer = get_without_proxy(server.url_for("/api"), timeout=5)
    return describe_wrong_answer(answer, contents, allows_stand_in=allows_stand_in)


@pytest.mark.parametrize(
    ("status", "text", "contents"),
    [
        (200, NOTEBOOKS, ("notebooks",)),
        (200, '["team-a", "default"]', (LIST,)),
        (200, "[]", (LIST,)),
        (200, '{"bindings": []}', ("bindings", RBAC_REJECTION)),
        (200, '{"apiServerReady": true}', ("apiServerReady",)),
        (403, RBAC_REJECTION, ("bindings", RBAC_REJECTION)),
    ],
)
def test_answer_of_the_app_is_accepted(
    http_server: HTTPServer, status: int, text: str, contents: tuple[str, ...]
) -> None:
    assert ask(http_server, status, text, contents) == ""


@pytest.mark.parametrize(
    ("status", "text", "contents", "words"),
    [
        (503, "no healthy upstream", ("notebooks",), "returns 503: no healthy upstream"),
        (404, "", ("notebooks",), "returns 404: an empty answer"),
        (403, RBAC_REJECTION, ("notebooks",), "returns 403: RBAC: access denied"),
        (200, "<!doctype html><title>Kubeflow Central Dashboard</title>", (LIST,), "expected JSON with a list, seen: "),
        (200, NOTEBOOKS, ("pvcs",), "expected JSON with pvcs, seen: "),
        (200, "{}", (LIST,), "expected JSON with a list, seen: "),
        (200, "[]", ("pvcs",), "expected JSON with pvcs, seen: "),
        (200, NOT_READY, ("apiServerReady",), "expected JSON with apiServerReady, seen: "),
    ],
)
def test_other_answer_is_described(
    http_server: HTTPServer, status: int, text: str, contents: tuple[str, ...], words: str
) -> None:
    assert words in ask(http_server, status, text, contents, allows_stand_in=True)


def test_stand_in_is_accepted_only_in_a_lab_with_stand_ins(http_server: HTTPServer) -> None:
    assert ask(http_server, 501, STAND_IN, (LIST,), allows_stand_in=True) == ""
    assert f"returns 501: {STAND_IN}" in ask(http_server, 501, STAND_IN, (LIST,))


def test_other_501_is_no_stand_in(http_server: HTTPServer) -> None:
    assert "returns 501" in ask(http_server, 501, "Unsupported method", (LIST,), allows_stand_in=True)
