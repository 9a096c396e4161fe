"""lab/k8s/api_kinds.py: finding the kinds of manifests that a cluster does not serve."""

from __future__ import annotations

import pytest
from pytest_httpserver import HTTPServer

from lab import releases
from lab.errors import KnownFailureId, LabError
from lab.k8s.api_kinds import check_kinds_served, is_kubernetes_group, list_defined_kinds, list_unserved_kinds
from lab.k8s.client import Kube
from lab.k8s.objects import Object
from tests.fake_cluster import FakeCluster

RELEASE = releases.load("1.7")


def make_object(api_version: str, kind: str) -> Object:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": "nightly"}}


def make_crd(**served: bool) -> Object:
    """Return the CRD of Backup, with its versions."""
    crd = make_object("apiextensions.k8s.io/v1", "CustomResourceDefinition")
    versions = [{"name": name, "served": is_served} for name, is_served in served.items()]
    return {**crd, "spec": {"group": "storage.example", "names": {"kind": "Backup"}, "versions": versions}}


def serve(server: HTTPServer, api_version: str, **kinds: str) -> None:
    """Let the API server serve kinds in an API version, given by the names of their resources."""
    resources = [{"name": name.replace("_", "/"), "kind": kind} for name, kind in kinds.items()]
    server.expect_request(f"/apis/{api_version}").respond_with_json({"kind": "APIResourceList", "resources": resources})


@pytest.fixture(autouse=True)
def served_crds(http_server: HTTPServer, cluster: FakeCluster) -> None:
    """Serve the API version of CRDs, as every cluster does."""
    serve(http_server, "apiextensions.k8s.io/v1", customresourcedefinitions="CustomResourceDefinition")


@pytest.fixture(autouse=True)
def unserved_versions(http_server: HTTPServer) -> None:
    """Answer requests for API versions that the server does not know."""
    for version in ("autoscaling/v2beta2", "storage.example/v1", "storage.example/v1alpha1", "policy/v1beta1"):
        http_server.expect_request(f"/apis/{version}").respond_with_data("404 page not found", 404)


def test_kinds_of_the_server_and_of_crds_are_served(kube: Kube) -> None:
    objects = [
        make_object("v1", "Pod"),
        make_object("apps/v1", "Deployment"),
        make_object("storage.example/v1", "Backup"),
        make_crd(v1=True),
    ]
    assert list_unserved_kinds(objects, kube) == {}
    check_kinds_served(objects, kube, RELEASE)


def test_unknown_version_is_unserved(kube: Kube) -> None:
    autoscaler = make_object("autoscaling/v2beta2", "HorizontalPodAutoscaler")
    assert list_unserved_kinds([make_object("v1", "Pod"), autoscaler, autoscaler], kube) == {
        ("autoscaling/v2beta2", "HorizontalPodAutoscaler"): 2
    }


def test_unknown_kind_in_a_known_version_is_unserved(kube: Kube) -> None:
    assert list_unserved_kinds([make_object("apps/v1", "Backup")], kube) == {("apps/v1", "Backup"): 1}


def test_subresource_is_not_a_kind(kube: Kube, http_server: HTTPServer) -> None:
    serve(http_server, "storage.example/v2", backups="Backup", backups_scale="Scale")
    assert kube.list_kinds("storage.example/v2") == {"Backup"}


@pytest.mark.parametrize("crd", [make_crd(v1=False), make_crd(v1alpha1=True), make_crd()])
def test_version_that_a_crd_does_not_serve_is_unserved(kube: Kube, crd: Object) -> None:
    assert len(list_unserved_kinds([make_object("storage.example/v1", "Backup"), crd], kube)) == 1


def test_kinds_are_not_cached(kube: Kube, http_server: HTTPServer) -> None:
    """The server may have been upgraded, or a CRD may have been created."""
    assert {"Deployment", "StatefulSet"} <= kube.list_kinds("apps/v1")
    http_server.clear()
    serve(http_server, "apps/v1", backups="Backup")
    assert kube.list_kinds("apps/v1") == {"Backup"}


def test_error_names_both_versions_and_each_kind(kube: Kube) -> None:
    objects = [
        make_object("autoscaling/v2beta2", "HorizontalPodAutoscaler"),
        make_object("policy/v1beta1", "PodDisruptionBudget"),
    ]
    with pytest.raises(LabError) as caught:
        check_kinds_served(objects, kube, RELEASE)
    error = caught.value
    assert "Kubernetes v1.25.4 does not serve all kinds of objects that Kubeflow 1.7.0" in error.headline
    assert "nothing was applied" in error.headline
    assert error.expected == "Kubernetes >=1.24,<1.26, which Kubeflow 1.7.0 supports"
    assert error.seen.splitlines() == [
        "this Kubernetes does not serve HorizontalPodAutoscaler in autoscaling/v2beta2; Kubernetes 1.26 was the first "
        "without it (1 object)",
        "this Kubernetes does not serve PodDisruptionBudget in policy/v1beta1; Kubernetes 1.25 was the first without "
        "it (1 object)",
    ]
    assert error.known_failure is KnownFailureId.KUBERNETES_TOO_NEW


def test_error_names_at_most_a_dozen_kinds(kube: Kube) -> None:
    with pytest.raises(LabError, match="and 3 more"):
        check_kinds_served([make_object("apps/v1", f"Backup{number}") for number in range(15)], kube, RELEASE)


@pytest.mark.parametrize(
    ("api_version", "expected"),
    [
        ("v1", True),
        ("apps/v1", True),
        ("autoscaling/v2beta2", True),
        ("flowcontrol.apiserver.k8s.io/v1beta1", True),
        ("networking.k8s.io/v1beta1", True),
        ("gateway.networking.k8s.io/v1", False),
        ("snapshot.storage.k8s.io/v1", False),
        ("metrics.k8s.io/v1beta1", False),
        ("jobset.x-k8s.io/v1alpha2", False),
        ("kubeflow.org/v1beta1", False),
        ("networking.istio.io/v1beta1", False),
    ],
)
def test_groups_of_kubernetes_itself(api_version: str, expected: bool) -> None:
    assert is_kubernetes_group(api_version) is expected


@pytest.mark.parametrize(
    ("objects", "expected"),
    [
        ([], "no CRD in the tree defines kind Backup in storage.example/v1 (2 objects)"),
        ([make_crd(v1alpha1=True)], "the CRD of Backup in the tree serves storage.example/v1alpha1, and not"),
    ],
)
def test_missing_crd_is_no_problem_of_kubernetes(kube: Kube, objects: list[Object], expected: str) -> None:
    backup = make_object("storage.example/v1", "Backup")
    with pytest.raises(LabError) as caught:
        check_kinds_served([backup, backup, *objects], kube, RELEASE)
    error = caught.value
    assert error.headline == "a CRD is missing for objects of Kubeflow 1.7.0; nothing was applied"
    assert error.seen.startswith(expected)
    assert error.known_failure is None
    assert "Kubernetes" not in f"{error.headline} {error.seen} {error.remedy}"


def test_missing_crd_is_named_beside_an_old_version_of_kubernetes(kube: Kube) -> None:
    objects = [make_object("storage.example/v1", "Backup"), make_object("policy/v1beta1", "PodDisruptionBudget")]
    with pytest.raises(LabError) as caught:
        check_kinds_served(objects, kube, RELEASE)
    assert "Kubernetes v1.25.4 does not serve" in caught.value.headline
    assert "no CRD in the tree defines kind Backup" in caught.value.seen


def test_kubernetes_that_is_too_old_is_not_too_new(kube: Kube) -> None:
    with pytest.raises(LabError, match=r"supports v1\.25\.4") as caught:
        check_kinds_served([make_object("autoscaling/v2beta2", "x")], kube, releases.load("1.9"))
    assert caught.value.known_failure is None


def test_list_defined_kinds() -> None:
    crd = make_crd(v1=True, v1alpha1=False)
    assert list_defined_kinds([make_object("v1", "Service"), crd]) == {("storage.example/v1", "Backup")}
