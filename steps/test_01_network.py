"""Chapter 1: the lab has its own Docker network."""

from __future__ import annotations

from pytest_bdd import given, parsers, scenarios, then

from lab.config.addresses import AddressRange
from lab.config.settings import Settings
from lab.layers.network import DockerNetwork

scenarios("01_network.feature")


@given("the Docker network of the lab exists")
def create_network(network: DockerNetwork) -> None:
    """Ensure that the Docker network exists."""


@then("the network is a bridge network")
def driver_is_bridge(network: DockerNetwork, settings: Settings) -> None:
    """Check the driver, which decides whether containers and this machine can reach each other."""
    assert network.driver == "bridge", f"expected the driver bridge, seen {network.driver}: {_where_to_look(settings)}"


@then(parsers.parse("its subnet is {subnet}"))
def subnet_is(network: DockerNetwork, subnet: str, settings: Settings) -> None:
    """Check that the network has exactly one address range, and which."""
    expected, seen = settings.translate(subnet), str(network.subnet)
    assert seen == expected, f"expected the subnet {expected}, seen {seen}: {_where_to_look(settings)}"


@then(parsers.parse("its gateway is {gateway}"))
def gateway_is(network: DockerNetwork, gateway: str, settings: Settings) -> None:
    """Check the gateway, which is this machine's own address on the network."""
    expected, seen = settings.translate(gateway), str(network.gateway)
    assert seen == expected, f"expected the gateway {expected}, seen {seen}: {_where_to_look(settings)}"


@then(parsers.parse("no container on the network has an address from {addresses}"))
def containers_use_no_reserved_address(network: DockerNetwork, addresses: str, settings: Settings) -> None:
    """Check the containers' addresses, since of two owners of one address only one is reached at a time."""
    reserved = AddressRange.parse(settings.translate(addresses))
    conflicts = {
        name: str(address) for name, address in network.get_container_addresses().items() if address in reserved
    }
    assert not conflicts, f"containers use addresses that are reserved for MetalLB ({reserved}): {conflicts}"


def _where_to_look(settings: Settings) -> str:
    name = settings.network_name
    return f"the network {name} does not have the settings of this run (`docker network inspect {name}`)"
