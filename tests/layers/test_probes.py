"""lab/layers/probes.py: assigned addresses are read."""

from __future__ import annotations

from lab.k8s.client import Kube
from lab.k8s.objects import Object
from lab.layers.probes import Probes
from tests.fake_cluster import FakeCluster, pod


def test_addresses_of_all_families_and_load_balancers_are_read(kube: Kube, cluster: FakeCluster) -> None:
    """MetalLB ignores Services of another class, and an ELB has a host name only."""

    def make_service(name: str, *addresses: dict[str, str], **spec: str) -> Object:
        return {**pod(name), "spec": spec, "status": {"loadBalancer": {"ingress": list(addresses)}}}

    cluster.objects["Service"] = [
        make_service("dual", {"ip": "fd00:172:20::13"}, {"ip": "172.20.0.10"}, {"ip": "172.20.0.11"}),
        make_service("elb", {"hostname": "a1.elb.amazonaws.com"}),
        make_service("other", {"ip": "172.20.0.12"}, loadBalancerClass="example.com/other"),
        make_service("pending"),
    ]
    assigned = Probes(kube, "kubeflow-lab-probes-a").list_assigned_addresses()
    assert sorted(map(str, assigned)) == ["172.20.0.10", "172.20.0.11"]
