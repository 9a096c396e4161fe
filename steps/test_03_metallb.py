"""Chapter 3: MetalLB gives Services their addresses."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address

import requests
from pytest_bdd import given, parsers, scenarios, then, when

from lab import neighbours
from lab.addresses import AddressRange
from lab.metallb import AddressPool, MetalLB
from lab.network import DockerNetwork
from lab.nginx_site import WELCOME
from lab.probes import Probes
from lab.readiness import is_ready
from lab.settings import Settings

scenarios("03_metallb.feature")


@dataclass
class Made:
    """What a scenario made: its Services, and their addresses as far as they have one."""

    names: list[str]
    addresses: dict[str, IPv4Address | None]


@given("MetalLB", target_fixture="helm_release")
def metallb_installed(metallb: MetalLB) -> object:
    """Installs the layer; its Helm release is what shared steps look at."""
    return metallb.release


@given("MetalLB's pool of addresses", target_fixture="pool")
def pool_there(address_pool: AddressPool) -> AddressPool:
    """Installs the layer."""
    return address_pool


@then("its controller and its speaker are ready")
def pods_ready(metallb: MetalLB) -> None:
    """The controller assigns addresses, the speaker announces them."""
    ready = {pod["metadata"]["labels"].get("app.kubernetes.io/component") for pod in metallb.pods() if is_ready(pod)}
    assert ready == {"controller", "speaker"}, f"of MetalLB's controller and speaker, these are ready: {ready}"


@then(parsers.parse("the pool {name} has the addresses {addresses}"))
def pool_has(pool: AddressPool, name: str, addresses: str, settings: Settings) -> None:
    """No other address may be given away."""
    expected, seen = [settings.here(addresses)], pool.addresses(name)
    assert seen == expected, (
        f"expected the addresses {expected} in the IPAddressPool {name}, seen {seen or 'no such pool'}: "
        "from others no Service gets an address; a run without --verify-only applies it"
    )


@then(parsers.parse("the announcement {name} is for the pool {pool_name}"))
def announced(pool: AddressPool, name: str, pool_name: str) -> None:
    """An address that nobody announces cannot be reached."""
    assert pool.announced_pools(name) == [pool_name], f"{name} does not announce {pool_name}: nobody will answer ARP"


@given("a site behind a Service of type LoadBalancer", target_fixture="address")
def site_behind_service(exposed_site: IPv4Address) -> IPv4Address:
    """At its external address, when MetalLB has had the time to assign and to announce it."""
    return exposed_site


@then(parsers.parse("the Service has an address from {addresses}"))
def from_pool(address: IPv4Address, addresses: str, settings: Settings) -> None:
    """An address of the pool, and no other."""
    assert address in AddressRange.parse(settings.here(addresses))


@then("a request to that address is answered by the site")
def answered(address: IPv4Address) -> None:
    """From outside of the cluster, as a visitor."""
    answer = requests.get(f"http://{address}/", timeout=10)
    assert (answer.status_code, WELCOME in answer.text) == (200, True), f"{answer.status_code}: {answer.text[:200]}"


@then("a node answers ARP for its address")
def answers_arp(address: IPv4Address, network: DockerNetwork) -> None:
    """The hardware address that this machine learns for it is that of a container on the network."""
    learnt = neighbours.hardware_address(address)
    assert learnt in network.hardware_addresses(), f"for {address} answers {learnt}, which is no node"


@when("one more Service of type LoadBalancer is made than there are free addresses", target_fixture="made")
def make_too_many(probes: Probes, settings: Settings) -> Made:
    """As many as the pool has free, and one more."""
    free = len([address for address in settings.pool if address not in probes.all_addresses()])
    names = probes.services(free + 1)
    return Made(names, probes.addresses(names, assigned=free))


@then("all but one get an address")
def all_but_one(made: Made) -> None:
    """No address is given twice."""
    given_away = [address for address in made.addresses.values() if address]
    assert len(given_away) == len(made.names) - 1
    assert len(set(given_away)) == len(given_away), f"an address was given twice: {given_away}"


@then("MetalLB says that there is none left for the other")
def says_so(made: Made, probes: Probes) -> None:
    """A person who looks at the pending Service finds the reason there."""
    pending = next(name for name, address in made.addresses.items() if address is None)
    reason = probes.reason_for_no_address(pending)
    assert "no available IPs" in reason, f"MetalLB's reason for the pending Service {pending} is: {reason}"
