"""Tests of the containers of manifests."""

from __future__ import annotations

import pytest

from embedded.rehearsal.containers import Container, check_ports, list_containers
from lab.errors import LabError
from lab.k8s.documents import parse_documents
from tests.rehearsal.manifests import WEBHOOK


@pytest.fixture(scope="module")
def containers() -> dict[str, Container]:
    """The containers of the small manifests, by name."""
    return {container.name: container for container in list_containers(parse_documents(WEBHOOK))}


def test_a_container_has_the_ports_of_its_probes_and_its_own(containers: dict[str, Container]) -> None:
    assert {9440, 9441, 9442} <= containers["manager"].ports


def test_a_port_that_only_a_service_names_belongs_to_the_first_lasting_container(
    containers: dict[str, Container],
) -> None:
    """The first one is the sidecar, which has 8443 itself; the Service of another namespace does not count."""
    assert containers["proxy"].ports == {8443, 9443}
    assert all(7777 not in container.ports for container in containers.values())
    assert 443 not in containers["proxy"].ports


def test_init_containers_and_jobs_end_and_sidecars_do_not(containers: dict[str, Container]) -> None:
    assert {name: container.ends for name, container in containers.items()} == {
        "wait": True,
        "proxy": False,
        "manager": False,
        "clean": True,
    }


def test_the_command_and_the_commands_of_probes_and_hooks_are_known(containers: dict[str, Container]) -> None:
    manager = containers["manager"]
    assert manager.command == ["./manager", "--leader-elect", "--port=$(PORT)", "1"]
    assert manager.probes == [["/bin/grpc_health_probe", "-addr=:1"], ["sleep", "5"]]
    assert manager.programs == ["./manager", "/bin/grpc_health_probe", "sleep"]


def test_only_directories_of_secrets_may_have_certificates(containers: dict[str, Container]) -> None:
    assert containers["manager"].certificates == ["/certs", "/more"]


def test_a_container_is_named_by_its_workload(containers: dict[str, Container]) -> None:
    assert containers["manager"].title == "Deployment kubeflow/webhook, container manager"
    assert containers["manager"].pods == "webhook-"
    assert containers["clean"].reference == "docker.io/library/clean:v2"


def test_arguments_without_a_command_belong_to_the_program_of_the_image() -> None:
    [container] = list_containers(
        parse_documents(
            "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: b, image: c, args: [--d]}]}}"
        )
    )
    assert container.command == ["", "--d"]
    assert container.pods == "a"


def list_ports(*containers: str) -> dict[str, set[int]]:
    """Return the ports of the containers of a pod by name, after checking them."""
    pod = f"{{apiVersion: v1, kind: Pod, metadata: {{name: web}}, spec: {{containers: [{', '.join(containers)}]}}}}"
    found = list_containers(parse_documents(pod))
    check_ports(found)
    return {container.name: container.ports for container in found}


def test_a_probed_port_belongs_to_the_container_that_has_it() -> None:
    proxy = "{name: proxy, image: x, ports: [{containerPort: 8443}], readinessProbe: {tcpSocket: {port: 8080}}}"
    app = "{name: app, image: x, ports: [{containerPort: 8080}], livenessProbe: {tcpSocket: {port: 9000}}}"
    other = "{name: other, image: x, livenessProbe: {tcpSocket: {port: 9000}}}"
    assert list_ports(proxy, app, other) == {"proxy": {8443}, "app": {8080, 9000}, "other": set()}


def test_a_port_of_two_containers_is_an_error() -> None:
    app = "{name: app, image: x, ports: [{containerPort: 8080}]}"
    with pytest.raises(LabError, match="containers of one pod have the same port") as caught:
        list_ports(app, app.replace("app", "proxy"))
    assert caught.value.seen == "Pod default/web: port 8080 in app and proxy"


def test_ports_of_other_protocols_are_no_conflict() -> None:
    names = "{name: names, image: x, ports: [{containerPort: 53, protocol: UDP}]}"
    assert list_ports(names, "{name: app, image: x, ports: [{containerPort: 53}]}") == {"names": set(), "app": {53}}
