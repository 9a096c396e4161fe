"""lab/layers/direct_requests.py: rejections differ from answers, and from Services that are down."""

from __future__ import annotations

import pytest

from lab.layers import direct_requests
from lab.layers.direct_requests import TIMED_OUT, DirectAnswer, write_script
from lab.run.shell import Shell
from tests.conftest import WriteProgram


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("HTTP/1.1 403 Forbidden", True),
        ("wget: error getting response: Connection reset by peer", True),
        ("HTTP/1.1 200 OK", False),
        ("HTTP/1.1 302 Found", False),
        ("HTTP/1.1 503 Service Unavailable", False),
        ("wget: bad address 'web.kubeflow.svc:80'", False),
        ("wget: can't connect to remote host (10.43.0.9): Connection refused", False),
        ("", False),
    ],
)
def test_only_403_and_a_closed_connection_are_rejections(output: str, expected: bool) -> None:
    assert DirectAnswer("web", "http://web", output).is_rejection is expected


def test_a_network_policy_may_prevent_the_connection_but_not_excuse_an_answer() -> None:
    refused = "wget: can't connect to remote host (10.43.0.9): Connection refused"
    assert DirectAnswer("web", "http://web", refused, may_be_isolated=True).is_rejection
    assert DirectAnswer("web", "http://web", TIMED_OUT, may_be_isolated=True).is_rejection
    assert not DirectAnswer("web", "http://web", "HTTP/1.1 200 OK", may_be_isolated=True).is_rejection


@pytest.mark.parametrize("output", ["wget: bad address 'web.kubeflow.svc:80'", ""])
def test_a_network_policy_does_not_excuse_a_request_that_was_not_sent(output: str) -> None:
    assert not DirectAnswer("web", "http://web", output, may_be_isolated=True).is_rejection


def test_a_pod_that_sent_nothing_is_described() -> None:
    assert str(DirectAnswer("web", "http://web", "")) == "no output"


def test_the_script_prints_one_line_for_each_request(
    write_program: WriteProgram, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(direct_requests, "ANSWER_TIMEOUT", 1)
    write_program(
        "wget",
        """for last; do :; done
case $last in
    */rejected) echo "  HTTP/1.1 403 Forbidden
  server: envoy" >&2; exit 8 ;;
    */silent) exec sleep 30 ;;
    *) echo "wget: bad address '$last' for $5" >&2; exit 1 ;;
esac""",
    )
    urls = ("http://web/rejected", "http://web/silent", "http://nowhere/")
    result = shell.run("sh", "-c", write_script(urls, {"user": "a b"}))
    assert result.output.splitlines() == [
        "HTTP/1.1 403 Forbidden",
        TIMED_OUT,
        "wget: bad address 'http://nowhere/' for --header=user: a b",
    ]
