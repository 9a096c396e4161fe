"""Chapter 3: MetalLB assigns addresses to Services."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address

from pytest_bdd import given, parsers, scenarios, then, when

from lab.config.addresses import AddressRange
from lab.config.settings import Settings
from lab.context import Lab
from lab.host import arp
from lab.k8s.helm import HelmRelease
from lab.k8s.readiness import is_ready
from lab.layers.metallb import AddressPool, MetalLB
from lab.layers.network import DockerNetwork
from lab.layers.nginx_site import WELCOME
from lab.layers.probes import Probes
from lab.web.http_client import get_without_proxy

scenarios("03_metallb.feature")


@dataclass(frozen=True)
class NewServices:
    """The Services that a scenario has created, and the address of each, or None."""

    names: list[str]
    addresses: dict[str, IPv4Address | None]


@given("MetalLB is installed", target_fixture="helm_release")
def install_metallb(metallb: MetalLB) -> HelmRelease:
    """Ensure that MetalLB is installed, and return its Helm release."""
    return metallb.release


@given("the address pool of MetalLB is configured")
def configure_address_pool(address_pool: AddressPool) -> None:
    """Ensure that the address pool and its advertisement exist."""


@then("its controller and speaker are ready")
def controller_and_speaker_are_ready(metallb: MetalLB) -> None:
    """Check the controller, which assigns addresses, and the speaker, which announces them."""
    ready = {
        pod["metadata"]["labels"].get("app.kubernetes.io/component") for pod in metallb.list_pods() if is_ready(pod)
    }
    assert ready == {"controller", "speaker"}, (
        f"expected ready pods of MetalLB's controller and speaker, seen ready: {ready or 'none'}"
    )


@then(parsers.parse("the pool {name} has the addresses {addresses}"))
def pool_has_addresses(address_pool: AddressPool, name: str, addresses: str, settings: Settings) -> None:
    """Check that MetalLB can assign the reserved addresses and no others."""
    expected, seen = settings.translate(addresses), address_pool.get_addresses(name)
    others = [pool for pool in address_pool.list_pools() if pool != name]
    hint = f" (other pools: {', '.join(others)})" if others else ""
    has_expected_addresses = address_pool.has_addresses(expected, name)
    assert has_expected_addresses, (
        f"expected the addresses {[expected]} in the IPAddressPool {name}, seen {seen or 'no such pool'}{hint}: "
        "the lab's addresses are assigned from this pool; a run without --verify-only applies it again"
    )


@then(parsers.parse("the advertisement {name} announces the pool {pool}"))
def advertisement_announces_pool(address_pool: AddressPool, name: str, pool: str) -> None:
    """Check that the pool is announced, since other addresses cannot be reached."""
    seen = address_pool.list_announced_pools(name)
    assert pool in seen, (
        f"expected the L2Advertisement {name} to announce the pool {pool}, seen {seen}: "
        "no node answers ARP requests for the addresses of this pool"
    )


@given("a test site is exposed by a Service of type LoadBalancer")
def expose_test_site(exposed_site: IPv4Address) -> None:
    """Ensure that MetalLB has assigned an address to the Service of the test site, and announces it."""


@then(parsers.parse("the Service has an address from {addresses}"))
def address_is_from_pool(exposed_site: IPv4Address, addresses: str, settings: Settings) -> None:
    """Check that the external address is one of the pool."""
    pool = AddressRange.parse(settings.translate(addresses))
    assert exposed_site in pool, (
        f"expected an external address from {pool}, seen {exposed_site}: "
        "MetalLB has assigned an address of another pool (`kubectl get ipaddresspools -A`)"
    )


@then("the test site answers requests to that address")
def site_answers_at_address(exposed_site: IPv4Address) -> None:
    """Check that an HTTP client outside of the cluster gets the page of the test site."""
    response = get_without_proxy(f"http://{exposed_site}/", timeout=10)
    assert (response.status_code, WELCOME in response.text) == (200, True), (
        f"expected the test site at http://{exposed_site}/, seen {response.status_code}: {response.text[:200]}"
    )


@then("a node answers ARP requests for the address of the Service")
def node_answers_arp(exposed_site: IPv4Address, network: DockerNetwork, lab: Lab) -> None:
    """Check that this machine learns the hardware address of a container on the lab's network."""
    seen = arp.resolve_mac(exposed_site, lab.journal)
    nodes = network.get_hardware_addresses()
    assert seen in nodes, f"expected the hardware address of a node ({nodes}) for {exposed_site}, seen {seen}"


@when(
    "a user creates one Service of type LoadBalancer more than there are free addresses",
    target_fixture="new_services",
)
def exhaust_pool(probes: Probes, settings: Settings) -> NewServices:
    """Create a Service for each free address of the pool, and one more."""
    # With several pools, the Services request this one, so that no other pool gives them an address.
    assigned = probes.list_assigned_addresses()
    free = len([address for address in settings.pool if address not in assigned])
    names = probes.create_services(free + 1)
    return NewServices(names, probes.wait_for_addresses(names, assigned=free))


@then("all Services except one get an address")
def all_services_except_one_have_an_address(new_services: NewServices) -> None:
    """Check that each address is assigned only once."""
    assigned = [address for address in new_services.addresses.values() if address]
    expected = len(new_services.names) - 1
    assert len(assigned) == expected, f"expected {expected} assigned addresses, seen {assigned}"
    assert len(set(assigned)) == len(assigned), f"an address is assigned to several Services: {assigned}"


@then("MetalLB reports that no address is available for the remaining Service")
def metallb_reports_exhausted_pool(new_services: NewServices, probes: Probes) -> None:
    """Check the reason that an operator finds in the events of the pending Service."""
    pending = next((name for name, address in new_services.addresses.items() if address is None), None)
    assert pending, (
        f"expected one Service without an address, seen {new_services.addresses}: is there another pool, "
        "or another load balancer (`kubectl get ipaddresspools -A`)?"
    )
    seen = probes.wait_for_rejection(pending)
    assert "no available IPs" in seen, (
        f"expected 'no available IPs' in the events of the pending Service {pending}, seen {seen!r}"
    )
