"""lab/k8s/api_kinds.py: finding the kinds of manifests that a cluster does not serve."""

from __future__ import annotations

import pytest
from pytest_httpserver import HTTPServer

from lab import releases
from lab.errors import LabError
from lab.k8s.api_kinds import check_kinds_served, list_unserved_kinds
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
    assert list_unserved_kinds(objects, kube) == []
    check_kinds_served(objects, kube, RELEASE)


def test_unknown_version_is_unserved(kube: Kube) -> None:
    autoscaler = make_object("autoscaling/v2beta2", "HorizontalPodAutoscaler")
    assert list_unserved_kinds([make_object("v1", "Pod"), autoscaler, autoscaler], kube) == [
        "HorizontalPodAutoscaler in autoscaling/v2beta2 (2 objects)"
    ]


def test_unknown_kind_in_a_known_version_is_unserved(kube: Kube) -> None:
    [unserved] = list_unserved_kinds([make_object("apps/v1", "Backup")], kube)
    assert unserved.startswith("Backup in apps/v1 (")


def test_subresource_is_not_a_kind(kube: Kube, http_server: HTTPServer) -> None:
    serve(http_server, "storage.example/v2", backups="Backup", backups_scale="Scale")
    assert kube.list_kinds("storage.example/v2") == {"Backup"}


@pytest.mark.parametrize("crd", [make_crd(v1=False), make_crd(v1alpha1=True), make_crd()])
def test_version_that_a_crd_does_not_serve_is_unserved(kube: Kube, crd: Object) -> None:
    assert len(list_unserved_kinds([make_object("storage.example/v1", "Backup"), crd], kube)) == 1


def test_kinds_are_not_cached(kube: Kube, http_server: HTTPServer) -> None:
    """The server may have been upgraded, or a CRD may have been created."""
    assert kube.list_kinds("apps/v1") == {"Deployment", "StatefulSet"}
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
    assert "HorizontalPodAutoscaler in autoscaling/v2beta2" in error.seen
    assert "PodDisruptionBudget in policy/v1beta1" in error.seen
    assert "more" not in error.seen


def test_error_names_at_most_a_dozen_kinds(kube: Kube) -> None:
    with pytest.raises(LabError, match="and 3 more"):
        check_kinds_served([make_object("apps/v1", f"Backup{number}") for number in range(15)], kube, RELEASE)
