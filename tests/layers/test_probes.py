"""lab/layers/probes.py: the probes of a killed run are found."""

from __future__ import annotations

from lab.k8s.client import Kube
from lab.layers import probes
from tests.fake_cluster import FakeCluster, pod


def test_only_namespaces_of_probes_are_leftovers(kube: Kube, cluster: FakeCluster) -> None:
    services = [("probe-1", "lab-probes-b"), ("probe-2", "lab-probes-b"), ("probe-1", "lab-probes-a")]
    cluster.objects["Service"] = [
        *(pod(name, namespace=namespace) for name, namespace in services),
        pod("kubernetes", namespace="default"),
    ]
    assert probes.list_leftovers(kube) == ["lab-probes-a", "lab-probes-b"]
