"""lab/own_objects.py: objects are applied over HTTP, to a server that answers as the API server does."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
import yaml
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from lab.errors import LabError
from lab.journal import JOURNAL
from lab.kube import Kube
from lab.own_objects import apply
from tests.fake_cluster import FakeCluster, Object

POOL = {
    "apiVersion": "metallb.io/v1beta1",
    "kind": "IPAddressPool",
    "metadata": {"name": "ip-pool", "namespace": "metallb-system"},
}
PROBES = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "probes"}}
NOT_YET = (
    'Internal error occurred: failed calling webhook "ipaddresspool.metallb.io": connection refused',
    'Internal error occurred: no endpoints available for service "metallb-webhook-service"',
)
REFUSED = 'admission webhook "ipaddresspool.metallb.io" denied the request: range is wrong'


class Server:
    """What was applied, and with which words the next requests for the pool are refused."""

    def __init__(self, http_server: HTTPServer) -> None:
        self.applied: list[Object] = []
        self.refusals: list[tuple[int, str]] = []
        pools = "/apis/metallb.io/v1beta1/namespaces/metallb-system/ipaddresspools/ip-pool"
        for path in (pools, "/api/v1/namespaces/probes"):
            http_server.expect_request(path, method="PATCH").respond_with_handler(self._answer)

    def _answer(self, request: Request) -> Response:
        assert request.content_type == "application/apply-patch+yaml"
        assert (request.args["fieldManager"], request.args["force"]) == ("kubeflow-lab", "true")
        one: dict[str, Any] = json.loads(request.data)
        if self.refusals and one["kind"] == "IPAddressPool":
            status, message = self.refusals.pop(0)
            return Response(json.dumps({"message": message}), status, content_type="application/json")
        self.applied.append(one)
        return Response(json.dumps(one), content_type="application/json")


@pytest.fixture
def server(cluster: FakeCluster, http_server: HTTPServer) -> Server:
    """The API server."""
    return Server(http_server)


def test_all_objects_are_applied_in_their_order(kube: Kube, server: Server) -> None:
    apply(kube, [PROBES, POOL])
    assert server.applied == [PROBES, POOL]


def test_what_was_applied_is_in_the_journal(kube: Kube, server: Server) -> None:
    with JOURNAL.of_layer("pool"):
        apply(kube, [PROBES, POOL])
    [found] = [one for one in JOURNAL.entries if (one.kind, one.layer) == ("objects", "pool")]
    assert list(yaml.safe_load_all(found.what)) == [PROBES, POOL] == server.applied


@pytest.mark.parametrize("words", NOT_YET)
def test_a_webhook_that_does_not_answer_yet_is_asked_again(kube: Kube, server: Server, words: str) -> None:
    server.refusals.append((500, words))
    apply(kube, [POOL])
    assert server.applied == [POOL]


def test_a_server_that_has_too_much_to_do_is_asked_again(kube: Kube, server: Server) -> None:
    server.refusals.append((503, "the server is currently unable to handle the request"))
    apply(kube, [POOL])
    assert server.applied == [POOL]


def test_a_refusal_for_good_ends_it_at_once_with_the_server_s_words(kube: Kube, server: Server) -> None:
    server.refusals.append((403, REFUSED))
    begin = time.monotonic()
    with pytest.raises(LabError) as caught:
        apply(kube, [POOL], timeout=60)
    assert time.monotonic() - begin < 5
    assert caught.value.what == "the API server accepts IPAddressPool ip-pool: this cannot come true"
    assert REFUSED in caught.value.seen


def test_a_kind_that_the_server_does_not_know_is_named(kube: Kube, server: Server) -> None:
    with pytest.raises(LabError, match=r"there is no kind Lamp in light\.example/v1"):
        apply(kube, [{**POOL, "apiVersion": "light.example/v1", "kind": "Lamp"}])


def test_a_webhook_that_never_answers_is_named_when_time_is_up(kube: Kube, server: Server) -> None:
    server.refusals += [(500, NOT_YET[0])] * 5
    with pytest.raises(LabError) as caught:
        apply(kube, [POOL, PROBES], timeout=0.1)
    assert "IPAddressPool ip-pool, Namespace probes" in caught.value.what
    assert caught.value.seen == NOT_YET[0]
