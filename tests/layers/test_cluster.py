"""lab/layers/cluster.py: the readiness of nodes and DNS."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.k8s.objects import Object
from lab.layers.cluster import ClusterReadiness
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
