"""Chapter 9: Kubeflow has two entry points."""

from __future__ import annotations

import requests
from pytest_bdd import given, parsers, scenarios, then, when

from lab.config.settings import Settings
from lab.context import Lab
from lab.k8s.objects import external_addresses
from lab.layers import gateway
from lab.layers.ingress import ANY_HOST
from lab.layers.kubeflow_ingress import INGRESS, KubeflowIngress
from lab.layers.port_forward import PortForward
from lab.request_path.trace import explain_request
from lab.web.http_client import LabHttp

scenarios("09_entry_points.feature")


@given("the port-forward is open")
def open_port_forward(port_forward: PortForward) -> None:
    """Ensure that the port-forward is open."""


@given("the Ingress of Kubeflow is installed")
def install_ingress(kubeflow_ingress: KubeflowIngress) -> None:
    """Ensure that the Ingress is installed."""


@then(parsers.parse("it listens on {address} and on no other address"))
def port_forward_listens_on(port_forward: PortForward, address: str, settings: Settings) -> None:
    """Check all addresses of this machine on which the port-forward listens."""
    expected, seen = [settings.translate(address)], port_forward.list_addresses()
    assert seen == expected, (
        f"expected the port-forward to listen on {expected}, seen {seen}: other machines may be able to connect"
    )


@when("its process is killed")
def kill_port_forward(port_forward: PortForward) -> None:
    """Kill the process, and wait until its supervisor has started another one."""
    port_forward.kill()
    port_forward.wait_until_open()


@then(parsers.parse("{url} answers"))
def url_answers(url: str, http: LabHttp, lab: Lab) -> None:
    """Check that a URL returns any response that is not a server error."""
    response = http.get(url)
    if response.status_code >= requests.codes.server_error:
        headline = f"expected a response below 500 from {url}, seen {response.status_code}: {response.text[:200]}"
        raise AssertionError(f"{headline}\n{explain_request(lab, url)}")


@then(parsers.parse("it exposes the host {host}"))
def ingress_exposes_host(kubeflow_ingress: KubeflowIngress, host: str) -> None:
    """Check that the Ingress exposes exactly one host; the owner of an existing cluster may expose every host."""
    expected, seen = [host], kubeflow_ingress.list_hosts()
    if ANY_HOST in seen:
        text = f"Kubeflow's Ingress exposes every host ({ANY_HOST}), and not only {host}"
        namespace = gateway.find_service(kubeflow_ingress.lab.settings).namespace
        if kubeflow_ingress.lab.settings.kind.is_installed:
            raise AssertionError(
                f"{text}: the Ingress has a rule without a host, or a default backend "
                f"(`kubectl get ingress {INGRESS} -n {namespace} -o yaml`)"
            )
        kubeflow_ingress.lab.progress.note(text)
        return
    assert seen == expected, f"expected Kubeflow's Ingress to expose {expected}, seen {seen}"


@then(parsers.parse("it has the address {address}"))
def ingress_has_address(kubeflow_ingress: KubeflowIngress, address: str, settings: Settings) -> None:
    """Check the address that the Ingress controller publishes in the Ingress."""
    expected, seen = settings.translate(address), external_addresses(kubeflow_ingress.get_ingress())
    assert expected in seen, f"expected the address {expected} in Kubeflow's Ingress, seen {', '.join(seen) or 'none'}"
