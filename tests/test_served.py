"""lab/served.py: whether a cluster serves what manifests consist of."""

from __future__ import annotations

import pytest
from pytest_httpserver import HTTPServer

from lab import releases
from lab.errors import LabError
from lab.kube import Kube, Object
from lab.served import check_served, unserved
from tests.fake_cluster import FakeCluster

RELEASE = releases.load("1.7")


def of(api_version: str, kind: str) -> Object:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": "lamp"}}


def crd(**served: bool) -> Object:
    """The CRD of Lamp, with its versions."""
    one = of("apiextensions.k8s.io/v1", "CustomResourceDefinition")
    versions = [{"name": name, "served": is_served} for name, is_served in served.items()]
    return {**one, "spec": {"group": "light.example", "names": {"kind": "Lamp"}, "versions": versions}}


def serve(server: HTTPServer, api_version: str, **kinds: str) -> None:
    """Has the API server answer what it serves in a version, as kinds by their resources' names."""
    resources = [{"name": name.replace("_", "/"), "kind": kind} for name, kind in kinds.items()]
    server.expect_request(f"/apis/{api_version}").respond_with_json({"kind": "APIResourceList", "resources": resources})


@pytest.fixture(autouse=True)
def crds_are_served(http_server: HTTPServer, cluster: FakeCluster) -> None:
    """As by every Kubernetes."""
    serve(http_server, "apiextensions.k8s.io/v1", customresourcedefinitions="CustomResourceDefinition")


@pytest.fixture(autouse=True)
def the_rest_is_not(http_server: HTTPServer) -> None:
    """As the API server says of a version that it does not know."""
    for version in ("autoscaling/v2beta2", "light.example/v1", "light.example/v1alpha1", "policy/v1beta1"):
        http_server.expect_request(f"/apis/{version}").respond_with_data("404 page not found", 404)


def test_what_the_server_serves_and_what_a_crd_defines_is_not_lacking(kube: Kube) -> None:
    documents = [of("v1", "Pod"), of("apps/v1", "Deployment"), of("light.example/v1", "Lamp"), crd(v1=True)]
    assert unserved(documents, kube) == []
    check_served(documents, kube, RELEASE)


def test_a_version_that_the_server_does_not_know_is_lacking(kube: Kube) -> None:
    documents = [of("v1", "Pod"), *[of("autoscaling/v2beta2", "HorizontalPodAutoscaler")] * 2]
    assert unserved(documents, kube) == ["HorizontalPodAutoscaler in autoscaling/v2beta2 (2 of the manifests' objects)"]


def test_a_kind_that_is_not_in_a_version_that_the_server_knows_is_lacking(kube: Kube) -> None:
    assert [one.partition(" (")[0] for one in unserved([of("apps/v1", "Lamp")], kube)] == ["Lamp in apps/v1"]


def test_a_subresource_is_no_kind(kube: Kube, http_server: HTTPServer) -> None:
    serve(http_server, "light.example/v2", lamps="Lamp", lamps_scale="Scale")
    assert kube.kinds("light.example/v2") == {"Lamp"}


@pytest.mark.parametrize("defined", [crd(v1=False), crd(v1alpha1=True), crd()])
def test_a_version_that_a_crd_does_not_serve_is_lacking(kube: Kube, defined: Object) -> None:
    assert len(unserved([of("light.example/v1", "Lamp"), defined], kube)) == 1


def test_a_version_is_asked_for_anew_each_time(kube: Kube, http_server: HTTPServer) -> None:
    """The server may have been upgraded, or have got a CRD."""
    assert kube.kinds("apps/v1") == {"Deployment", "StatefulSet"}
    http_server.clear()
    serve(http_server, "apps/v1", lamps="Lamp")
    assert kube.kinds("apps/v1") == {"Lamp"}


def test_the_error_names_both_versions_and_each_kind(kube: Kube) -> None:
    documents = [of("autoscaling/v2beta2", "HorizontalPodAutoscaler"), of("policy/v1beta1", "PodDisruptionBudget")]
    with pytest.raises(LabError) as caught:
        check_served(documents, kube, RELEASE)
    assert "Kubernetes v1.25.4 does not serve all that Kubeflow 1.7.0 consists of" in caught.value.what
    assert "nothing of it was applied" in caught.value.what
    assert caught.value.expected == "Kubernetes >=1.24,<1.26, which Kubeflow 1.7.0 supports"
    assert "HorizontalPodAutoscaler in autoscaling/v2beta2" in caught.value.seen
    assert "PodDisruptionBudget in policy/v1beta1" in caught.value.seen
    assert "and" not in caught.value.seen


def test_of_many_a_dozen_are_named(kube: Kube) -> None:
    with pytest.raises(LabError, match="and 3 more"):
        check_served([of("apps/v1", f"Lamp{number}") for number in range(15)], kube, RELEASE)
