"""lab/k8s/server_side_apply.py: applying objects over HTTP, to a server that answers as the API server does."""

from __future__ import annotations

import json
import time

import pytest
import yaml
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from lab.errors import UnrecoverableError, WaitTimeoutError
from lab.k8s.client import Kube
from lab.k8s.objects import Object
from lab.k8s.server_side_apply import NOT_SERVED, apply_objects
from tests.fake_cluster import FakeCluster

POOL = {
    "apiVersion": "metallb.io/v1beta1",
    "kind": "IPAddressPool",
    "metadata": {"name": "ip-pool", "namespace": "metallb-system"},
}
NAMESPACE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "probes"}}
WEBHOOK_NOT_READY = (
    'Internal error occurred: failed calling webhook "ipaddresspool.metallb.io": connection refused',
    'Internal error occurred: no endpoints available for service "metallb-webhook-service"',
)
DENIED = 'admission webhook "ipaddresspool.metallb.io" denied the request: range is wrong'


class ApplyServer:
    """An API server that accepts objects.

    Attributes:
        applied: The accepted objects.
        rejections: Status and message with which the next requests for the pool are rejected.
    """

    def __init__(self, http_server: HTTPServer) -> None:
        self.applied: list[Object] = []
        self.rejections: list[tuple[int, str]] = []
        pool = "/apis/metallb.io/v1beta1/namespaces/metallb-system/ipaddresspools/ip-pool"
        for path in (pool, "/api/v1/namespaces/probes"):
            http_server.expect_request(path, method="PATCH").respond_with_handler(self._answer)

    def _answer(self, request: Request) -> Response:
        assert request.content_type == "application/apply-patch+yaml"
        assert (request.args["fieldManager"], request.args["force"]) == ("kubeflow-lab", "true")
        obj: Object = json.loads(request.data)
        if self.rejections and obj["kind"] == "IPAddressPool":
            status, message = self.rejections.pop(0)
            return Response(json.dumps({"message": message}), status, content_type="application/json")
        self.applied.append(obj)
        return Response(json.dumps(obj), content_type="application/json")


@pytest.fixture
def server(cluster: FakeCluster, http_server: HTTPServer) -> ApplyServer:
    """Return an API server that accepts objects."""
    return ApplyServer(http_server)


def test_objects_are_applied_in_order(kube: Kube, server: ApplyServer) -> None:
    apply_objects(kube, [NAMESPACE, POOL])
    assert server.applied == [NAMESPACE, POOL]


def test_applied_objects_are_recorded_in_the_journal(kube: Kube, server: ApplyServer) -> None:
    with kube.journal.for_layer("pool"):
        apply_objects(kube, [NAMESPACE, POOL])
    [entry] = [entry for entry in kube.journal.entries if entry.kind == "objects"]
    assert entry.layer == "pool"
    assert list(yaml.safe_load_all(entry.text)) == [NAMESPACE, POOL] == server.applied


@pytest.mark.parametrize("message", WEBHOOK_NOT_READY)
def test_webhook_that_is_not_ready_is_waited_for(kube: Kube, server: ApplyServer, message: str) -> None:
    server.rejections.append((500, message))
    apply_objects(kube, [POOL])
    assert server.applied == [POOL]


def test_overloaded_server_is_asked_again(kube: Kube, server: ApplyServer) -> None:
    server.rejections.append((503, "the server is currently unable to handle the request"))
    apply_objects(kube, [POOL])
    assert server.applied == [POOL]


def test_permanent_rejection_ends_the_wait_immediately(kube: Kube, server: ApplyServer) -> None:
    server.rejections.append((403, DENIED))
    begin = time.monotonic()
    with pytest.raises(UnrecoverableError) as caught:
        apply_objects(kube, [POOL], timeout=60)
    assert time.monotonic() - begin < 5
    assert caught.value.headline.endswith("the API server to accept IPAddressPool ip-pool")
    assert DENIED in caught.value.seen


def test_error_names_an_unknown_kind(kube: Kube, server: ApplyServer) -> None:
    with pytest.raises(WaitTimeoutError) as caught:
        apply_objects(kube, [{**POOL, "apiVersion": "storage.example/v1", "kind": "Backup"}], timeout=0.1)
    assert caught.value.seen == f"{NOT_SERVED} Backup in storage.example/v1"


def test_timeout_error_names_the_objects_and_the_last_rejection(kube: Kube, server: ApplyServer) -> None:
    server.rejections += [(500, WEBHOOK_NOT_READY[0])] * 5
    with pytest.raises(WaitTimeoutError) as caught:
        apply_objects(kube, [POOL, NAMESPACE], timeout=0.1)
    assert "IPAddressPool ip-pool, Namespace probes" in caught.value.headline
    assert caught.value.seen == WEBHOOK_NOT_READY[0]
