"""Chapter 4: the Ingress controller, and a site behind it."""

from __future__ import annotations

from urllib.parse import urlsplit

import requests
from playwright.sync_api import Page
from pytest_bdd import given, parsers, scenarios, then, when

from lab.helm import HelmRelease
from lab.ingress import IngressController
from lab.nginx_site import WELCOME, NginxSite
from lab.readiness import not_ready
from lab.resolving import session
from lab.settings import Settings

scenarios("04_ingress.feature")


@given("the Ingress controller", target_fixture="helm_release")
def controller_installed(ingress_controller: IngressController) -> HelmRelease:
    """Installs the layer; its Helm release is what shared steps look at."""
    return ingress_controller.release


@given("the nginx site behind the Ingress controller", target_fixture="behind")
def site_installed(nginx_site: NginxSite) -> NginxSite:
    """Installs the layer."""
    return nginx_site


@then("its pod is ready")
def pod_ready(ingress_controller: IngressController) -> None:
    """There is one, and it is ready."""
    pods = ingress_controller.pods()
    assert pods, "there is no pod of the Ingress controller"
    assert not not_ready(pods), f"these pods of the Ingress controller are not ready: {not_ready(pods)}"


@then(parsers.parse("its Service has the external address {address}"))
def has_address(ingress_controller: IngressController, address: str, settings: Settings) -> None:
    """The address that names of the lab point to."""
    expected, seen = settings.here(address), str(ingress_controller.external_address())
    assert seen == expected, f"the external address of the Ingress controller is {seen}, and names point to {expected}"


@then(parsers.parse("the default IngressClass is {name}"))
def default_class(ingress_controller: IngressController, name: str) -> None:
    """Exactly one, else Ingresses without a class are refused."""
    seen = ingress_controller.default_classes()
    assert seen == [name], f"expected the default IngressClass {name}, seen {seen}: an Ingress without a class is lost"


@then(parsers.parse("its Ingress has the class {name}"))
def ingress_class(behind: NginxSite, name: str) -> None:
    """The tutorial's text shows none, since it was written before the class became the default."""
    seen = behind.ingress_class()
    assert seen == name, f"the Ingress of the site has the class {seen}: no controller of that class takes it"


@then(parsers.parse("its Ingress has the address {address}"))
def ingress_address(behind: NginxSite, address: str, settings: Settings) -> None:
    """Written by the controller when it has taken the Ingress up."""
    expected, seen = settings.here(address), str(behind.published_address())
    assert seen == expected, f"the Ingress of the site has the address {seen}, and not {expected}"


@when(parsers.parse("an HTTP client asks for {url}"), target_fixture="answer")
def ask(url: str, settings: Settings) -> requests.Response:
    """The name is resolved for this request alone."""
    with session({str(urlsplit(url).hostname): settings.ingress_address}) as http:
        return http.get(url, timeout=10)


@then("the answer is nginx's welcome page")
def is_welcome(answer: requests.Response, behind: NginxSite) -> None:
    """The site behind, not a page of the controller."""
    if (answer.status_code, WELCOME in answer.text) != (200, True):
        seen = f"{answer.url} does not show the site: {answer.status_code}: {answer.text[:200]}"
        raise AssertionError("\n".join([seen, *behind.unserved()]))


@then("the answer is the controller's 404")
def is_not_found(answer: requests.Response, behind: NginxSite) -> None:
    """Said by the controller itself: it is another page than the site's own 404."""
    assert answer.status_code == requests.codes.not_found, f"{answer.status_code}: {answer.text[:200]}"
    assert answer.text != behind.page_not_found(), (
        "the request reached the nginx site, whose Ingress is for another host"
    )


@when(parsers.parse("a person opens {url} in a browser"))
def open_page(page: Page, url: str) -> None:
    """Until the page has loaded."""
    page.goto(url)


@then(parsers.parse('the page is titled "{title}"'))
def is_titled(page: Page, title: str) -> None:
    """What the browser's tab shows."""
    assert page.title() == title, f"the page at {page.url} is titled {page.title()!r}: {page.inner_text('body')[:200]}"
