"""Chapter 9: two doors lead to Kubeflow."""

from __future__ import annotations

import requests
from pytest_bdd import given, parsers, scenarios, then, when

from lab.asking import ask
from lab.doors import KubeflowIngress, PortForward
from lab.settings import Settings

scenarios("09_doors.feature")


@given("the port-forward", target_fixture="forward")
def forward(port_forward: PortForward) -> PortForward:
    """Opens the door."""
    return port_forward


@given("Kubeflow's Ingress", target_fixture="ingress")
def ingress(kubeflow_ingress: KubeflowIngress) -> KubeflowIngress:
    """Installs the layer."""
    return kubeflow_ingress


@then(parsers.parse("it listens on {address} and nowhere else"))
def listens_on(forward: PortForward, address: str, settings: Settings) -> None:
    """Of all the addresses of this network."""
    seen = forward.addresses()
    assert seen == [settings.here(address)], (
        f"the port-forward listens on {seen}, where others than this machine may reach it"
    )


@when("its process is killed")
def kill(forward: PortForward) -> None:
    """And its supervisor given the time to see it."""
    forward.kill()
    forward.wait_until_open()


@then(parsers.parse("{url} answers"))
def answers(url: str, settings: Settings) -> None:
    """Somebody answers, whatever they say."""
    answer = ask(url, settings)
    assert answer.status_code < requests.codes.server_error, f"{url} answers {answer.status_code}: {answer.text[:200]}"


@then(parsers.parse("it exposes the host {host}"))
def exposes(ingress: KubeflowIngress, host: str) -> None:
    """That one, and no other."""
    assert ingress.hosts() == [host], f"Kubeflow's Ingress exposes {ingress.hosts()}, and not {host}"


@then(parsers.parse("it has the address {address}"))
def has_address(ingress: KubeflowIngress, address: str, settings: Settings) -> None:
    """Written by the Ingress controller."""
    expected, seen = settings.here(address), str(ingress.address())
    assert seen == expected, f"Kubeflow's Ingress has the address {seen}, and not {expected}"
