"""lab/k8s/certificates.py: which Certificates must be ready, and what is reported about those that are not."""

from __future__ import annotations

import pytest

from lab.errors import WaitTimeoutError
from lab.k8s.certificates import describe_unready, list_certificates, wait_until_ready
from lab.k8s.client import Kube
from lab.k8s.objects import Object, ObjectRef
from tests.fake_cluster import RESOURCE_VERSION, FakeCluster

WEB = ObjectRef("Certificate", "web", "shop")
NOT_ISSUED = {
    "type": "Ready",
    "status": "False",
    "reason": "DoesNotExist",
    "message": "Issuing certificate as Secret does not exist",
}
READY = {"type": "Ready", "status": "True"}


def make_certificate(*conditions: Object, api_version: str = "cert-manager.io/v1") -> Object:
    """Return a Certificate of an issuer."""
    return {
        "apiVersion": api_version,
        "kind": "Certificate",
        "metadata": {"name": "web", "namespace": "shop", "uid": "uid-of-web", "resourceVersion": RESOURCE_VERSION},
        "spec": {"issuerRef": {"kind": "ClusterIssuer", "name": "shop-ca"}},
        "status": {"conditions": list(conditions)},
    }


def test_certificates_of_knative_are_others() -> None:
    knative = make_certificate(api_version="networking.internal.knative.dev/v1alpha1")
    assert list_certificates([knative]) == []
    assert list_certificates([make_certificate(), knative]) == [WEB]


def test_a_ready_certificate_is_not_described() -> None:
    assert describe_unready([WEB], [make_certificate(READY)]) == []


@pytest.mark.parametrize(
    ("existing", "reason"),
    [
        (
            [make_certificate(NOT_ISSUED)],
            "DoesNotExist: Issuing certificate as Secret does not exist (its issuer is ClusterIssuer shop-ca)",
        ),
        (
            [make_certificate({"type": "Issuing", "status": "True"})],
            "cert-manager has not reported anything about it (its issuer is ClusterIssuer shop-ca)",
        ),
        ([], "it does not exist"),
    ],
)
def test_a_certificate_that_is_not_ready_is_described(existing: list[Object], reason: str) -> None:
    assert describe_unready([WEB], existing) == [f"Certificate web in shop is not ready: {reason}"]


class TestWait:
    """The wait after an installation."""

    def test_ends_when_the_certificates_are_ready(self, cluster: FakeCluster, kube: Kube) -> None:
        cluster.objects["Certificate"] = [make_certificate(NOT_ISSUED)]
        cluster.send_event("MODIFIED", make_certificate(READY))
        cluster.end_watch("Certificate")
        wait_until_ready(kube, [WEB], timeout=5)

    def test_fails_with_the_reason(self, cluster: FakeCluster, kube: Kube) -> None:
        cluster.objects["Certificate"] = [make_certificate(NOT_ISSUED)]
        with pytest.raises(WaitTimeoutError, match="the Certificates of the manifests to be ready") as caught:
            wait_until_ready(kube, [WEB], timeout=1)
        assert "DoesNotExist" in caught.value.seen

    def test_is_not_needed_without_certificates(self, cluster: FakeCluster, kube: Kube) -> None:
        wait_until_ready(kube, [], timeout=1)
        assert cluster.requests == []
