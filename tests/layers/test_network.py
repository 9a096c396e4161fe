"""lab/layers/network.py: the Docker network, against a small Docker API and a `docker` that logs its arguments."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from lab.errors import LabError
from lab.layers.network import DockerNetwork
from lab.run.state import LabState
from tests.conftest import MakeLab, WriteProgram

NAME = "lab-network"
SUBNET = "198.18.7.0/24"
"""A range for benchmarks, to which no machine has a route."""

MakeNetwork = Callable[..., DockerNetwork]


def describe_network(
    name: str = NAME, *, subnet: str = SUBNET, gateway: str = "198.18.7.1", driver: str = "bridge"
) -> dict[str, Any]:
    """Return a network as the Docker API describes it."""
    return {
        "Name": name,
        "Id": f"id-of-{name}",
        "Driver": driver,
        "IPAM": {"Config": [{"Subnet": subnet, "Gateway": gateway}]},
        "Containers": {
            "1": {"Name": "k3d-server-0", "MacAddress": "02:42:c6:12:07:02", "IPv4Address": "198.18.7.2/24"}
        },
    }


@pytest.fixture
def docker_log(programs: Path, write_program: WriteProgram) -> Path:
    """The arguments of `docker`; the file does not exist before it was run."""
    log = programs / "docker.log"
    write_program("docker", f'echo "$@" >> {log}')
    return log


@pytest.fixture
def make_network(http_server: HTTPServer, docker_log: Path, make_lab: MakeLab) -> MakeNetwork:
    """A function that returns the lab's network in a Docker that has some networks."""

    def make(*networks: dict[str, Any], **options: object) -> DockerNetwork:
        http_server.expect_request("/version").respond_with_json({"ApiVersion": "1.44", "MinAPIVersion": "1.24"})
        http_server.expect_request("/v1.44/networks").respond_with_json(list(networks))
        for network in networks:
            http_server.expect_request(f"/v1.44/networks/{network['Name']}").respond_with_json(network)
        missing = {"message": f"network {NAME} not found"}
        http_server.expect_request(f"/v1.44/networks/{NAME}").respond_with_json(missing, 404)
        state = LabState(kind="k3d", environment={"DOCKER_HOST": f"tcp://127.0.0.1:{http_server.port}"})
        return DockerNetwork(make_lab(state, subnet=SUBNET, **options))

    return make


def test_a_missing_network_is_a_problem(make_network: MakeNetwork) -> None:
    assert make_network().problem() == "there is no Docker network lab-network"


def test_the_network_of_the_settings_is_no_problem(make_network: MakeNetwork) -> None:
    network = make_network(describe_network())
    assert network.problem() is None
    assert (str(network.subnet), str(network.gateway), network.driver) == (SUBNET, "198.18.7.1", "bridge")


def test_the_addresses_of_containers_are_listed(make_network: MakeNetwork) -> None:
    network = make_network(describe_network())
    addresses = {name: str(address) for name, address in network.get_container_addresses().items()}
    assert addresses == {"k3d-server-0": "198.18.7.2"}
    assert network.get_hardware_addresses() == {"02:42:c6:12:07:02"}


@pytest.mark.parametrize(
    ("settings", "seen"),
    [
        ({"subnet": "10.9.0.0/16"}, "subnet 10.9.0.0/16, gateway 198.18.7.1, driver bridge"),
        ({"gateway": "198.18.7.254"}, "subnet 198.18.7.0/24, gateway 198.18.7.254, driver bridge"),
        ({"driver": "macvlan"}, "subnet 198.18.7.0/24, gateway 198.18.7.1, driver macvlan"),
    ],
)
def test_a_network_with_other_settings_is_not_changed(
    make_network: MakeNetwork, docker_log: Path, settings: dict[str, str], seen: str
) -> None:
    with pytest.raises(LabError) as caught:
        make_network(describe_network(**settings)).problem()
    assert caught.value.headline == "the Docker network lab-network exists with other settings; it was not changed"
    assert caught.value.expected == "subnet 198.18.7.0/24, gateway 198.18.7.1, driver bridge"
    assert caught.value.seen == seen
    assert not docker_log.exists()


def test_other_settings_are_no_error_if_the_lab_is_only_verified(make_network: MakeNetwork) -> None:
    assert make_network(describe_network(driver="macvlan"), verify_only=True).problem() is None


def test_the_network_is_created_as_in_the_tutorial(make_network: MakeNetwork, docker_log: Path) -> None:
    make_network(describe_network("bridge", subnet="172.17.0.0/16")).install()
    assert docker_log.read_text().splitlines() == [
        "network create --driver=bridge --subnet=198.18.7.0/24 --gateway=198.18.7.1 lab-network"
    ]


def test_the_removal_of_the_network_is_registered(make_network: MakeNetwork) -> None:
    network = make_network()
    network.install()
    assert network.lab.state.undo == [["docker", "network", "rm", "lab-network"]]


@pytest.mark.parametrize("used", ["198.18.0.0/16", "198.18.7.128/25", "198.18.7.0/24"])
def test_an_overlap_is_an_error_before_anything_is_created(
    make_network: MakeNetwork, docker_log: Path, used: str
) -> None:
    network = make_network(describe_network("other-network", subnet=used))
    with pytest.raises(LabError) as caught:
        network.install()
    assert caught.value.headline == "the subnet 198.18.7.0/24 is in use; nothing was changed"
    assert caught.value.seen == f"the Docker network other-network has {used}"
    assert "--subnet" in caught.value.remedy
    assert network.lab.state.undo == []
    assert not docker_log.exists()


def test_networks_without_an_ipv4_subnet_do_not_overlap(make_network: MakeNetwork, docker_log: Path) -> None:
    host = {**describe_network("host"), "IPAM": {"Config": None}}
    make_network(host, describe_network("ipv6", subnet="fd00::/64")).install()
    assert docker_log.exists()


def test_dual_stack_networks_are_described_by_their_ipv4_part(make_network: MakeNetwork) -> None:
    network = describe_network()
    network["IPAM"]["Config"].insert(0, {"Subnet": "fd00:172:20::/64", "Gateway": "fd00:172:20::1"})
    network["Containers"]["2"] = {"Name": "ipv6-only", "MacAddress": "02:42:c6:12:07:03", "IPv4Address": ""}
    layer = make_network(network)
    assert layer.problem() is None
    assert (str(layer.subnet), str(layer.gateway)) == (SUBNET, "198.18.7.1")
    assert {name: str(address) for name, address in layer.get_container_addresses().items()} == {
        "k3d-server-0": "198.18.7.2"
    }
