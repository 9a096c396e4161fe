"""Chapter 11: a user creates resources in the web apps."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from http.cookies import SimpleCookie

from pytest_bdd import given, parsers, scenarios, then, when

from lab.layers.kubeflow import PROFILE, RESOURCE_PREFIX, Kubeflow
from lab.releases import Release
from lab.web.browser_user import Answer, BrowserUser
from lab.web.http_client import LabHttp
from lab.web.web_apps import RESOURCE_FORMS

scenarios("11_resources.feature")

CSRF_COOKIE = "XSRF-TOKEN"


@dataclass(frozen=True)
class Creation:
    """A request to create a resource: its name, and the response of the web app."""

    name: str
    response: Answer


@given("APP_SECURE_COOKIES is temporarily set to false in all web apps")
def disable_secure_cookies(insecure_web_app_cookies: None) -> None:
    """Ensure that the web apps set cookies without the Secure attribute, until the scenario has ended."""


@when(parsers.parse("they create a {resource}"), target_fixture="creation")
def create_resource(user: BrowserUser, resource: str, release: Release, created_resources: list[str]) -> Creation:
    """Send the request from the page of the web app for this kind of resource."""
    kind, name = RESOURCE_FORMS[resource], f"{RESOURCE_PREFIX}{secrets.token_hex(3)}"
    created_resources.append(f"{kind.resource}/{name}")
    return Creation(name, user.create_resource(kind, release.web_apps[kind.app], PROFILE, name))


@then(parsers.parse("the {resource} exists"))
def resource_exists(creation: Creation, resource: str, kubeflow: Kubeflow) -> None:
    """Check the response of the web app, and that the object exists in the cluster."""
    response, kind = creation.response, RESOURCE_FORMS[resource].kind
    assert response.status == 200, f"expected 200 from the web app, seen {response.status}: {response.text}"
    assert kubeflow.lab.kube.get(kind, creation.name, PROFILE) is not None, (
        f"the web app accepted the request, but the {kind} {creation.name} does not exist in the namespace {PROFILE}"
    )


@then(parsers.parse("the {resource} does not exist"))
def resource_does_not_exist(creation: Creation, resource: str, kubeflow: Kubeflow) -> None:
    """Check that the cluster has no object from a rejected request."""
    kind = RESOURCE_FORMS[resource].kind
    assert kubeflow.lab.kube.get(kind, creation.name, PROFILE) is None, (
        f"the web app rejected the request, but the {kind} {creation.name} exists in the namespace {PROFILE}"
    )


@then(parsers.parse('the request is rejected with "{text}"'))
def request_is_rejected(creation: Creation, text: str) -> None:
    """Check the status and the error message of the web app."""
    response = creation.response
    assert response.status != 200, (
        f"the web app accepted the request: its cookie {CSRF_COOKIE} is not Secure, so the browser stores it here"
    )
    assert (response.status, text in response.text) == (403, True), (
        f"expected 403 with {text!r} from the web app, seen {response.status}: {response.text}"
    )


@then("the CSRF cookie of every web app is Secure")
def csrf_cookies_are_secure(user: BrowserUser, release: Release, http: LabHttp) -> None:
    """Check the cookies in the responses of the web apps, since a browser does not store them at this entry point."""
    insecure = [app for app, secure in _read_secure_attributes(user, release, http).items() if not secure]
    assert not insecure, (
        f"expected Secure cookies {CSRF_COOKIE}, seen insecure ones of {insecure}: "
        "check APP_SECURE_COOKIES of these web apps"
    )


@then("the CSRF cookie of no web app is Secure")
def csrf_cookies_are_not_secure(user: BrowserUser, release: Release, http: LabHttp) -> None:
    """Check the cookies in the responses of the web apps."""
    secure = [app for app, secure in _read_secure_attributes(user, release, http).items() if secure]
    assert not secure, (
        f"expected cookies {CSRF_COOKIE} without Secure, seen Secure ones of {secure}: "
        "these web apps will reject write requests at this entry point"
    )


def _read_secure_attributes(user: BrowserUser, release: Release, http: LabHttp) -> dict[str, bool]:
    """Return for each web app whether its CSRF cookie is Secure."""
    owner, secure = user.list_cookies(), {}
    for name, app in release.web_apps.items():
        response = http.get(f"{user.entry_point}{app.path}", cookies=owner)
        cookie = SimpleCookie(response.headers.get("Set-Cookie", ""))
        assert CSRF_COOKIE in cookie, (
            f"expected a cookie {CSRF_COOKIE} from {response.url}, seen {response.status_code} without it"
        )
        secure[str(name)] = bool(cookie[CSRF_COOKIE]["secure"])
    return secure
