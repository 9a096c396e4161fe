"""lab/preflight/docker.py: the checks of the user's Docker, against a small Docker API over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from lab.preflight import docker
from lab.preflight.findings import Finding
from lab.preflight.requirements import GIB
from lab.run.state import LabState
from tests.conftest import MakeLab

SUBNET = "198.18.7.0/24"
"""A range for benchmarks, to which no machine has a route."""
INFO = {
    "OperatingSystem": "Debian GNU/Linux 12 (bookworm)",
    "SecurityOptions": ["name=seccomp,profile=builtin", "name=cgroupns"],
    "MemoryLimit": True,
    "KernelVersion": "6.1.0-27-amd64",
    "CgroupVersion": "2",
    "DockerRootDir": "/does/not/exist",
}
CheckDocker = Callable[..., list[Finding]]


def make_network(name: str, subnet: str, gateway: str) -> dict[str, Any]:
    """Return a network as the Docker API describes it."""
    return {
        "Name": name,
        "Id": f"id-of-{name}",
        "Driver": "bridge",
        "IPAM": {"Config": [{"Subnet": subnet, "Gateway": gateway}]},
        "Containers": {},
    }


@pytest.fixture
def check_docker(http_server: HTTPServer, make_lab: MakeLab) -> CheckDocker:
    """A function that returns the findings for a Docker with these networks and these changes to its `docker info`."""

    def check(*networks: dict[str, Any], recommended_disk: int = 0, **info: object) -> list[Finding]:
        http_server.expect_request("/version").respond_with_json({"ApiVersion": "1.44", "MinAPIVersion": "1.24"})
        http_server.expect_request("/v1.44/info").respond_with_json({**INFO, **info})
        http_server.expect_request("/v1.44/networks").respond_with_json(list(networks))
        for network in networks:
            http_server.expect_request(f"/v1.44/networks/{network['Name']}").respond_with_json(network)
        missing = {"message": "no such network"}
        http_server.expect_request("/v1.44/networks/lab-network").respond_with_json(missing, 404)
        state = LabState(kind="k3d", environment={"DOCKER_HOST": f"tcp://127.0.0.1:{http_server.port}"})
        return list(docker.check_docker(make_lab(state, lab="k3d", subnet=SUBNET), recommended_disk))

    return check


def test_docker_on_linux_without_conflicting_networks_has_no_findings(check_docker: CheckDocker) -> None:
    assert check_docker(make_network("bridge", "10.123.0.0/16", "10.123.0.1")) == []


@pytest.mark.parametrize(
    ("info", "headline", "seen"),
    [
        ({"OperatingSystem": "Docker Desktop"}, "networks cannot be reached", "Docker Desktop, which does not route"),
        ({"SecurityOptions": ["name=seccomp", "name=rootless"]}, "networks cannot be reached", "rootless Docker"),
        ({"MemoryLimit": False}, "failed to find memory cgroup", "Linux 6.1.0-27-amd64 and cgroup version 2"),
    ],
)
def test_an_unsuitable_engine_is_an_error(
    check_docker: CheckDocker, info: dict[str, object], headline: str, seen: str
) -> None:
    [finding] = check_docker(**info)
    assert finding.severity == "error"
    assert headline in finding.problem.headline
    assert seen in finding.problem.seen
    assert finding.problem.remedy


def test_little_disk_space_for_images_is_a_warning(check_docker: CheckDocker, tmp_path: Path) -> None:
    [finding] = check_docker(DockerRootDir=str(tmp_path), recommended_disk=10**9 * GIB)
    assert finding.severity == "warning"
    assert finding.problem.expected.startswith("1000000000 GiB free")


def test_a_network_that_overlaps_the_subnet_is_an_error(check_docker: CheckDocker) -> None:
    [finding] = check_docker(make_network("other-network", "198.18.0.0/16", "198.18.0.1"))
    assert finding.severity == "error"
    assert finding.problem.seen == "the Docker network other-network has 198.18.0.0/16"


def test_the_network_of_an_earlier_run_is_accepted(check_docker: CheckDocker) -> None:
    assert check_docker(make_network("lab-network", SUBNET, "198.18.7.1")) == []


def test_another_network_with_the_name_of_the_lab_network_is_an_error(check_docker: CheckDocker) -> None:
    [finding] = check_docker(make_network("lab-network", "198.18.9.0/24", "198.18.9.1"))
    assert finding.severity == "error"
    assert "lab-network exists with other settings" in finding.problem.headline


def test_an_unreachable_docker_is_one_finding(make_lab: MakeLab, tmp_path: Path) -> None:
    state = LabState(kind="k3d", environment={"DOCKER_HOST": f"unix://{tmp_path}/docker.sock"})
    [finding] = docker.check_docker(make_lab(state, lab="k3d", subnet=SUBNET))
    assert finding.problem.headline == "Docker cannot be reached"
    assert "No such file or directory" in finding.problem.seen
