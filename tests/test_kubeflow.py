"""lab/kubeflow.py: which objects of manifests a cluster does not have or does not run, and which images come first."""

from __future__ import annotations

import pytest
import yaml

from lab.kube import Kube, Object
from lab.kubeflow import PROFILE, images_in_order, left_behind, missing, stopped
from tests.fake_cluster import FakeCluster, pod


def one(kind: str, name: str, namespace: str = "", api_version: str = "v1") -> Object:
    """An object, as a manifest has it."""
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata}


@pytest.fixture(autouse=True)
def _furnished(cluster: FakeCluster) -> None:
    """A pod in the default namespace, one in another, and a node."""
    cluster.objects["Pod"] = [pod("lamp"), pod("torch", namespace="cellar")]
    cluster.objects["Node"] = [{"metadata": {"name": "house"}}]


@pytest.mark.parametrize(
    "there",
    [
        one("Pod", "lamp"),
        one("Pod", "lamp", "default"),
        one("Pod", "torch", "cellar"),
        one("Node", "house"),
        one("Node", "house", "cellar"),  # as kustomize writes it, where it does not know the kind
    ],
)
def test_what_is_there_is_not_missing(there: Object, kube: Kube) -> None:
    assert list(missing([there], kube)) == []


def test_what_is_not_there_is_named_with_its_kind_and_namespace(kube: Kube) -> None:
    wanted = [
        one("Pod", "torch"),
        one("Pod", "lamp", "cellar"),
        one("Node", "garden"),
        one("Profile", "somebody", api_version="kubeflow.org/v1"),
    ]
    assert list(missing(wanted, kube)) == ["Pod/torch", "Pod/lamp cellar", "Node/garden", "Profile/somebody"]


def workload(name: str, replicas: int | None, kind: str = "Deployment") -> Object:
    """A workload that wants so many replicas, or does not say how many, which is one."""
    spec = {} if replicas is None else {"replicas": replicas}
    return {**one(kind, name, "cellar", "apps/v1"), "spec": spec}


def test_a_workload_of_the_manifests_that_is_set_to_nothing_is_told(kube: Kube, cluster: FakeCluster) -> None:
    cluster.objects["Deployment"] = [workload("dex", 0), workload("adapter", 0), workload("own", 0), workload("ui", 1)]
    cluster.objects["StatefulSet"] = [workload("authservice", 0, "StatefulSet")]
    wanted = [
        workload("dex", 2),
        workload("adapter", 0),
        workload("ui", 2),
        workload("authservice", None, "StatefulSet"),
    ]
    assert stopped(wanted, kube) == [
        "Deployment cellar/dex is set to 0 replicas, and the manifests want 2",
        "StatefulSet cellar/authservice is set to 0 replicas, and the manifests want 1",
    ]


def test_what_a_killed_run_has_created_in_the_web_apps_is_found_and_nothing_else(
    kube: Kube, cluster: FakeCluster
) -> None:
    cluster.objects["PersistentVolumeClaim"] = [
        pod("lab-1a2b3c", namespace=PROFILE),
        pod("lab-1a2b3c", namespace="kubeflow"),
        pod("somebody-s", namespace=PROFILE),
    ]
    assert left_behind(kube) == ["persistentvolumeclaims/lab-1a2b3c"]


def test_the_images_of_what_is_applied_first_come_first() -> None:
    def workload(namespace: str, name: str, image: str) -> Object:
        spec = {"template": {"spec": {"containers": [{"image": image}]}}}
        return {**one("Deployment", name, namespace, "apps/v1"), "spec": spec}

    example = yaml.safe_dump_all(
        [workload("auth", "dex", "docker.io/a:1"), workload("istio-system", "istiod", "docker.io/z:1")]
    )
    assert images_in_order(example) == ["docker.io/z:1", "docker.io/a:1"]
