"""Chapter 11: a user creates resources in the web apps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pytest_bdd import given, parsers, scenarios, then, when

from lab.layers.https_ingress import HttpsIngress
from lab.layers.kubeflow import Kubeflow
from lab.layers.notebook_pod import build_notebook_pod, check_pod_accepted
from lab.layers.owner import Owner
from lab.layers.temporary_objects import RequestedResources
from lab.releases import Release
from lab.run.progress import Progress
from lab.web.browser_user import Answer, BrowserUser
from lab.web.http_client import LabHttp
from lab.web.web_apps import CSRF_COOKIE, RESOURCE_FORMS, App, ResourceForm, is_csrf_cookie_secure
from steps.shared import skip_if_omitted

scenarios("11_resources.feature")

ACCEPTED = 200
HasInsecureCookies = Callable[[App], bool]


@dataclass(frozen=True)
class Creation:
    """A request to create a resource: its kind and name, and the response of the web app."""

    form: ResourceForm
    name: str
    response: Answer


@given("APP_SECURE_COOKIES is temporarily set to false in all web apps")
def disable_secure_cookies(insecure_web_app_cookies: None) -> None:
    """Ensure that the web apps set cookies without the Secure attribute, until the scenario has ended."""


@given("the Ingress temporarily uses HTTPS, with a certificate that cert-manager issues")
def enable_https(https_ingress: HttpsIngress) -> None:
    """Ensure that the Ingress uses HTTPS, until the scenario has ended."""


@then("the Ingress controller serves the certificate of its Secret")
def certificate_of_secret_is_served(https_ingress: HttpsIngress) -> None:
    """Check that it is the certificate itself: clients would also trust another one of the same authority."""
    https_ingress.check_certificate()


@then(parsers.parse("the API server would accept the pod of a notebook in the namespace {namespace}"))
def notebook_pod_is_accepted(kubeflow: Kubeflow, owner: Owner, namespace: str) -> None:
    """Check in a dry run that neither quota, Pod Security, ServiceAccount nor a webhook rejects the pod."""
    check_pod_accepted(kubeflow.lab.kube, build_notebook_pod(owner.translate(namespace)))


@when(parsers.parse("they create a {resource}"), target_fixture="creation")
def create_resource(
    user: BrowserUser,
    resource: str,
    kubeflow: Kubeflow,
    release: Release,
    owner: Owner,
    requested_resources: RequestedResources,
) -> Creation:
    """Send the request from the page of the web app for this kind of resource."""
    form = RESOURCE_FORMS[resource]
    skip_if_omitted(kubeflow, f"kubeflow/{release.web_apps[form.app].deployment}", f"the web app for {form.app}")
    ref = requested_resources.add(form.kind, owner.namespace)
    response = user.create_resource(form, release.web_apps[form.app], ref.namespace, ref.name)
    requested_resources.label(ref)
    return Creation(form, ref.name, response)


@then(parsers.parse("the {resource} exists"))
def resource_exists(creation: Creation, resource: str, kubeflow: Kubeflow) -> None:
    """Check the response of the web app, and that the object exists in the cluster."""
    response, kind, namespace = creation.response, RESOURCE_FORMS[resource].kind, kubeflow.owner.namespace
    assert response.status == ACCEPTED, f"expected 200 from the web app, seen {response.status}: {response.text}"
    assert kubeflow.lab.kube.get(kind, creation.name, namespace) is not None, (
        f"the web app accepted the request, but the {kind} {creation.name} does not exist in the namespace {namespace}"
    )


@then("the web app accepts the request only if its cookies are insecure on purpose")
def request_is_rejected(
    creation: Creation, has_intended_insecure_cookies: HasInsecureCookies, progress: Progress
) -> None:
    """Check the status; where cookies are insecure on purpose, the request must be accepted, which is noted."""
    app, status = creation.form.app, creation.response.status
    if has_intended_insecure_cookies(app):
        assert status == ACCEPTED, (
            f"the cookies of the web app for {app} are not Secure, but it rejects the request with {status}: "
            f"{creation.response.text}"
        )
        progress.note(f"the cookies of the web app for {app} are not Secure, on purpose: it works over plain HTTP")
        return
    assert status != ACCEPTED, (
        f"the web app accepted the request: its cookie {CSRF_COOKIE} is not Secure, so the browser stores it here"
    )


@then(parsers.parse('a rejection says "{text}"'))
def rejection_says(creation: Creation, text: str) -> None:
    """Check the error message of the web app, if it has rejected the request."""
    response = creation.response
    if response.status != ACCEPTED:
        assert (response.status, text in response.text) == (403, True), (
            f"expected 403 with {text!r} from the web app, seen {response.status}: {response.text}"
        )


@then(parsers.parse("the {resource} exists only if the request was accepted"))
def resource_exists_if_accepted(creation: Creation, resource: str, kubeflow: Kubeflow) -> None:
    """Check that the cluster has no object from a rejected request."""
    if creation.response.status == ACCEPTED:
        resource_exists(creation, resource, kubeflow)
        return
    kind, namespace = RESOURCE_FORMS[resource].kind, kubeflow.owner.namespace
    assert kubeflow.lab.kube.get(kind, creation.name, namespace) is None, (
        f"the web app rejected the request, but the {kind} {creation.name} exists in the namespace {namespace}"
    )


@then("the CSRF cookie of every web app is Secure, unless it is insecure on purpose")
def csrf_cookies_are_secure(
    user: BrowserUser, kubeflow: Kubeflow, http: LabHttp, has_intended_insecure_cookies: HasInsecureCookies
) -> None:
    """Check the cookies in the responses of the web apps, since a browser does not store them at this entry point."""
    attributes = _read_secure_attributes(user, kubeflow, http).items()
    insecure = [app for app, secure in attributes if not secure and not has_intended_insecure_cookies(app)]
    assert not insecure, (
        f"expected Secure cookies {CSRF_COOKIE}, seen insecure ones of {insecure}: "
        "check APP_SECURE_COOKIES of these web apps"
    )


@then("the CSRF cookie of no web app is Secure")
def csrf_cookies_are_not_secure(user: BrowserUser, kubeflow: Kubeflow, http: LabHttp) -> None:
    """Check the cookies in the responses of the web apps."""
    secure = [app for app, secure in _read_secure_attributes(user, kubeflow, http).items() if secure]
    assert not secure, (
        f"expected cookies {CSRF_COOKIE} without Secure, seen Secure ones of {secure}: "
        "these web apps will reject write requests at this entry point"
    )


def _read_secure_attributes(user: BrowserUser, kubeflow: Kubeflow, http: LabHttp) -> dict[App, bool]:
    """Return for each web app whether its CSRF cookie is Secure."""
    owner = user.list_cookies()
    responses = {
        name: http.get(f"{user.entry_point}{app.path}", cookies=owner)
        for name, app in kubeflow.lab.release.web_apps.items()
        if not kubeflow.describe_omission(name, "kubeflow", app.deployment)
    }
    return {name: is_csrf_cookie_secure(response) for name, response in responses.items()}
