"""lab/own_docker.py: what is said of the person's Docker, against a small Docker API over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from lab import machine, own_docker, releases, settings, source
from lab.findings import Finding
from lab.record import Record
from lab.site import Site
from tests.test_network import HERE, docker_network

FINE = {
    "OperatingSystem": "Debian GNU/Linux 12 (bookworm)",
    "SecurityOptions": ["name=seccomp,profile=builtin", "name=cgroupns"],
    "MemoryLimit": True,
    "KernelVersion": "6.1.0-27-amd64",
    "CgroupVersion": "2",
    "DockerRootDir": "/nowhere/on/this/machine",
}
Look = Callable[..., list[Finding]]


def site_of(docker_host: str) -> Site:
    """A site at a Docker, in a range that no machine has a route to."""
    record = Record(kind="k3d", environment={"DOCKER_HOST": docker_host})
    return Site(settings.load(HERE), source.of_the_internet(releases.load("1.7")), record)


@pytest.fixture
def look(http_server: HTTPServer) -> Look:
    """What is found of a Docker that says this of itself and has these networks."""

    def found(*networks: dict[str, Any], **info: object) -> list[Finding]:
        http_server.expect_request("/version").respond_with_json({"ApiVersion": "1.44", "MinAPIVersion": "1.24"})
        http_server.expect_request("/v1.44/info").respond_with_json({**FINE, **info})
        http_server.expect_request("/v1.44/networks").respond_with_json(list(networks))
        for one in networks:
            http_server.expect_request(f"/v1.44/networks/{one['Name']}").respond_with_json(one)
        missing = {"message": "no such network"}
        http_server.expect_request("/v1.44/networks/lab-network").respond_with_json(missing, 404)
        return list(own_docker.unfit(site_of(f"tcp://127.0.0.1:{http_server.port}")))

    return found


def test_a_docker_on_linux_with_nothing_in_the_way_is_fit(look: Look) -> None:
    assert look(docker_network("bridge", subnet="10.123.0.0/16")) == []


@pytest.mark.parametrize(
    ("info", "what", "seen"),
    [
        ({"OperatingSystem": "Docker Desktop"}, "networks cannot be reached", "Docker Desktop, which does not route"),
        ({"SecurityOptions": ["name=seccomp", "name=rootless"]}, "networks cannot be reached", "rootless Docker"),
        ({"MemoryLimit": False}, "failed to find memory cgroup", "Linux 6.1.0-27-amd64 and cgroup version 2"),
    ],
)
def test_an_engine_that_cannot_carry_the_lab_is_an_error(
    look: Look, info: dict[str, object], what: str, seen: str
) -> None:
    [finding] = look(**info)
    assert finding.severity == "error"
    assert what in finding.problem.what
    assert seen in finding.problem.seen
    assert finding.problem.remedy


def test_little_space_for_images_is_a_warning(look: Look, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_docker, "SPACE_ADVISED", 10**9 * machine.GIB)
    [finding] = look(DockerRootDir=str(tmp_path))
    assert finding.severity == "warning"
    assert finding.problem.expected.startswith("1000000000 GiB free")


def test_another_network_in_the_range_is_named(look: Look) -> None:
    [finding] = look(docker_network("somebody-s", subnet="198.18.0.0/16"))
    assert finding.severity == "error"
    assert finding.problem.seen == "the Docker network somebody-s has 198.18.0.0/16"


def test_the_lab_s_own_network_of_an_earlier_run_is_not_in_the_way(look: Look) -> None:
    assert look(docker_network()) == []


def test_another_network_of_the_lab_s_name_is_an_error(look: Look) -> None:
    [finding] = look(docker_network(subnet="198.18.9.0/24"))
    assert finding.severity == "error"
    assert "is left alone" in finding.problem.what


def test_a_docker_that_does_not_answer_is_one_finding(tmp_path: Path) -> None:
    [finding] = own_docker.unfit(site_of(f"unix://{tmp_path}/docker.sock"))
    assert finding.problem.what == "Docker cannot be reached"
    assert "No such file or directory" in finding.problem.seen
