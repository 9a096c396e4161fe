"""lab/k8s/image_pulls.py and moved_images.py: failed pulls are explained by the runtime's message."""

from __future__ import annotations

import pytest

from lab.k8s.image_pulls import SUMMARY, UNKNOWN, explain_pull
from lab.k8s.moved_images import describe_move, load_table

IMAGE = "registry.example.org/web:1"
PULL = (
    f'Failed to pull image "{IMAGE}": rpc error: code = Unknown desc = failed to pull and unpack image "{IMAGE}": '
    "failed "
    f'to resolve reference "{IMAGE}"'
)
HEAD = f'{PULL}: failed to do request: Head "https://registry.example.org/v2/web/manifests/1"'


# Messages of containerd, CRI-O and Docker.
@pytest.mark.parametrize(
    ("message", "summary"),
    [
        (f"{PULL}: {IMAGE}: not found", "does not have it"),
        ("reading manifest 1 in registry.example.org/web: manifest unknown", "does not have it"),
        ("Error response from daemon: manifest for web:1 not found: manifest unknown", "does not have it"),
        (
            f"{PULL}: failed to authorize: failed to fetch anonymous token: unexpected status: 403 Forbidden",
            "credentials",
        ),
        (f"{PULL}: unexpected status code [manifests 1]: 401 Unauthorized", "credentials"),
        (
            f"{PULL}: pull access denied, repository does not exist or may require authorization: server message: "
            "insufficient_scope: authorization failed",
            "credentials",
        ),
        ("reading manifest 1 in quay.io/a/b: unauthorized: access to the requested resource is not", "credentials"),
        (
            f"{PULL}: unexpected status from HEAD request: 429 Too Many Requests - Server message: toomanyrequests: "
            "You "
            "have reached your unauthenticated pull rate limit.",
            "limits pulls",
        ),
        (f"{HEAD}: dial tcp: lookup registry.example.org on 10.0.0.2:53: no such host", "cannot resolve"),
        (f"{HEAD}: dial tcp: lookup registry.example.org: Temporary failure in name resolution", "cannot resolve"),
        (f"{HEAD}: dial tcp 142.250.1.82:443: i/o timeout", "cannot reach"),
        (f"{HEAD}: dial tcp 142.250.1.82:443: connect: network is unreachable", "cannot reach"),
        (f"{HEAD}: proxyconnect tcp: dial tcp 127.0.0.1:3128: connect: connection refused", "cannot reach"),
        (f"{HEAD}: x509: certificate signed by unknown authority", "does not trust"),
        (f"{HEAD}: tls: failed to verify certificate: x509: certificate has expired", "does not trust"),
        (f"{HEAD}: http: server gave HTTP response to HTTPS client", "plain HTTP"),
        (
            f'rpc error: code = NotFound desc = failed to pull and unpack image "{IMAGE}": no match for platform in '
            "manifest: not found",
            "CPU architecture",
        ),
        ("no matching manifest for linux/arm64/v8 in the manifest list entries", "CPU architecture"),
        (f"{PULL}: unexpected status: 503 Service Unavailable", "out of order"),
        ("failed to extract layer: write /var/lib/x: no space left on device", "disk of the node is full"),
    ],
)
def test_each_failure_has_its_own_explanation(message: str, summary: str) -> None:
    explanation = explain_pull(f"ErrImagePull: {message}", IMAGE)
    assert explanation.summary.startswith(f"{SUMMARY}: ")
    assert summary in explanation.summary


@pytest.mark.parametrize("digits", ["401", "403", "404", "429", "503"])
def test_digits_of_a_digest_are_no_status(digits: str) -> None:
    image = f"gcr.io/knative-releases/queue@sha256:{digits}{'a' * 61}"
    assert explain_pull(f'ImagePullBackOff: Back-off pulling image "{image}"', image) == UNKNOWN


def test_words_in_the_name_of_an_image_are_no_reason() -> None:
    image = "registry.example.org/denied/unauthorized:x509"
    assert (
        "cannot resolve" in explain_pull(f"pulling {image}: lookup registry.example.org: no such host", image).summary
    )


@pytest.mark.parametrize("answer", ["401 Unauthorized", "403 Forbidden", "not found"])
def test_an_image_that_has_moved_has_its_new_home_as_the_remedy(answer: str) -> None:
    image = "gcr.io/arrikto/kubeflow/oidc-authservice:e236439"
    explanation = explain_pull(f"ErrImagePull: failed to resolve reference {image}: unexpected status: {answer}", image)
    assert "was removed" in explanation.summary
    assert "docker.io/kubeflowmanifestswg/oidc-authservice:e236439" in explanation.remedy


def test_a_moved_image_is_not_the_cause_of_a_failed_network() -> None:
    image = "gcr.io/kubebuilder/kube-rbac-proxy:v0.8.0"
    assert "cannot reach" in explain_pull("dial tcp 142.250.1.82:443: i/o timeout", image).summary


@pytest.mark.parametrize(
    ("image", "move"),
    [
        ("gcr.io/kubebuilder/kube-rbac-proxy:v0.13.1", "quay.io/brancz/kube-rbac-proxy:v0.13.1"),
        (
            "gcr.io/ml-pipeline/workflow-controller:v3.3.8-license-compliance",
            "quay.io/argoproj/workflow-controller:v3.3.8 ",
        ),
        (
            "gcr.io/ml-pipeline/minio:RELEASE.2019-08-14T20-37-41Z-license-compliance",
            "docker.io/minio/minio:RELEASE.2019-08-14T20-37-41Z ",
        ),
        ("gcr.io/ml-pipeline/mysql:8.0.26", "docker.io/library/mysql:8.0.26"),
        ("gcr.io/ml-pipeline/api-server:2.0.0-alpha.7", "ghcr.io/kubeflow/kfp-*"),
        ("gcr.io/istio-release/pilot:1.22.0", "docker.io/istio/pilot:1.22.0"),
        (f"gcr.io/istio-release/proxyv2@sha256:{'a' * 64}", f"docker.io/istio/proxyv2@sha256:{'a' * 64}"),
        ("bitnami/kubectl", "docker.io/bitnamisecure/kubectl:latest"),
    ],
)
def test_new_homes(image: str, move: str) -> None:
    assert move in describe_move(image)


@pytest.mark.parametrize(
    "image", ["nginx", "gcr.io/tfx-oss-public/ml_metadata_store_server:1.5.0", "gcr.io/ml-pipelines/a", ""]
)
def test_other_images_have_not_moved(image: str) -> None:
    assert describe_move(image) == ""


def test_specific_rows_precede_general_ones() -> None:
    rows = load_table()
    for number, row in enumerate(rows):
        assert not any(earlier.has(row.old) for earlier in rows[:number])
