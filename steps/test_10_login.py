"""Chapter 10: a user logs in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from secrets import token_urlsafe
from urllib.parse import urlsplit

import pytest
import requests
from pytest_bdd import given, parsers, scenarios, then, when

from lab.config.settings import Settings
from lab.context import Lab
from lab.k8s.sidecars import SIDECAR
from lab.layers.direct_requests import (
    NAMESPACE,
    DirectAnswer,
    describe_missing_sidecars,
    find_ports,
    send_requests,
)
from lab.layers.kubeflow import Kubeflow
from lab.layers.owner import Owner
from lab.releases import Release
from lab.request_path.trace import explain_request
from lab.run.progress import Progress
from lab.run.redaction import Cookies
from lab.run.waiting import poll, wait_until
from lab.web.app_answers import describe_wrong_answer, is_stand_in
from lab.web.browser_user import USER_INFO_PATH, USERID_HEADER, BrowserUser
from lab.web.http_client import FormResult, LabHttp
from lab.web.login_pages import KUBEFLOW_TEXTS, describe_exposure
from steps.shared import find_component, skip_if_omitted

scenarios("10_login.feature")

OWNERS = "the tutorial's password"
"""The words of the features for the password that is right."""
"""The name of the owner's password in the features; it is that of the settings, by default the tutorial's."""
FORGED_SESSION = "TWFkZSB1cA==|1700000000|TWFkZSB1cCBieSBub2JvZHk="
"""A value that has the form of a session cookie, without a valid signature."""
HEADER_NOT_REMOVED = f"the gateway does not remove the header {USERID_HEADER} from requests of clients"
EXPIRY_MARGIN = 20
"""Seconds after the end of its lifetime by which a session must have expired."""

CheckNoContent = Callable[[requests.Response], None]


@dataclass(frozen=True)
class Logout:
    """A logout: the cookies before it, and the method and path of each request that the page has sent for it."""

    cookies: Cookies
    requests: list[tuple[str, str]]


@pytest.fixture
def check_no_content(settings: Settings, owner: Owner, diagnose: Callable[[], list[str]]) -> CheckNoContent:
    """A function that checks that a response is a redirect to the login, or a rejection, and shows nothing."""

    def check(response: requests.Response) -> None:
        problem = describe_exposure(response, settings, (*KUBEFLOW_TEXTS, owner.user))
        if problem:
            raise AssertionError("\n".join([problem, *diagnose()]))

    return check


@given("the session lifetime is temporarily short")
def shorten_session_lifetime(short_sessions: int) -> None:
    """Ensure that sessions last for a few seconds only, until the scenario has ended."""


@when(parsers.parse("they log in as {email} with {password}"))
def log_in_as(user: BrowserUser, owner: Owner, email: str, password: str) -> None:
    """Log in with the owner's password, or with one that no user has."""
    user.log_in(owner.translate(email), owner.password if password == OWNERS else token_urlsafe())


@when("they submit the empty login form")
def submit_empty_form(user: BrowserUser) -> None:
    """Click the button of the empty form, which a browser does not send, because both fields are required."""
    user.log_in("", "")


@when(parsers.parse("an HTTP client submits the empty login form at {entry_point}"), target_fixture="submission")
def post_empty_form(login_form: None, entry_point: str, http: LabHttp) -> FormResult:
    """Send the empty form to the URL to which Dex's page sends it."""
    return http.submit_form(entry_point, {"login": "", "password": ""})


@when(parsers.parse("an HTTP client logs in at {entry_point}"), target_fixture="submission")
def post_credentials_of_owner(login_form: None, entry_point: str, http: LabHttp, owner: Owner) -> FormResult:
    """Log in as the owner without a browser, which would be too slow for short sessions."""
    return http.submit_form(entry_point, {"login": owner.user, "password": owner.password})


@when("they log out", target_fixture="logout")
def log_out(user: BrowserUser) -> Logout:
    """Click the logout button of the dashboard."""
    cookies = user.list_cookies()
    return Logout(cookies, user.log_out())


@when("they open the entry point again")
def open_entry_point(user: BrowserUser) -> None:
    """Open the entry point in the same browser context."""
    user.open_entry_point()


@when("the session expires")
def wait_until_session_expires(submission: FormResult, short_sessions: int, lab: Lab) -> None:
    """Wait until the dashboard rejects the session cookie."""
    url = submission.entry_point + USER_INFO_PATH
    wait_until(
        poll(lambda: lab.http.get(url, cookies=submission.cookies).status_code),
        satisfied=lambda status: status != requests.codes.ok,
        describe=lambda status: f"{url} returns {status}",
        timeout=short_sessions + EXPIRY_MARGIN,
        waiting_for=f"a session with a lifetime of {short_sessions} s to expire",
        journal=lab.journal,
        remedy="check the session lifetime in the configuration of the auth proxy, and that it was restarted since",
    )


@then(parsers.parse("the page is the {title}"))
def page_has_title(user: BrowserUser, title: str) -> None:
    """Check the title that the browser's tab shows."""
    seen = user.page.title()
    assert seen == title, f"expected the title {title!r} at {user.page.url}, seen {seen!r}"


@then(parsers.parse("they own the namespace {namespace}"))
def user_owns_namespace(user: BrowserUser, owner: Owner, namespace: str) -> None:
    """Check the namespaces and roles that the dashboard's API reads from the Profiles; a user may own several."""
    namespace, namespaces = owner.translate(namespace), user.fetch_field(USER_INFO_PATH, "namespaces")
    seen = ", ".join(binding["namespace"] for binding in namespaces if binding["role"] == "owner")
    assert namespace in seen.split(", "), (
        f"expected the user to own the namespace {namespace}, seen {seen or 'none'}: "
        f"the dashboard lists the namespaces {namespaces or 'none'}"
    )
    assert user.fetch_field("/api/workgroup/exists", "hasWorkgroup") is True, (
        "the dashboard finds no Profile of this user"
    )


@then("scripts can read the session cookie only if the dashboard of this release requires it")
def session_cookie_is_http_only(user: BrowserUser, release: Release) -> None:
    """Check HttpOnly: a script in a page can send whatever it can read to another host."""
    cookie = user.find_session_cookie()
    assert cookie is not None, "the browser has no session cookie"
    expected, seen = release.auth_proxy.http_only, cookie["httpOnly"]
    assert seen is expected, f"expected HttpOnly={expected} for the session cookie, seen {seen}"


@then("a screenshot of the dashboard is saved in the report")
def screenshot_is_in_report(user: BrowserUser) -> None:
    """Save a screenshot of the page, and check that its file is not empty."""
    screenshot = user.save_screenshot()
    assert screenshot.stat().st_size > 0, f"the screenshot {screenshot} is empty"


@then("the dashboard has requested the end of the session")
def end_of_session_was_requested(logout: Logout, release: Release) -> None:
    """Check that the page has sent the request by which the auth proxy of this release ends a session."""
    request = release.auth_proxy.logout
    assert (request.method, request.path) in logout.requests, (
        f"expected {request.method} {request.path} from the dashboard at logout, seen {logout.requests}"
    )


@then("a copy of the session cookie gives no access, if logout in this release ends more than the cookie")
def copied_cookie_gives_no_access(
    user: BrowserUser,
    logout: Logout,
    release: Release,
    http: LabHttp,
    check_no_content: CheckNoContent,
    progress: Progress,
) -> None:
    """Check a copy of the cookie; report it if a logout deletes only the browser's cookie, and a copy stays valid."""
    auth_proxy = release.auth_proxy
    assert auth_proxy.list_session_cookies(logout.cookies), "the browser had no session cookie before the logout"
    response = http.get(f"{user.entry_point}{USER_INFO_PATH}", cookies=logout.cookies)
    if auth_proxy.logout.ends_session:
        check_no_content(response)
        return
    assert response.ok, (
        f"expected that a copy of the session cookie remains valid after logout in Kubeflow {release.kubeflow}, "
        f"seen {response.status_code} from {response.url}: update `ends_session` in lab/releases"
    )
    progress.note(f"a copy of the session cookie still gives access: {auth_proxy.name} does not store sessions")


@then("Dex asks for user and password")
def login_form_is_shown(user: BrowserUser) -> None:
    """Check that the page is the login form of Dex."""
    page = user.page
    assert user.is_login_form(), f"expected the login form of Dex, seen {page.url} with the title {page.title()!r}"


@then(parsers.parse('Dex returns the error "{text}"'))
def dex_returns_error(submission: FormResult, text: str) -> None:
    """Check that the response is the login form of Dex, with an error message."""
    response = submission.answer
    assert urlsplit(response.url).path.startswith("/dex/"), f"expected a page of Dex, seen {response.url}"
    seen = submission.login_error
    assert seen == text, f"expected the error message {text!r} of Dex, seen {seen!r}"
    assert 'id="login"' in response.text, f"expected the login form of Dex at {response.url}, seen a page without it"


@then("the HTTP client has no session")
def client_has_no_session(submission: FormResult, release: Release) -> None:
    """Check that the client has no session cookie, not even an empty one."""
    names = release.auth_proxy.list_session_cookies(submission.cookies)
    assert not names, f"expected no session after an empty form, seen the cookie {', '.join(names)}"


@when(
    parsers.parse("an HTTP client with the owner's session requests {path} at every entry point"),
    target_fixture="responses",
)
def request_at_every_entry_point(
    path: str, settings: Settings, http: LabHttp, owner: Owner, owner_session: Callable[[str], Mapping[str, str]]
) -> list[requests.Response]:
    """Request a path with the cookies of the owner's login at each entry point."""
    return [
        http.get(f"{entry_point}{owner.translate(path)}", cookies=owner_session(entry_point))
        for entry_point in settings.entry_points
    ]


@then(parsers.parse("{component} answers with {content}"))
def app_answers(responses: list[requests.Response], kubeflow: Kubeflow, lab: Lab, component: str, content: str) -> None:
    """Check that each answer is that of the app, or of its stand-in if the cluster runs one, which is noted."""
    app = find_component(lab.release, component)
    skip_if_omitted(kubeflow, app.workload, component)
    contents, allows_stand_in = tuple(content.split(" or ")), kubeflow.is_stand_in(app)
    for answer in responses:
        problem = describe_wrong_answer(answer, contents, allows_stand_in=allows_stand_in)
        if is_stand_in(answer):
            lab.progress.note(f"{component}: the answer is that of a stand-in, which does not implement it")
        assert not problem, f"{component} does not answer the owner: {problem}\n{explain_request(lab, answer.url)}"


@when(
    parsers.parse("an HTTP client requests {path} at every entry point, without a user and as {email}"),
    target_fixture="responses",
)
def request_without_session_as(
    path: str, email: str, settings: Settings, http: LabHttp, owner: Owner
) -> list[requests.Response]:
    """Send requests without and with the header in which authservice passes the user to the components."""
    return [
        http.get(f"{entry_point}{owner.translate(path)}", headers=headers)
        for entry_point in settings.entry_points
        for headers in ({}, {USERID_HEADER: owner.translate(email)})
    ]


@when(
    parsers.parse("an HTTP client with a forged session cookie requests {path} at {entry_point}"),
    target_fixture="responses",
)
def request_with_forged_session(
    path: str, entry_point: str, http: LabHttp, release: Release
) -> list[requests.Response]:
    """Send a request with a session cookie that has the right name and no valid signature."""
    return [http.get(f"{entry_point}{path}", cookies={release.auth_proxy.session_cookie: FORGED_SESSION})]


@then("no content is returned")
def no_content_is_returned(responses: list[requests.Response], check_no_content: CheckNoContent) -> None:
    """Check that each response is a redirect to the login, or a rejection."""
    for response in responses:
        check_no_content(response)


@then("its session belongs to the owner")
def session_belongs_to_owner(submission: FormResult, http: LabHttp, owner: Owner) -> None:
    """Check which user the dashboard's API identifies by the session cookie."""
    response = http.get(submission.entry_point + USER_INFO_PATH, cookies=submission.cookies)
    assert response.status_code == requests.codes.ok, f"expected 200 from {response.url}, seen {response.status_code}"
    seen = response.json()["user"]
    assert seen == owner.user, f"expected the dashboard to identify {owner.user}, who has logged in, seen {seen}"


@then("the session gives no access")
def session_gives_no_access(submission: FormResult, http: LabHttp, check_no_content: CheckNoContent) -> None:
    """Check that the session cookie has the same effect as no cookie."""
    check_no_content(http.get(submission.entry_point + USER_INFO_PATH, cookies=submission.cookies))


@then(parsers.parse("the dashboard identifies them as {email} when they claim to be {other}"))
def dashboard_ignores_claim(user: BrowserUser, owner: Owner, email: str, other: str) -> None:
    """Check that the dashboard ignores a user header that the client has set."""
    email, other = owner.translate(email), owner.translate(other)
    user.get_dashboard_user()
    seen = user.fetch_field(USER_INFO_PATH, "user", claimed_user=other)
    assert seen == email, (
        f"expected the dashboard to identify {email}, who claims to be {other}, seen {seen}: {HEADER_NOT_REMOVED}"
    )


@then(parsers.parse("the volumes web app identifies them as {email} when they claim to be {other}"))
def web_app_ignores_claim(
    user: BrowserUser, kubeflow: Kubeflow, release: Release, owner: Owner, email: str, other: str
) -> None:
    """Check the user that each response of the web app's API names."""
    app = release.web_apps["volumes"]
    skip_if_omitted(kubeflow, f"kubeflow/{app.deployment}", "the volumes web app")
    email, other = owner.translate(email), owner.translate(other)
    path = f"{app.path}api/namespaces/{owner.namespace}/pvcs"
    seen = user.fetch_field(path, "user", claimed_user=other, deployment=app.deployment)
    assert seen == email, (
        f"expected the volumes web app to identify {email}, who claims to be {other}, seen {seen}: {HEADER_NOT_REMOVED}"
    )


@when(
    parsers.parse("a pod outside of the mesh requests these Services as {email}"),
    target_fixture="direct_answers",
)
def request_services_directly(
    email: str, datatable: Sequence[Sequence[str]], lab: Lab, owner: Owner
) -> list[DirectAnswer]:
    """Send the user header from a pod, past the gateway; skip this where nothing in the cluster could reject it."""
    if reason := describe_missing_sidecars(lab):
        pytest.skip(reason)
    paths = {service: owner.translate(path) for service, path in datatable[1:]}
    ports = find_ports(lab, paths)
    assert ports, f"the namespace {NAMESPACE} has none of the Services {', '.join(paths)}"
    if missing := [service for service in paths if service not in ports]:
        lab.progress.note(f"not requested, because there is no such Service: {', '.join(missing)}")
    requested = {f"{service}:{port}": paths[service] for service, port in ports.items()}
    return send_requests(lab, requested, {USERID_HEADER: owner.translate(email)})


@then("each of these Services rejects the request")
def services_reject_request(direct_answers: list[DirectAnswer]) -> None:
    """Check that each Service has rejected the request, or has closed the connection."""
    problems = [
        f"expected the Service {answer.service} to reject a pod that sends the header {USERID_HEADER} to {answer.url} "
        f"(403, or a closed connection), seen: {answer}"
        for answer in direct_answers
        if not answer.is_rejection
    ]
    assert not problems, "\n".join(
        [
            *problems,
            "any pod can act as any user there. An AuthorizationPolicy must select the pods of the Service and accept "
            "requests of the gateway only "
            f"(`kubectl get authorizationpolicies -n {NAMESPACE}`), and the pods must have "
            f"the container {SIDECAR} (`kubectl get pods -n {NAMESPACE}`)",
        ]
    )
