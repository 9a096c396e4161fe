"""Steps that several features use."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

import pytest
import requests
from pytest_bdd import given, parsers, then, when

from fixtures.entry_points import EntryPoints
from lab.config.entry_points import is_https, origin_of
from lab.context import Lab
from lab.errors import PermissionDeniedError
from lab.k8s.helm import HelmRelease
from lab.layers.auth_chain import OPEN_TO_ALL
from lab.layers.kubeflow import Kubeflow
from lab.layers.kubeflow_ingress import KubeflowIngress
from lab.layers.metallb import note_uninspected
from lab.layers.owner import Owner, wrong_password
from lab.releases import Component, Release
from lab.run.progress import Progress
from lab.web.browser_user import USERID_HEADER, BrowserUser
from lab.web.http_client import LabHttp
from lab.web.login_pages import LOGIN_FORM, shows_kubeflow


def find_component(release: Release, name: str) -> Component:
    """Return a component by its name; fail if the release does not have it, since the tables list several releases."""
    components = {component.name: component for component in release.components}
    assert name in components, f"Kubeflow {release.kubeflow} has no component {name}; it has {', '.join(components)}"
    return components[name]


def skip_if_omitted(kubeflow: Kubeflow, workload: str, part: str) -> None:
    """Skip a row about a part of the release that the given manifests or the cluster do not have, with this reason.

    Which parts these are is known only after the manifests were built, so the row cannot be deselected before the run.

    Args:
        kubeflow: Kubeflow.
        workload: The workload of the part, as NAMESPACE/NAME; or only a namespace.
        part: The part, as the reason names it.
    """
    namespace, _, name = workload.partition("/")
    if reason := kubeflow.describe_omission(part, namespace, name):
        pytest.skip(reason)


@then("its Helm release is deployed at the pinned chart version")
def helm_release_is_deployed(helm_release: HelmRelease, lab: Lab) -> None:
    """Check the chart version, since an unpinned chart changes from one day to the next."""
    try:
        problem = helm_release.problem()
    except PermissionDeniedError as error:
        note_uninspected(helm_release, error, lab)
        return
    assert problem is None, problem


@given("the entry points are open")
def open_entry_points(entry_points: EntryPoints) -> None:
    """Wait until all entry points are open."""
    entry_points.wait_until_open()


@given("the Kubeflow manifests are applied")
def apply_manifests(applied_kubeflow: Kubeflow) -> None:
    """Ensure that the API server has accepted all objects of the manifests."""


@given("Kubeflow is installed")
def install_kubeflow(kubeflow: Kubeflow) -> None:
    """Ensure that Kubeflow is installed and ready."""


@given(parsers.parse("a user without a session at {entry_point}"), target_fixture="user")
def open_new_browser_context(
    login_form: None, browser_user: Callable[[str, Mapping[str, str]], BrowserUser], entry_point: str
) -> BrowserUser:
    """Return a user in a new browser context, without cookies."""
    return browser_user(entry_point, {})


@given(parsers.parse("the owner is logged in at {entry_point}"), target_fixture="user")
def open_browser_context_of_owner(
    browser_user: Callable[[str, Mapping[str, str]], BrowserUser],
    owner_session: Callable[[str], Mapping[str, str]],
    entry_point: str,
) -> BrowserUser:
    """Return the owner, with the cookies of a login that all scenarios at this entry point share."""
    return browser_user(entry_point, owner_session(entry_point))


@when(parsers.parse("an HTTP client without a session requests {url}"), target_fixture="response")
def request_without_session(login_form: None, url: str, http: LabHttp) -> requests.Response:
    """Request a page as a browser does, and follow the redirects up to the login form."""
    return http.follow(url)


@when(
    parsers.parse("an HTTP client with the owner's session requests {path} at {entry_point}"),
    target_fixture="response",
)
def request_with_session_of_owner(
    path: str, entry_point: str, http: LabHttp, owner_session: Callable[[str], Mapping[str, str]]
) -> requests.Response:
    """Request a page with the cookies of the owner's login at this entry point."""
    return http.get(f"{entry_point}{path}", cookies=owner_session(entry_point))


@then("it is redirected to Dex at the same entry point")
def is_redirected_to_dex(response: requests.Response, diagnose: Callable[[], list[str]], lab: Lab) -> None:
    """Check that the redirects end at Dex's login form, and do not leave the host that was requested."""
    first, url = (response.history[0] if response.history else response), urlsplit(response.url)
    requested = origin_of(first.url)
    assert origin_of(response.url) == requested, (
        f"expected a redirect within {requested}, seen a redirect to {response.url}"
    )
    if not url.path.startswith("/dex/"):
        headline = (
            f"{first.url} does not redirect to Dex: "
            f"{response.url} returns {response.status_code}: {response.text[:200]}"
        )
        open_to_all = [OPEN_TO_ALL] if shows_kubeflow(response) else []
        raise AssertionError("\n".join([headline, *open_to_all, *KubeflowIngress(lab).diagnose(), *diagnose()]))
    if LOGIN_FORM not in response.text:
        headline = (
            "Dex does not ask for user and password: "
            f"{response.url} returns {response.status_code}: {_strip_markup(response.text)[:300]}"
        )
        raise AssertionError("\n".join([headline, *diagnose()]))


def _strip_markup(page: str) -> str:
    return " ".join(re.sub(r"(?s)<style.*?</style>|<[^>]*>", " ", page).split())


@when("they log in as user@example.com")
def log_in_as_owner(user: BrowserUser, owner: Owner, lab: Lab) -> None:
    """Log in as the owner with the password of the settings, by default the tutorial's; raise if Dex rejects it."""
    user.log_in(owner.user, owner.password)
    if message := user.read_login_error():
        raise wrong_password(owner, message, lab)


@then(parsers.parse("the dashboard greets {email}"))
def dashboard_greets(user: BrowserUser, owner: Owner, email: str) -> None:
    """Check that the page is the dashboard, and which user it identifies."""
    email, seen = owner.translate(email), user.get_dashboard_user()
    assert seen == email, (
        f"expected the dashboard to greet {email}, who has logged in, seen {seen}: "
        f"check the header {USERID_HEADER} of requests to the dashboard"
    )


@then(parsers.parse('Dex shows the error "{text}"'))
def dex_shows_error(user: BrowserUser, text: str) -> None:
    """Check that Dex shows its login form again, with an error message."""
    seen = user.read_login_error()
    assert seen == text, (
        f"expected the error message {text!r} of Dex, seen {seen!r} at {user.page.url}: was the login accepted?"
    )
    assert user.is_login_form(), (
        f"expected the login form of Dex below the error message, seen the page {user.page.url}"
    )


@then("they have no session")
def user_has_no_session(user: BrowserUser) -> None:
    """Check that the browser has no session cookie."""
    cookie = user.find_session_cookie()
    assert cookie is None, f"expected no session cookie after a rejected login, seen the cookie {cookie['name']}"


@then("the session cookie is Secure only if the entry point uses HTTPS")
def session_cookie_fits_scheme(user: BrowserUser, progress: Progress) -> None:
    """Check the Secure attribute; note a session cookie that a browser would also send over plain HTTP."""
    cookie = user.find_session_cookie()
    assert cookie is not None, "the browser has no session cookie"
    if not is_https(user.entry_point):
        assert cookie["secure"] is False, "the session cookie is Secure: a browser does not send it over plain HTTP"
    elif not cookie["secure"]:
        progress.note(
            f"the session cookie of {user.entry_point} is not Secure: a browser also sends it over plain HTTP"
        )
