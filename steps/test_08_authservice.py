"""Chapter 8: every request is authenticated by authservice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import parse_qs, urlsplit

import requests
from pytest_bdd import given, parsers, scenarios, then

from lab.config.settings import Settings
from lab.layers.authservice import NAME, VIRTUAL_SERVICE, Authservice
from lab.layers.dex_configuration import list_redirect_uris
from lab.layers.kubeflow import Kubeflow
from lab.releases import Release
from lab.run.progress import Progress
from lab.web.http_client import LabHttp

scenarios("08_authservice.feature")


@given("the tutorial's route to the pages of authservice is installed")
def install_route(authservice: Authservice) -> None:
    """Ensure that the tutorial's VirtualService is installed."""


@given(
    parsers.parse("a temporary route through the gateway to port {port:d} of authservice"),
    target_fixture="route_prefix",
)
def add_temporary_route(port: int, authservice_route: Callable[[int], str]) -> str:
    """Add a second route until the scenario has ended, and return its path prefix; the tutorial's route stays."""
    return authservice_route(port)


@then(parsers.parse("the Service authservice has the port {port:d}"))
def service_has_port(kubeflow: Kubeflow, port: int) -> None:
    """Check that the Service exposes the port to which the gateway sends its requests; it may have others."""
    namespace = kubeflow.lab.release.auth_proxy.namespace
    service = kubeflow.lab.kube.get("Service", NAME, namespace)
    assert service is not None, f"the Service {NAME} does not exist in the namespace {namespace}"
    seen = [service_port["port"] for service_port in service["spec"]["ports"]]
    assert port in seen, (
        f"expected the port {port} of the Service {NAME}, seen {seen}: the gateway sends its requests to port {port}"
    )


@then("authservice has the parameters")
def authservice_has_parameters(kubeflow: Kubeflow, datatable: list[list[str]], progress: Progress) -> None:
    """Check the parameters in the ConfigMap of authservice; note additional ones, and an owner's own ones."""
    expected, seen = dict(datatable[1:]), kubeflow.get_authservice_parameters()
    differences = [
        f"{name}: expected {value!r}, seen {seen.get(name)!r}"
        for name, value in expected.items()
        if seen.get(name) != value
    ]
    settings = kubeflow.lab.settings
    is_own_configuration = settings.manifests or not settings.kind.is_installed
    if differences and is_own_configuration:
        progress.note(f"the parameters of authservice differ from the tutorial: {'; '.join(differences)}")
        return
    if additional := sorted(seen.keys() - expected.keys()):
        progress.note(f"authservice has parameters that the tutorial does not have: {', '.join(additional)}")
    assert not differences, "\n".join(["the parameters of authservice differ from the tutorial:", *differences])


@then(parsers.parse("requests for {prefix} are routed to port {port:d} of authservice"))
def requests_are_routed(authservice: Authservice, prefix: str, port: int) -> None:
    """Check that the VirtualService has exactly one route."""
    expected, seen = [(prefix, f"{NAME}.{authservice.namespace}.svc.cluster.local", port)], authservice.list_routes()
    assert seen == expected, f"expected the routes {expected} in the VirtualService {VIRTUAL_SERVICE}, seen {seen}"


@then("the request is allowed, and returns no page")
def response_is_no_page(response: requests.Response) -> None:
    """Check that the response is the one that authservice returns to the gateway, which is not meant for users."""
    assert response.status_code == requests.codes.ok, (
        f"expected 200 from {response.url}, seen {response.status_code}: {response.text[:200]}"
    )
    content_type = response.headers.get("Content-Type", "")
    assert "html" not in content_type, f"expected no page from {response.url}, seen HTML: {response.text[:200]}"


@then("the owner's requests through this route return")
def pages_return_status(
    route_prefix: str,
    settings: Settings,
    datatable: list[list[str]],
    http: LabHttp,
    owner_session: Callable[[str], Mapping[str, str]],
) -> None:
    """Check the status of each page, and that pages are HTML."""
    entry_point, expected = settings.main_entry_point, dict(datatable[1:])
    owner = owner_session(entry_point)
    responses = {page: http.get(f"{entry_point}{route_prefix}{page}", cookies=owner) for page in expected}
    seen = {page: str(response.status_code) for page, response in responses.items()}
    assert seen == expected, f"expected the status {expected} of the pages of authservice, seen {seen}"
    pages = [response for response in responses.values() if response.ok]
    content_types = {response.headers.get("Content-Type", "").partition(";")[0] for response in pages}
    assert content_types == {"text/html"}, f"expected text/html from the pages of authservice, seen {content_types}"


@then("its redirect URI is the callback of the auth proxy, and is registered in Dex")
def redirect_uri_is_registered(response: requests.Response, release: Release, kubeflow: Kubeflow) -> None:
    """Check the redirect URI; Dex rejects a login with any other: "unregistered redirect_uri"."""
    queries = [parse_qs(urlsplit(redirect.headers["Location"]).query) for redirect in response.history]
    seen = {uri for query in queries for uri in query.get("redirect_uri", [])}
    paths, callback = {urlsplit(uri).path for uri in seen}, release.auth_proxy.callback
    assert paths == {callback}, f"expected a redirect URI with the path {callback}, seen {paths or 'no redirect URI'}"
    registered = list_redirect_uris(kubeflow.lab.kube)
    if registered is None:  # The clients are elsewhere, but Dex has shown its login for this redirect URI.
        is_accepted = response.ok
        assert is_accepted, f"Dex rejects the redirect URI {seen}: {response.url} returns {response.status_code}"
        return
    assert seen <= registered, f"expected redirect URIs that are registered in Dex ({registered}), seen {seen}"
