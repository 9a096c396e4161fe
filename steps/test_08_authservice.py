"""Chapter 8: authservice stands before everything."""

from __future__ import annotations

from pytest_bdd import given, parsers, scenarios, then

from lab.authservice import NAME, NAMESPACE, Authservice
from lab.kubeflow import Kubeflow

scenarios("08_authservice.feature")


@given("the way to authservice's pages", target_fixture="way")
def way(authservice: Authservice) -> Authservice:
    """Installs the layer."""
    return authservice


@then(parsers.parse("the Service authservice has the port {port:d}"))
def has_port(installed: Kubeflow, port: int) -> None:
    """The port that the gateway asks at."""
    service = installed.kube.one("Service", NAME, NAMESPACE)
    assert service is not None, f"there is no Service {NAME} in {NAMESPACE}"
    assert [one["port"] for one in service["spec"]["ports"]] == [port]


@then("the parameters of authservice are")
def has_parameters(installed: Kubeflow, datatable: list[list[str]]) -> None:
    """Those of its ConfigMap, all of them."""
    assert installed.authservice_parameters() == dict(datatable[1:])


@then(parsers.parse("requests for {prefix} are led to port {port:d} of authservice"))
def led(way: Authservice, prefix: str, port: int) -> None:
    """One route, and no other."""
    assert way.routes() == [(prefix, f"{NAME}.{NAMESPACE}.svc.cluster.local", port)]
