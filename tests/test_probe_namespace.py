"""lab/probe_namespace.py: what a killed run leaves of probes."""

from __future__ import annotations

from lab import probe_namespace
from lab.kube import Kube
from tests.fake_cluster import FakeCluster, pod


def test_probes_that_hold_addresses_are_found_and_nobody_else_s_services(kube: Kube, cluster: FakeCluster) -> None:
    left = [pod(name, namespace=probe_namespace.new_name()) for name in ("probe-1", "probe-2")]
    cluster.objects["Service"] = [*left, pod("kubernetes", namespace="default")]
    assert probe_namespace.left_behind(kube) == sorted(one["metadata"]["namespace"] for one in left)
