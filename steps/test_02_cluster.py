"""Chapter 2: the Kubernetes cluster in k3d."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

from packaging.specifiers import SpecifierSet
from packaging.version import Version
from pytest_bdd import given, parsers, scenarios, then

from lab.addresses import AddressRange
from lab.cluster import Cluster
from lab.readiness import not_ready
from lab.releases import Release
from lab.settings import Settings

scenarios("02_cluster.feature")


@given("the cluster", target_fixture="the_cluster")
def the_cluster(cluster: Cluster) -> Cluster:
    """Installs the layer."""
    return cluster


@then("every node is Ready")
def nodes_ready(the_cluster: Cluster) -> None:
    """A cluster without nodes is not ready either."""
    nodes = the_cluster.nodes()
    assert nodes, "the cluster has no node"
    assert not not_ready(nodes), f"these nodes are not ready: {not_ready(nodes)}"


@then("the cluster's DNS is ready")
def dns_ready(the_cluster: Cluster) -> None:
    """Without it, no component finds another by name."""
    pods = the_cluster.dns_pods()
    assert pods, "there is no pod of the cluster's DNS: no component finds another by name"
    assert not not_ready(pods), f"these pods of the cluster's DNS are not ready: {not_ready(pods)}"


@then("there is one default StorageClass")
def default_storage_class(the_cluster: Cluster) -> None:
    """Kubeflow's databases claim volumes without naming a class."""
    classes = the_cluster.default_storage_classes()
    assert len(classes) == 1, f"expected one default StorageClass, seen {classes}: without one, claims stay Pending"


@then("the server's version is one that the release supports")
def supported_version(the_cluster: Cluster, release: Release) -> None:
    """A newer Kubernetes no longer serves APIs that the release uses."""
    version, supported = the_cluster.kube.server_version(), release.kubernetes.supported
    plain = Version(version.split("+")[0])
    assert plain in SpecifierSet(supported), f"Kubeflow {release.kubeflow} supports {supported}, this is {version}"


@then(parsers.parse("kubectl uses the context {context}"))
def uses_context(the_cluster: Cluster, context: str, settings: Settings) -> None:
    """The context that k3d names after the cluster."""
    seen, wanted = the_cluster.context(), settings.here(context)
    assert seen == wanted, f"kubectl uses the context {seen}, and so another cluster or user than that of {wanted}"


@then(parsers.parse("every node has an address in {subnet}"))
def nodes_within(the_cluster: Cluster, subnet: str, settings: Settings) -> None:
    """MetalLB announces addresses on the network that the nodes are on."""
    network = IPv4Network(settings.here(subnet))
    outside = [address for address in _addresses(the_cluster) if address not in network]
    assert not outside, f"nodes have addresses outside of {network}: {outside}"


@then(parsers.parse("no node has an address from {addresses}"))
def nodes_keep_clear(the_cluster: Cluster, addresses: str, settings: Settings) -> None:
    """Two owners of one address would each be reached at times."""
    kept = AddressRange.parse(settings.here(addresses))
    inside = [address for address in _addresses(the_cluster) if address in kept]
    assert not inside, f"nodes hold addresses that are kept for MetalLB ({kept}): {inside}"


@then(parsers.parse("no pod is named {prefix}"))
def no_pod_named(the_cluster: Cluster, prefix: str) -> None:
    """k3s names the pods of what it brings along after it, as in svclb-traefik-…."""
    pods = the_cluster.pods_named(prefix)
    assert not pods, (
        f"{pods} run although the cluster was to be made without: see the --k3s-arg of `k3d cluster create`"
    )


def _addresses(cluster: Cluster) -> list[IPv4Address]:
    addresses = [
        IPv4Address(address["address"])
        for node in cluster.nodes()
        for address in node["status"]["addresses"]
        if address["type"] == "InternalIP"
    ]
    assert addresses, "no node has an internal address"
    return addresses
