"""The objects that the API server refuses."""

from __future__ import annotations

from typing import Any

import pytest

from lab.k8s.objects import Object
from lab.upgrades.refusals import list_refusals
from tests.upgrades.conftest import MakeTree, make_deployment, make_object


def make_crd(**versions: bool) -> Object:
    """Return a CRD with versions, and whether the API server stores objects in each."""
    items = [{"name": name, "served": True, "storage": is_stored} for name, is_stored in versions.items()]
    spec = {"scope": "Namespaced", "names": {"kind": "Web", "plural": "webs"}, "versions": items}
    return make_object("CustomResourceDefinition", "webs.example.it", "apiextensions.k8s.io/v1", spec=spec)


def make_claim(size: str, **fields: Any) -> Object:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}, **fields}
    return make_object("PersistentVolumeClaim", "data", namespace="kubeflow", spec=spec)


def make_binding(role: str) -> Object:
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role}
    return make_object("ClusterRoleBinding", "web", "rbac.authorization.k8s.io/v1", roleRef=reference)


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        (make_deployment("web", app="web"), make_deployment("web", app="nginx"), "spec.selector"),
        (make_binding("cluster-admin"), make_binding("view"), "roleRef"),
        (make_claim("2Gi"), make_claim("1Gi"), "spec.resources.requests.storage"),
        (make_claim("1Gi"), make_claim("1Gi", storageClassName="fast"), "spec.storageClassName"),
        (
            make_object("Service", "web", namespace="kubeflow", spec={"clusterIP": "None"}),
            make_object("Service", "web", namespace="kubeflow", spec={}),
            "spec.clusterIP",
        ),
        (
            make_object("ConfigMap", "web", namespace="kubeflow", data={"a": "1"}, immutable=True),
            make_object("ConfigMap", "web", namespace="kubeflow", data={"a": "2"}, immutable=True),
            "data",
        ),
        (make_crd(v1=True), {**make_crd(v1=True), "spec": {**make_crd(v1=True)["spec"], "scope": "Cluster"}}, "scope"),
    ],
    ids=["selector", "roleRef", "smaller claim", "storage class", "headless", "immutable", "scope"],
)
def test_an_immutable_field_is_refused(old: Object, new: Object, field: str, make_tree: MakeTree) -> None:
    (finding,) = list_refusals(make_tree(old), make_tree(new))
    assert finding.blocks
    assert field in finding.effect


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (make_deployment("web", app="web"), make_deployment("web", app="web")),
        (make_claim("1Gi"), make_claim("2048Mi")),
        (make_claim("1Gi", storageClassName="fast"), make_claim("1Gi")),
        (make_crd(v1alpha1=False, v1=True), make_crd(v1=True)),
        (make_deployment("web", app="web"), make_deployment("nginx", app="nginx")),
    ],
    ids=["equal", "larger claim", "omitted field", "version that is not stored", "new object"],
)
def test_other_changes_are_accepted(old: Object, new: Object, make_tree: MakeTree) -> None:
    assert list(list_refusals(make_tree(old), make_tree(new))) == []


def test_a_stored_version_cannot_be_dropped(make_tree: MakeTree) -> None:
    (finding,) = list_refusals(make_tree(make_crd(v1alpha1=True, v1=False)), make_tree(make_crd(v1=True)))
    assert "status.storedVersions of the CRD names v1alpha1" in finding.effect
    assert """-p '{"status": {"storedVersions": ["v1"]}}'""" in finding.remedy


def test_a_large_object_needs_server_side_apply(make_tree: MakeTree) -> None:
    large = make_object("ConfigMap", "web", namespace="kubeflow", data={"text": "x" * 300_000})
    (finding,) = list_refusals(make_tree(release="1.7"), make_tree(large, release="1.8"))
    assert "too long for the annotation" in finding.effect
    assert list(list_refusals(make_tree(), make_tree(large, release="1.10"))) == []
