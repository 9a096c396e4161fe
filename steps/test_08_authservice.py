"""Chapter 8: authservice stands before everything."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import parse_qs, urlsplit

import requests
import yaml
from pytest_bdd import given, parsers, scenarios, then

from lab import doors
from lab.asking import ask
from lab.authservice import NAME, NAMESPACE, VIRTUAL_SERVICE, Authservice
from lab.kubeflow import Kubeflow
from lab.releases import Release
from lab.settings import Settings

scenarios("08_authservice.feature")


@given("the way to authservice's pages", target_fixture="way")
def way(authservice: Authservice) -> Authservice:
    """Installs the layer."""
    return authservice


@given(parsers.parse("a way through the gateway to port {port:d} of authservice"), target_fixture="path")
def way_to_port(port: int, way_to: Callable[[int], str]) -> str:
    """One of the suite's own, and gone after the scenario; the tutorial's stays as it is."""
    return way_to(port)


@then(parsers.parse("the Service authservice has the port {port:d}"))
def has_port(installed: Kubeflow, port: int) -> None:
    """The port that the gateway asks at, and no other."""
    service = installed.kube.one("Service", NAME, NAMESPACE)
    assert service is not None, f"there is no Service {NAME} in {NAMESPACE}"
    seen = [one["port"] for one in service["spec"]["ports"]]
    assert seen == [port], (
        f"the Service {NAME} has the ports {seen}; the gateway asks at {port}, and nobody answers there"
    )


@then("the parameters of authservice are")
def has_parameters(installed: Kubeflow, datatable: list[list[str]]) -> None:
    """Those of its ConfigMap, all of them."""
    expected, seen = dict(datatable[1:]), installed.authservice_parameters()
    wrong = [
        f"{name} is {seen.get(name)!r}, and not {expected.get(name)!r}"
        for name in sorted(expected.keys() | seen.keys())
        if seen.get(name) != expected.get(name)
    ]
    assert not wrong, "\n".join(["authservice has other parameters than the tutorial's:", *wrong])


@then(parsers.parse("requests for {prefix} are led to port {port:d} of authservice"))
def led(way: Authservice, prefix: str, port: int) -> None:
    """One route, and no other."""
    expected, seen = [(prefix, f"{NAME}.{NAMESPACE}.svc.cluster.local", port)], way.routes()
    assert seen == expected, f"expected the routes {expected} of the VirtualService {VIRTUAL_SERVICE}, seen {seen}"


@then("it is let pass, and shown no page")
def no_page(answer: requests.Response) -> None:
    """What the gateway is told is not meant for people."""
    kind = answer.headers.get("Content-Type", "")
    assert answer.status_code == requests.codes.ok, f"{answer.url} answered {answer.status_code}: {answer.text[:200]}"
    assert "html" not in kind, f"{answer.url} shows a page: {answer.text[:200]}"


@then("it answers the owner with")
def answers(
    path: str, datatable: list[list[str]], settings: Settings, session_of_owner: Callable[[str], Mapping[str, str]]
) -> None:
    """Pages are of HTML."""
    owner = session_of_owner(doors.PUBLIC)
    seen = {page: ask(f"{doors.PUBLIC}{path}{page}", settings, cookies=owner) for page, _ in datatable[1:]}
    assert {page: str(answer.status_code) for page, answer in seen.items()} == dict(datatable[1:])
    kinds = {answer.headers.get("Content-Type", "").partition(";")[0] for answer in seen.values() if answer.ok}
    assert kinds == {"text/html"}, f"authservice's pages are of {kinds}"


@then("it is to come back to the front end's callback, which Dex knows")
def comes_back(answer: requests.Response, release: Release, kubeflow: Kubeflow) -> None:
    """Dex refuses everybody who is to be led elsewhere: "unregistered redirect_uri"."""
    led = [parse_qs(urlsplit(step.headers["Location"]).query) for step in answer.history]
    named = {uri for query in led for uri in query.get("redirect_uri", [])}
    paths = {urlsplit(uri).path for uri in named}
    assert paths == {release.front_end.callback}, f"it is to come back to {paths}, not {release.front_end.callback}"
    config = yaml.safe_load(((kubeflow.kube.one("ConfigMap", "dex", "auth") or {})["data"])["config.yaml"])
    known = {uri for client in config["staticClients"] for uri in client["redirectURIs"]}
    assert named <= known, f"Dex leads to {known} only"
