"""lab/layers/ingress_admission.py: the dry run of a second Ingress, with the words of a real API server."""

from __future__ import annotations

import json

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from lab.errors import LabError
from lab.k8s.client import Kube
from lab.k8s.objects import Object, ObjectRef
from lab.layers.ingress_admission import CONFIGURATION, NAME, check_duplicate_rejected
from tests.fake_cluster import FakeCluster

HOST = "web.example.it"
SITE = ObjectRef("Ingress", "web", "default")
INGRESSES = "/apis/networking.k8s.io/v1/namespaces/default/ingresses"
BACKEND = {"service": {"name": "web", "port": {"number": 80}}}
INGRESS: Object = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "Ingress",
    "metadata": {"name": "web", "namespace": "default"},
    "spec": {"rules": [{"host": HOST, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": BACKEND}]}}]},
}
DENIED = (
    'admission webhook "validate.nginx.ingress.kubernetes.io" denied the request: host "web.example.it" and path "/" '
    "is already defined in ingress "
)
NOT_CALLED = (
    'Internal error occurred: failed calling webhook "validate.nginx.ingress.kubernetes.io": failed to call webhook: '
    'Post "https://ingress-nginx-controller-admission.kube-system.svc:443/networking/v1/ingresses?timeout=10s": no '
    'endpoints available for service "ingress-nginx-controller-admission"'
)


@pytest.fixture
def site(cluster: FakeCluster) -> ObjectRef:
    """The Ingress of the site, which the API server has."""
    cluster.objects["Ingress"] = [INGRESS]
    return SITE


def respond(server: HTTPServer, status: int, message: str) -> list[Object]:
    """Let the API server answer the dry run; without a message, it accepts the Ingress.

    Returns:
        A list that receives the Ingress.
    """
    tried: list[Object] = []

    def answer(request: Request) -> Response:
        assert request.args["dryRun"] == "All"
        tried.append(json.loads(request.data))
        content = {"message": message} if message else tried[-1]
        return Response(json.dumps(content), status, content_type="application/json")

    server.expect_request(f"{INGRESSES}/{NAME}", method="PATCH").respond_with_handler(answer)
    return tried


def test_rejection_because_of_the_host_and_path_is_no_error(
    kube: Kube, http_server: HTTPServer, site: ObjectRef
) -> None:
    tried = respond(http_server, 400, f"{DENIED}default/web")
    check_duplicate_rejected(kube, site, HOST)
    [second] = tried
    assert second["metadata"] == {"name": NAME, "namespace": "default"}
    assert second["spec"] == INGRESS["spec"]


@pytest.mark.parametrize(
    ("configurations", "seen"),
    [
        ((), f"there is no ValidatingWebhookConfiguration {CONFIGURATION}, so the API server does not ask"),
        ((CONFIGURATION,), f"the ValidatingWebhookConfiguration {CONFIGURATION} exists, and its webhook accepts"),
    ],
)
def test_accepted_ingress_is_an_error_that_says_if_the_webhook_is_asked(
    kube: Kube, cluster: FakeCluster, site: ObjectRef, configurations: tuple[str, ...], seen: str
) -> None:
    kind = "ValidatingWebhookConfiguration"
    cluster.objects[kind] = [{"kind": kind, "metadata": {"name": name}} for name in configurations]
    respond(cluster.server, 200, "")
    with pytest.raises(LabError, match=r"accepts a second Ingress for web\.example\.it") as caught:
        check_duplicate_rejected(kube, site, HOST)
    assert seen in caught.value.seen
    assert "ingress-nginx" in caught.value.remedy


@pytest.mark.parametrize(
    ("status", "message", "headline"),
    [
        (500, NOT_CALLED, "the API server cannot check Ingresses: a webhook does not answer"),
        (500, NOT_CALLED.replace("no endpoints", "x509: unknown"), "does not trust the certificate of a webhook"),
        (
            400,
            f"{DENIED}default/other",
            "rejects a second Ingress for web.example.it, but not because of its host and path",
        ),
        (
            403,
            'admission webhook "team.example.com" denied the request: no owner',
            "but not because of its host and path",
        ),
    ],
)
def test_another_rejection_is_an_error_with_the_words_of_the_api_server(
    kube: Kube, http_server: HTTPServer, site: ObjectRef, status: int, message: str, headline: str
) -> None:
    respond(http_server, status, message)
    with pytest.raises(LabError) as caught:
        check_duplicate_rejected(kube, site, HOST)
    assert headline in caught.value.headline
    assert message in caught.value.seen
    assert caught.value.remedy


def test_missing_ingress_of_the_site_is_reported(kube: Kube) -> None:
    with pytest.raises(LabError, match="there is no Ingress web in default"):
        check_duplicate_rejected(kube, SITE, HOST)
