"""Chapter 4: the Ingress controller has the address that DNS points to."""

from __future__ import annotations

from urllib.parse import urlsplit

import requests
from playwright.sync_api import Page
from pytest_bdd import given, parsers, scenarios, then, when

from lab.config.settings import Settings
from lab.k8s.helm import HelmRelease
from lab.k8s.objects import external_addresses
from lab.k8s.readiness import describe_unready
from lab.layers.ingress import NAMESPACE, IngressController, list_default_classes
from lab.layers.ingress_admission import check_duplicate_rejected
from lab.layers.nginx_site import WELCOME, NginxSite
from lab.request_path.trace import explain_request
from lab.web.http_client import LabHttp

scenarios("04_ingress.feature")


@given("the Ingress controller is installed", target_fixture="helm_release")
def install_ingress_controller(ingress_controller: IngressController) -> HelmRelease:
    """Ensure that the Ingress controller is installed, and return its Helm release."""
    return ingress_controller.release


@given("the nginx test site is exposed by the Ingress controller")
def expose_nginx_site(nginx_site: NginxSite) -> None:
    """Ensure that the test site and its Ingress are installed."""


@then("its pod is ready")
def pod_is_ready(ingress_controller: IngressController) -> None:
    """Check that the Ingress controller has pods, and that all of them are ready."""
    pods = ingress_controller.list_pods()
    assert pods, "the Ingress controller has no pods"
    unready = describe_unready(pods, ingress_controller.lab.kube.list_objects("Event", NAMESPACE))
    assert not unready, f"pods of the Ingress controller are not ready: {unready}"


@then(parsers.parse("its Service has the external IP {address}"))
def service_has_external_ip(ingress_controller: IngressController, address: str, settings: Settings) -> None:
    """Check the address, to which all host names of the lab point."""
    expected, seen = settings.translate(address), external_addresses(ingress_controller.get_service())
    assert expected in seen, (
        f"expected the external IP {expected} for the Ingress controller, seen {', '.join(seen) or 'none'}: "
        f"the host names of the lab point to {expected}"
    )


@then(parsers.parse("the default IngressClass is {name}"))
def default_ingress_class_is(ingress_controller: IngressController, name: str) -> None:
    """Check the class that Kubernetes gives to an Ingress that names none."""
    seen = list_default_classes(ingress_controller.lab.kube.list_objects("IngressClass"))
    problem = ingress_controller.find_class_problem(name)
    consequence = problem if len(seen) > 1 else "no controller handles an Ingress without a class"
    is_right_class = not problem
    assert is_right_class, (
        f"expected the default IngressClass {name}, seen {seen}: {consequence} (`kubectl get ingressclasses -o yaml`)"
    )


@then(parsers.parse("its Ingress has the class {name}"))
def ingress_has_class(nginx_site: NginxSite, name: str) -> None:
    """Check the class, which the tutorial's output does not show: it is older than the default class."""
    seen = nginx_site.get_ingress_class()
    assert seen == name, (
        f"expected the class {name} for the Ingress of the test site, seen {seen}: no controller handles that class"
    )


@then(parsers.parse("its Ingress has the address {address}"))
def ingress_has_address(nginx_site: NginxSite, address: str, settings: Settings) -> None:
    """Check the address that the controller publishes in the Ingresses that it handles."""
    expected, seen = settings.translate(address), external_addresses(nginx_site.get_ingress())
    assert expected in seen, (
        f"expected the address {expected} in the Ingress of the test site, seen {', '.join(seen) or 'none'}"
    )


@when(parsers.parse("an HTTP client requests {url}"), target_fixture="response")
def request_url(url: str, http: LabHttp) -> requests.Response:
    """Send a request; the client resolves every host of example.it to the address of the Ingress controller."""
    return http.get(url)


@then("the response is the welcome page of nginx")
def response_is_welcome_page(response: requests.Response, nginx_site: NginxSite) -> None:
    """Check that the response is from the test site and not from the controller."""
    if (response.status_code, WELCOME in response.text) != (200, True):
        headline = f"{response.url} does not return the test site: {response.status_code}: {response.text[:200]}"
        explanation = explain_request(nginx_site.lab, response.url)
        raise AssertionError("\n".join([headline, *nginx_site.diagnose(), explanation]))


@then("the response is the 404 page of the Ingress controller")
def response_is_404_of_controller(response: requests.Response, nginx_site: NginxSite) -> None:
    """Check that the response is from the controller: the test site has another 404 page."""
    assert response.status_code == requests.codes.not_found, (
        f"expected 404 from {response.url}, seen {response.status_code}: {response.text[:200]}"
    )
    assert response.text != nginx_site.get_404_page(), (
        f"expected the 404 page of the Ingress controller from {response.url}, seen the 404 page of the test site: "
        "check the host in the Ingress of the test site"
    )


@then(parsers.parse("the API server would reject another Ingress for {url}"))
def another_ingress_is_rejected(nginx_site: NginxSite, url: str) -> None:
    """Check in a dry run that the admission webhook rejects an Ingress whose host and path another one has."""
    check_duplicate_rejected(nginx_site.lab.kube, nginx_site.ingress, urlsplit(url).netloc)


@when(parsers.parse("a user opens {url} in a browser"))
def open_in_browser(page: Page, url: str) -> None:
    """Open a URL, and wait until the page has loaded."""
    page.goto(url)


@then(parsers.parse('the page has the title "{title}"'))
def page_has_title(page: Page, title: str) -> None:
    """Check the title that the browser's tab shows."""
    seen = page.title()
    assert seen == title, f"expected the title {title!r} at {page.url}, seen {seen!r}: {page.inner_text('body')[:200]}"
