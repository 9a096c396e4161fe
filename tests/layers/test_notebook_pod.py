"""lab/layers/notebook_pod.py: the dry run of a notebook's pod, with the words of a real API server."""

from __future__ import annotations

import json

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from lab.errors import LabError
from lab.k8s.client import Kube
from lab.layers.notebook_pod import NAME, build_notebook_pod, check_pod_accepted

NAMESPACE = "team-a"
NO_DRY_RUN = 'admission webhook "pods.example.com" does not support dry run'
WEBHOOK = (
    'Internal error occurred: failed calling webhook "admission-webhook-deployment.kubeflow.org": failed to call '
    'webhook: Post "https://admission-webhook-service.kubeflow.svc:443/apply-poddefault?timeout=10s": '
)
REJECTIONS = [
    (500, WEBHOOK + 'service "admission-webhook-service" not found', "the Service of a webhook does not exist"),
    (500, WEBHOOK + "context deadline exceeded", "a webhook does not answer in time"),
    (500, WEBHOOK + "x509: certificate signed by unknown authority", "does not trust the certificate of a webhook"),
    (
        403,
        f'pods "{NAME}" is forbidden: exceeded quota: small, requested: pods=1, used: pods=5, limited: pods=5',
        "a ResourceQuota of the namespace is exhausted",
    ),
    (
        403,
        f'pods "{NAME}" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false',
        "Pod Security of the namespace forbids it",
    ),
    (
        403,
        f'pods "{NAME}" is forbidden: error looking up service account team-a/default-editor: serviceaccount '
        '"default-editor" not found',
        "its ServiceAccount does not exist",
    ),
]


def respond(server: HTTPServer, status: int, message: str) -> None:
    """Let the API server answer the dry run of the pod; without a message, it accepts the pod."""

    def answer(request: Request) -> Response:
        assert request.args["dryRun"] == "All"
        content = {"message": message} if message else json.loads(request.data)
        return Response(json.dumps(content), status, content_type="application/json")

    server.expect_request(f"/api/v1/namespaces/{NAMESPACE}/pods/{NAME}", method="PATCH").respond_with_handler(answer)


@pytest.mark.parametrize(("status", "message"), [(200, ""), (400, NO_DRY_RUN)])
def test_pods_that_are_accepted_or_cannot_be_tried_are_no_error(
    kube: Kube, http_server: HTTPServer, status: int, message: str
) -> None:
    respond(http_server, status, message)
    check_pod_accepted(kube, build_notebook_pod(NAMESPACE))


@pytest.mark.parametrize(("status", "message", "summary"), REJECTIONS)
def test_a_rejection_is_explained_with_the_words_of_the_api_server(
    kube: Kube, http_server: HTTPServer, status: int, message: str, summary: str
) -> None:
    respond(http_server, status, message)
    with pytest.raises(LabError, match="no notebook can start in the namespace team-a") as caught:
        check_pod_accepted(kube, build_notebook_pod(NAMESPACE))
    assert summary in caught.value.headline
    assert message in caught.value.seen
    assert caught.value.remedy
