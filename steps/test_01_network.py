"""Chapter 1: the Docker network of the lab."""

from __future__ import annotations

from pytest_bdd import given, parsers, scenarios, then

from lab.addresses import AddressRange
from lab.network import DockerNetwork
from lab.settings import Settings

scenarios("01_network.feature")


@given("the Docker network of the lab", target_fixture="docker_network")
def docker_network(network: DockerNetwork) -> DockerNetwork:
    """Installs the layer."""
    return network


@then("it is a bridge network")
def is_bridge(docker_network: DockerNetwork) -> None:
    """The driver decides whether containers and this machine see one another."""
    assert docker_network.driver == "bridge", f"expected the driver bridge, seen {docker_network.driver}"


@then(parsers.parse("its subnet is {subnet}"))
def has_subnet(docker_network: DockerNetwork, subnet: str, settings: Settings) -> None:
    """Exactly one address range, and this one."""
    expected, seen = settings.here(subnet), str(docker_network.subnet)
    assert seen == expected, f"expected the subnet {expected}, seen {seen}: {_whose(settings)}"


@then(parsers.parse("its gateway is {gateway}"))
def has_gateway(docker_network: DockerNetwork, gateway: str, settings: Settings) -> None:
    """The gateway is this machine's own address on the network."""
    expected, seen = settings.here(gateway), str(docker_network.gateway)
    assert seen == expected, f"expected the gateway {expected}, seen {seen}: {_whose(settings)}"


@then(parsers.parse("no container on it has an address from {addresses}"))
def keeps_clear(docker_network: DockerNetwork, addresses: str, settings: Settings) -> None:
    """Two owners of one address would each be reached at times."""
    kept = AddressRange.parse(settings.here(addresses))
    holders = {name: str(address) for name, address in docker_network.containers().items() if address in kept}
    assert not holders, f"containers hold addresses that are kept for MetalLB ({kept}): {holders}"


def _whose(settings: Settings) -> str:
    name = settings.network_name
    return f"{name} is another network than this run is for (`docker network inspect {name}`)"
