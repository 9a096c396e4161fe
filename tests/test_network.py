"""lab/network.py: the Docker network, against a small Docker API over HTTP and a `docker` that notes its arguments."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from lab import releases, settings, source
from lab.errors import LabError
from lab.network import DockerNetwork
from lab.record import Record
from lab.site import Site
from tests.conftest import WriteProgram

NAME = "lab-network"
# A range for benchmarks, which no machine has a route to.
HERE = {
    "subnet": "198.18.7.0/24",
    "gateway": "198.18.7.1",
    "pool": "198.18.7.10-198.18.7.15",
    "ingress_address": "198.18.7.13",
}


def docker_network(
    name: str = NAME, *, subnet: str = "198.18.7.0/24", gateway: str = "198.18.7.1", driver: str = "bridge"
) -> dict[str, Any]:
    """A network as Docker tells of it."""
    return {
        "Name": name,
        "Id": f"id-of-{name}",
        "Driver": driver,
        "IPAM": {"Config": [{"Subnet": subnet, "Gateway": gateway}]},
        "Containers": {
            "1": {"Name": "k3d-server-0", "MacAddress": "02:42:c6:12:07:02", "IPv4Address": "198.18.7.2/24"}
        },
    }


Docker = Callable[..., DockerNetwork]


@pytest.fixture
def docker(http_server: HTTPServer, programs: Path, write_program: WriteProgram) -> Docker:
    """The lab's network in a Docker that has these networks."""
    write_program("docker", f'echo "$@" >> {programs}/docker.log')

    def having(*networks: dict[str, Any], **options: object) -> DockerNetwork:
        http_server.expect_request("/version").respond_with_json({"ApiVersion": "1.44", "MinAPIVersion": "1.24"})
        http_server.expect_request("/v1.44/networks").respond_with_json(list(networks))
        for one in networks:
            http_server.expect_request(f"/v1.44/networks/{one['Name']}").respond_with_json(one)
        missing = {"message": "network lab-network not found"}
        http_server.expect_request(f"/v1.44/networks/{NAME}").respond_with_json(missing, 404)
        record = Record(
            kind="k3d",
            environment={"PATH": f"{programs}:/usr/bin:/bin", "DOCKER_HOST": f"tcp://127.0.0.1:{http_server.port}"},
        )
        given = settings.load({**HERE, **options})
        return DockerNetwork(Site(given, source.of_the_internet(releases.load("1.7")), record))

    return having


def test_a_network_that_is_not_there_is_missing(docker: Docker) -> None:
    assert docker().wrong() == "no Docker network lab-network"


def test_a_network_that_is_as_it_must_be_is_right(docker: Docker) -> None:
    there = docker(docker_network())
    assert there.wrong() is None
    assert (str(there.subnet), str(there.gateway), there.driver) == ("198.18.7.0/24", "198.18.7.1", "bridge")


def test_the_containers_on_it_are_known_by_their_addresses(docker: Docker) -> None:
    there = docker(docker_network())
    assert {name: str(address) for name, address in there.containers().items()} == {"k3d-server-0": "198.18.7.2"}
    assert there.hardware_addresses() == {"02:42:c6:12:07:02"}


@pytest.mark.parametrize(
    ("other", "seen"),
    [
        ({"subnet": "10.9.0.0/16"}, "subnet 10.9.0.0/16, gateway 198.18.7.1, driver bridge"),
        ({"gateway": "198.18.7.254"}, "subnet 198.18.7.0/24, gateway 198.18.7.254, driver bridge"),
        ({"driver": "macvlan"}, "subnet 198.18.7.0/24, gateway 198.18.7.1, driver macvlan"),
    ],
)
def test_another_network_of_that_name_is_left_alone_and_shown(
    docker: Docker, programs: Path, other: dict[str, str], seen: str
) -> None:
    with pytest.raises(LabError) as caught:
        docker(docker_network(**other)).wrong()
    assert "is left alone" in caught.value.what
    assert caught.value.expected == "subnet 198.18.7.0/24, gateway 198.18.7.1, driver bridge"
    assert caught.value.seen == seen
    assert not (programs / "docker.log").exists()


def test_with_verify_only_another_network_is_for_the_features_to_tell(docker: Docker) -> None:
    assert docker(docker_network(driver="macvlan"), verify_only=True).wrong() is None


def test_it_is_created_as_the_tutorial_does(docker: Docker, programs: Path) -> None:
    docker(docker_network("bridge", subnet="172.17.0.0/16")).install()
    assert (programs / "docker.log").read_text().splitlines() == [
        "network create --driver=bridge --subnet=198.18.7.0/24 --gateway=198.18.7.1 lab-network"
    ]


def test_how_to_remove_it_is_in_the_record(docker: Docker) -> None:
    there = docker()
    there.install()
    assert there.site.record.undo == [["docker", "network", "rm", "lab-network"]]


@pytest.mark.parametrize("taken", ["198.18.0.0/16", "198.18.7.128/25", "198.18.7.0/24"])
def test_a_range_that_overlaps_another_docker_network_is_refused_before_anything_is_made(
    docker: Docker, programs: Path, taken: str
) -> None:
    there = docker(docker_network("somebody-s", subnet=taken))
    with pytest.raises(LabError) as caught:
        there.install()
    assert caught.value.what == "the range 198.18.7.0/24 is taken; nothing was changed"
    assert caught.value.seen == f"the Docker network somebody-s has {taken}"
    assert "--subnet" in caught.value.remedy
    assert there.site.record.undo == []
    assert not (programs / "docker.log").exists()


def test_networks_without_an_ipv4_range_take_nothing(docker: Docker, programs: Path) -> None:
    host = {**docker_network("host"), "IPAM": {"Config": None}}
    docker(host, docker_network("six", subnet="fd00::/64")).install()
    assert (programs / "docker.log").exists()
