"""lab/cluster.py: when a cluster is ready."""

from __future__ import annotations

import pytest

from lab import releases, source
from lab.cluster import Cluster, ClusterReadiness
from lab.kube import Kube, Object
from lab.record import Record
from lab.settings import Settings
from lab.site import Site
from tests.fake_cluster import FakeCluster, pod


def node(ready: str) -> Object:
    """A node."""
    conditions = [{"type": "Ready", "status": ready}]
    return {"metadata": {"name": "house", "uid": "house"}, "status": {"conditions": conditions}}


@pytest.fixture
def readiness(kube: Kube) -> ClusterReadiness:
    """That of a cluster whose API is the fake one."""
    record = Record(kind="k3d", environment={"KUBECONFIG": "/nowhere"})
    there = Cluster(Site(Settings(), source.of_the_internet(releases.load("1.7")), record))
    there.kube = kube
    return ClusterReadiness(there)


@pytest.mark.parametrize(
    ("nodes", "pods", "wrong"),
    [
        ([], [], "no ready node"),
        ([node("False")], [pod("dns", ready=True)], "no ready node"),
        ([node("True")], [], "the cluster's DNS is not ready"),
        ([node("True")], [pod("dns")], "the cluster's DNS is not ready"),
        ([node("True")], [pod("dns", ready=True)], None),
    ],
)
def test_node_and_dns_must_be_ready(
    readiness: ClusterReadiness, cluster: FakeCluster, nodes: list[Object], pods: list[Object], wrong: str | None
) -> None:
    cluster.objects.update(Node=nodes, Pod=pods)
    assert readiness.wrong() == wrong


def test_it_is_waited_for(readiness: ClusterReadiness, cluster: FakeCluster) -> None:
    cluster.objects.update(Node=[node("False")], Pod=[pod("dns", ready=True)])
    cluster.will_say(
        "MODIFIED",
        {**node("True"), "kind": "Node", "metadata": {"name": "house", "uid": "house", "resourceVersion": "101"}},
    )
    readiness.install()
