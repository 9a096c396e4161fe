"""lab/layers/cluster.py: the readiness of nodes and DNS, and default StorageClasses."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.k8s.objects import Object
from lab.k8s.version_numbers import find_version
from lab.layers.cluster import ClusterReadiness, describe_default_classes, list_default_classes
from lab.run.state import LabState
from tests.conftest import MakeLab
from tests.fake_cluster import FakeCluster, pod


def make_node(*, ready: bool) -> Object:
    """Return a node."""
    conditions = [{"type": "Ready", "status": str(ready)}]
    return {
        "kind": "Node",
        "metadata": {"name": "node-1", "uid": "uid-of-node-1", "resourceVersion": "101"},
        "status": {"conditions": conditions},
    }


@pytest.fixture
def readiness(cluster: FakeCluster, make_lab: MakeLab, tmp_path: Path) -> ClusterReadiness:
    """The readiness of the fake cluster."""
    kubeconfig = cluster.write_kubeconfig(tmp_path / "kubeconfig")
    return ClusterReadiness(make_lab(LabState(kind="k3d", environment={"KUBECONFIG": str(kubeconfig)})))


@pytest.mark.parametrize(
    ("nodes", "pods", "problem"),
    [
        ([], [], "there is no ready node"),
        ([make_node(ready=False)], [pod("dns", ready=True)], "there is no ready node"),
        ([make_node(ready=True)], [], "the cluster DNS is not ready"),
        ([make_node(ready=True)], [pod("dns")], "the cluster DNS is not ready"),
        ([make_node(ready=True)], [pod("dns", ready=True)], None),
    ],
)
def test_node_and_dns_must_be_ready(
    readiness: ClusterReadiness, cluster: FakeCluster, nodes: list[Object], pods: list[Object], problem: str | None
) -> None:
    cluster.objects.update(Node=nodes, Pod=pods)
    assert readiness.problem() == problem


def test_install_waits_until_the_node_is_ready(readiness: ClusterReadiness, cluster: FakeCluster) -> None:
    cluster.objects.update(Node=[make_node(ready=False)], Pod=[pod("dns", ready=True)])
    cluster.send_event("MODIFIED", make_node(ready=True))
    readiness.install()


@pytest.mark.parametrize(
    ("names", "version", "problem"),
    [
        (["local-path"], "v1.25.4", ""),
        (["gp2", "gp3"], "v1.26.0", ""),
        (["gp2", "gp3"], "v1.29.1-eks-508b6b3", ""),
        (
            ["gp2", "gp3"],
            "v1.25.16-eks-8cb36c9",
            "2 StorageClasses are marked as default (gp2, gp3): Kubernetes before 1.26",
        ),
        (["gp2", "gp3"], "nonsense", "from 1.26 on, the newest of these StorageClasses is used"),
        ([], "v1.29.1", "no StorageClass is marked as default: PersistentVolumeClaims without a class stay Pending"),
    ],
)
def test_several_default_storage_classes_depend_on_the_version(names: list[str], version: str, problem: str) -> None:
    seen = describe_default_classes(names, find_version(version))
    assert problem in seen if problem else seen == ""


def test_both_annotations_mark_a_default_storage_class() -> None:
    prefixes = {"gp2": "storageclass.beta.kubernetes.io", "gp3": "storageclass.kubernetes.io", "efs": "other"}
    classes: list[Object] = [
        {"metadata": {"name": name, "annotations": {f"{prefix}/is-default-class": "true"}}}
        for name, prefix in prefixes.items()
    ]
    assert list_default_classes(classes) == ["gp2", "gp3"]
