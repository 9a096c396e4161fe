"""lab/preflight/docker.py: the checks of the user's Docker, against a small Docker API over HTTP."""

from __future__ import annotations

import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from lab.preflight import docker
from lab.preflight.findings import Finding
from lab.preflight.requirements import GIB
from lab.run.state import LabState
from tests.conftest import MakeLab, WriteProgram

SUBNET = "198.18.7.0/24"
"""A range for benchmarks, to which no machine has a route."""
INFO = {
    "OperatingSystem": "Debian GNU/Linux 12 (bookworm)",
    "SecurityOptions": ["name=seccomp,profile=builtin", "name=cgroupns"],
    "MemoryLimit": True,
    "KernelVersion": platform.release(),
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

    def check(
        *networks: dict[str, Any], recommended_disk: int = 0, components: object = (), **info: object
    ) -> list[Finding]:
        version = {"ApiVersion": "1.44", "MinAPIVersion": "1.24", "Components": components}
        http_server.expect_request("/version").respond_with_json(version)
        http_server.expect_request("/v1.44/version").respond_with_json(version)
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
        ({"OperatingSystem": "Docker Desktop"}, "networks cannot be reached", "Docker Desktop, which runs them in"),
        ({"KernelVersion": "6.12.54-linuxkit"}, "networks cannot be reached", "an engine on Linux 6.12.54-linuxkit"),
        ({"SecurityOptions": ["name=seccomp", "name=rootless"]}, "networks cannot be reached", "rootless Docker"),
        ({"MemoryLimit": False}, "failed to find memory cgroup", f"Linux {platform.release()} and cgroup version 2"),
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


def test_docker_desktop_in_wsl_gets_a_remedy_for_wsl(
    check_docker: CheckDocker, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel = "5.15.167.4-microsoft-standard-WSL2"
    monkeypatch.setattr(platform, "release", lambda: kernel)
    [finding] = check_docker(OperatingSystem="Docker Desktop", KernelVersion=kernel)
    assert "install Docker Engine in this WSL distribution" in finding.problem.remedy


def test_an_engine_in_a_wsl_distribution_has_no_findings(
    check_docker: CheckDocker, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel = "5.15.167.4-microsoft-standard-WSL2"
    monkeypatch.setattr(platform, "release", lambda: kernel)
    assert check_docker(OperatingSystem="Ubuntu 24.04.1 LTS", KernelVersion=kernel) == []


PODMAN = {"Name": "Podman Engine", "Version": "5.4.2"}
"""A component that Podman 5.4.2 of Debian 13 reports at /version; its /info resembles that of Docker."""


def test_podman_that_root_runs_is_a_warning(check_docker: CheckDocker) -> None:
    [finding] = check_docker(components=[PODMAN, {"Name": "Conmon", "Version": "conmon version 2.1.12"}])
    assert finding.severity == "warning"
    assert "Docker is Podman" in finding.problem.headline
    assert finding.problem.seen == "podman 5.4.2, run by root"


@pytest.mark.parametrize(
    ("version", "options"),
    [("5.4.2", ["name=seccomp,profile=default", "name=rootless"]), ("3.4.4", ["name=seccomp,profile=default"])],
)
def test_podman_that_is_rootless_or_old_is_one_error(
    check_docker: CheckDocker, version: str, options: list[str]
) -> None:
    [finding] = check_docker(components=[{**PODMAN, "Version": version}], SecurityOptions=options)
    assert finding.severity == "error"
    assert finding.problem.seen.startswith(f"podman {version}")


def test_podmans_script_without_its_socket_is_an_error(
    make_lab: MakeLab, write_program: WriteProgram, tmp_path: Path
) -> None:
    """Podman's package podman-docker contains a script `docker`, but no socket for Docker's API."""
    write_program("docker", "echo Emulate Docker CLI using podman. >&2; echo podman version 5.4.2")
    state = LabState(kind="k3d", environment={"DOCKER_HOST": f"unix://{tmp_path}/docker.sock"})
    finding = docker.find_podman(make_lab(state, lab="k3d"), timeout=60)
    assert finding
    assert finding.problem.headline == "Docker is Podman, whose socket cannot be reached"
    assert finding.problem.seen.startswith("podman 5.4.2; ")


def test_docker_is_not_podman(make_lab: MakeLab, write_program: WriteProgram, tmp_path: Path) -> None:
    write_program("docker", "echo Docker version 26.1.5+dfsg1, build a72d7cd")
    state = LabState(kind="k3d", environment={"DOCKER_HOST": f"unix://{tmp_path}/docker.sock"})
    assert docker.find_podman(make_lab(state, lab="k3d"), timeout=60) is None


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


@pytest.mark.parametrize(
    ("cgroup_version", "tag", "is_refused"),
    [
        ("1", "v1.34.4-k3s1", False),
        ("1", "v1.35.0-k3s1", True),
        ("2", "v1.35.0-k3s1", False),
        ("1", "latest", False),
        ("", "v1.36.0-k3s1", False),
    ],
)
def test_a_kubelet_that_refuses_cgroup_v1_is_an_error(cgroup_version: str, tag: str, is_refused: bool) -> None:
    findings = list(docker.check_cgroup_version(cgroup_version, f"docker.io/rancher/k3s:{tag}"))
    assert [finding.severity for finding in findings] == ["error"] * is_refused
    if is_refused:
        assert "it refuses cgroup v1" in findings[0].problem.headline
        assert findings[0].problem.seen == f"cgroup v1, and the node's image docker.io/rancher/k3s:{tag}"
