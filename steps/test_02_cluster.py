"""Chapter 2: the lab has a Kubernetes cluster in k3d."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

from pytest_bdd import given, parsers, scenarios, then

from lab.config.addresses import AddressRange, parse_ipv4_addresses
from lab.config.settings import Settings
from lab.k8s.readiness import describe_unready
from lab.k8s.version_numbers import find_version, is_in_range, parse_kubernetes_version
from lab.layers.cluster import DEFAULT_CLASS_ANNOTATION, Cluster, describe_default_classes
from lab.releases import Release

scenarios("02_cluster.feature")


@given("the cluster is running")
def create_cluster(cluster: Cluster) -> None:
    """Ensure that the cluster runs and is ready."""


@then("every node is Ready")
def nodes_are_ready(cluster: Cluster) -> None:
    """Check that the cluster has nodes, and that all of them are ready."""
    nodes = cluster.list_nodes()
    assert nodes, "the cluster has no nodes"
    unready = describe_unready(nodes)
    assert not unready, f"nodes are not ready: {unready}"


@then("the cluster DNS is ready")
def dns_is_ready(cluster: Cluster) -> None:
    """Check that the cluster DNS has pods, and that all of them are ready."""
    pods = cluster.list_dns_pods()
    assert pods, "the cluster DNS has no pods: components cannot find each other by name"
    unready = describe_unready(pods, cluster.lab.kube.list_objects("Event"))
    assert not unready, f"pods of the cluster DNS are not ready: {unready}"


@then("the cluster has exactly one default StorageClass")
def has_one_default_storage_class(cluster: Cluster) -> None:
    """Check the default, since the databases of Kubeflow claim volumes without a class."""
    seen = cluster.list_default_storage_classes()
    version = find_version(cluster.lab.kube.get_server_version())
    problem = describe_default_classes(seen, version)
    is_usable = not problem
    assert is_usable, (
        f"expected one default StorageClass, seen {seen}: {problem} "
        f"(`kubectl annotate --overwrite storageclass NAME {DEFAULT_CLASS_ANNOTATION}=true`, or =false)"
    )


@then("the API server has a version that this Kubeflow release supports")
def kubernetes_version_is_supported(cluster: Cluster, release: Release) -> None:
    """Check the version, since a newer Kubernetes no longer serves some APIs that the release uses."""
    seen, supported = cluster.lab.kube.get_server_version(), release.kubernetes.supported
    is_supported = is_in_range(parse_kubernetes_version(seen), supported)
    assert is_supported, f"expected Kubernetes {supported} for Kubeflow {release.kubeflow}, seen {seen}"


@then(parsers.parse("the current context of kubectl is {context}"))
def kubectl_context_is(cluster: Cluster, context: str, settings: Settings) -> None:
    """Check the context, which k3d names after the cluster."""
    expected, seen = settings.translate(context), cluster.get_kubectl_context()
    assert seen == expected, (
        f"expected the kubectl context {expected}, seen {seen}, which is another cluster or another user"
    )


@then(parsers.parse("every node has an address in {subnet}"))
def nodes_are_in_subnet(cluster: Cluster, subnet: str, settings: Settings) -> None:
    """Check the nodes' network, since MetalLB announces addresses on it."""
    network = IPv4Network(settings.translate(subnet))
    outside = [address for address in _list_addresses(cluster) if address not in network]
    assert not outside, f"nodes have addresses outside of the subnet {network}: {outside}"


@then(parsers.parse("no node has an address from {addresses}"))
def nodes_use_no_reserved_address(cluster: Cluster, addresses: str, settings: Settings) -> None:
    """Check the nodes' addresses, since of two owners of one address only one is reached at a time."""
    reserved = AddressRange.parse(settings.translate(addresses))
    conflicts = [address for address in _list_addresses(cluster) if address in reserved]
    assert not conflicts, f"nodes use addresses that are reserved for MetalLB ({reserved}): {conflicts}"


@then(parsers.parse("no pod has a name that starts with {prefix}"))
def no_pod_name_starts_with(cluster: Cluster, prefix: str) -> None:
    """Check the names of all pods: k3s names those of its own components after them, as in svclb-traefik-…."""
    pods = cluster.list_pods_with_prefix(prefix)
    assert not pods, (
        f"pods of a disabled component are running: {pods}: check the --k3s-arg options of `k3d cluster create`"
    )


def _list_addresses(cluster: Cluster) -> list[IPv4Address]:
    """Return the internal IPv4 addresses of all nodes; a node may also have IPv6 addresses and host names."""
    listed = [
        str(address["address"])
        for node in cluster.list_nodes()
        for address in (node.get("status") or {}).get("addresses") or []
        if address["type"] == "InternalIP"
    ]
    addresses = parse_ipv4_addresses(listed)
    assert addresses, f"no node has an internal IPv4 address, seen {listed or 'no internal address'}"
    return addresses
