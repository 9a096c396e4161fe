"""Chapter 10: a person logs in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

import requests
from pytest_bdd import given, parsers, scenarios, then, when

from lab import doors
from lab.asking import Sent, ask, send_form
from lab.kubeflow import PROFILE
from lab.masking import Cookies
from lab.progress import Progress
from lab.releases import Release
from lab.settings import Settings
from lab.visitor import PASSWORD, USER, USERID_HEADER, Visitor
from lab.waiting import polling, wait_until

scenarios("10_login.feature")

PASSWORDS = {"the tutorial's password": PASSWORD, "a wrong password": PASSWORD[::-1]}
MADE_UP = "TWFkZSB1cA==|1700000000|TWFkZSB1cCBieSBub2JvZHk="
"""Of the form of a session, and signed by nobody."""
CONTENT = ("Kubeflow Central Dashboard", "main-page", '"namespaces"', "Notebooks", "Volumes", "user@example.com")
"""What only somebody who is logged in may see."""
WHO_AM_I = "/api/workgroup/env-info"
LET_THROUGH = f"the gateway lets the header {USERID_HEADER} through that a client has sent"
PATIENCE = 20
"""Seconds beyond its time after which a session must be over."""

Diagnose = Callable[[], list[str]]


@dataclass(frozen=True)
class LogOut:
    """A log-out: the cookies before it, and method and path of each request that the page made for it."""

    cookies: Cookies
    requests: list[tuple[str, str]]


@given("sessions last for a short time", target_fixture="length")
def short(short_sessions: int) -> int:
    """As the manifests say; put back after the scenario."""
    return short_sessions


@when(parsers.parse("they log in as {user} with {password}"))
def log_in_as(person: Visitor, user: str, password: str) -> None:
    """With another password, or as somebody else."""
    person.log_in(user, PASSWORDS[password])


@when("they send the empty form")
def send_empty(person: Visitor) -> None:
    """A browser does not send it, since both fields are required."""
    person.log_in("", "")


@when(parsers.parse("an HTTP client sends the empty form at {door}"), target_fixture="sent")
def send_empty_by_hand(door: str, settings: Settings) -> Sent:
    """To where Dex's page would send it."""
    return send_form(door, {"login": "", "password": ""}, settings)


@when(parsers.parse("an HTTP client logs in at {door}"), target_fixture="sent")
def log_in_by_hand(door: str, settings: Settings) -> Sent:
    """As the owner. It is faster than a browser, and some sessions are short."""
    return send_form(door, {"login": USER, "password": PASSWORD}, settings)


@when("they log out", target_fixture="logged_out")
def log_out(person: Visitor) -> LogOut:
    """By the dashboard's button."""
    cookies = person.cookies()
    return LogOut(cookies, person.log_out())


@when("they come back")
def come_back(person: Visitor) -> None:
    """By the same door."""
    person.come()


@when("that time is over")
def time_is_over(sent: Sent, length: int, settings: Settings) -> None:
    """Seen by what the session opens."""
    url = _door(sent) + WHO_AM_I
    wait_until(
        polling(lambda: ask(url, settings, cookies=sent.cookies).status_code),
        satisfied=lambda status: status != requests.codes.ok,
        show=lambda status: f"it is answered with {status}",
        timeout=length + PATIENCE,
        what=f"a session of {length} s is over",
        remedy="see that authservice was told how long a session lasts, and that it was started anew",
    )


@then(parsers.parse("the page is the {title}"))
def is_titled(person: Visitor, title: str) -> None:
    """What the browser's tab shows."""
    refusal = person.refusal()
    why = (
        f'; Dex refuses the log-in ("{refusal}"): is the hash in its ConfigMap that of this password?'
        if refusal
        else ""
    )
    assert person.page.title() == title, f"the page at {person.page.url} is titled {person.page.title()!r}{why}"


@then(parsers.parse("they own the namespace {namespace}"))
def owns(person: Visitor, namespace: str) -> None:
    """As the dashboard's API has it from the Profile."""
    namespaces = person.get(WHO_AM_I)["namespaces"]
    owned = [one["namespace"] for one in namespaces if one["role"] == "owner"]
    assert owned == [namespace], (
        f"they own {owned or 'nothing'}, and not {namespace}; they see the namespaces {namespaces or 'of nobody'}"
    )
    assert person.get("/api/workgroup/exists")["hasWorkgroup"] is True, "the dashboard knows of no Profile of theirs"


@then("scripts can read their session only where this release's dashboard has to")
def http_only(person: Visitor, release: Release) -> None:
    """What a script in a page can read, it can also send elsewhere."""
    cookie = person.session_cookie()
    assert cookie is not None, "there is no session cookie"
    assert cookie["httpOnly"] is release.front_end.http_only, (
        f"expected HttpOnly {release.front_end.http_only} of the session cookie, seen {cookie['httpOnly']}"
    )


@then("their session is not a secure cookie, which these doors could not keep")
def not_secure(person: Visitor) -> None:
    """Both speak plain HTTP."""
    cookie = person.session_cookie()
    assert cookie is not None, "there is no session cookie"
    assert cookie["secure"] is False, "the session cookie is Secure: over plain HTTP a browser would not send it"


@then("a picture of it is kept in the report")
def is_in_report(person: Visitor) -> None:
    """For whoever wants to see what was seen."""
    assert person.take_picture().stat().st_size > 0


@then("the dashboard has asked for an end of their session")
def has_asked_for_an_end(logged_out: LogOut, release: Release) -> None:
    """By the request that this release's authservice takes for one."""
    log_out = release.front_end.log_out
    made = logged_out.requests
    assert (log_out.method, log_out.path) in made, f"no {log_out.method} {log_out.path} among its requests: {made}"


@then("a copy of that session opens nothing, where this release's log-out ends more than the cookie")
def copy_opens_nothing(
    person: Visitor,
    logged_out: LogOut,
    release: Release,
    settings: Settings,
    diagnose: Diagnose,
    progress: Progress,
) -> None:
    """A log-out that only makes the browser forget leaves the session to whoever has a copy; the run says so then."""
    assert release.front_end.session_cookie in logged_out.cookies
    answer = ask(f"{person.door}{WHO_AM_I}", settings, cookies=logged_out.cookies)
    if release.front_end.log_out.ends_session:
        _assert_shows_nothing(answer, diagnose)
        return
    assert answer.ok, f"a log-out ends the session, against what lab/releases says of Kubeflow {release.kubeflow}"
    progress.say(f"a copy of the session still opens Kubeflow: {release.front_end.name} has no list of sessions to end")


@then("Dex asks for user and password")
def is_asked(person: Visitor) -> None:
    """The form, and nothing else."""
    assert person.is_asked(), f"this is {person.page.url}, titled {person.page.title()!r}"


@then(parsers.parse('Dex answers it "{words}"'))
def is_answered(sent: Sent, words: str) -> None:
    """On its page, with the form."""
    assert urlsplit(sent.answer.url).path.startswith("/dex/"), f"it was led to {sent.answer.url}"
    assert sent.refusal == words, f"expected Dex's words {words!r}, seen {sent.refusal!r}"
    assert 'id="login"' in sent.answer.text, f"Dex does not ask again at {sent.answer.url}"


@then("it has no session")
def client_has_no_session(sent: Sent, release: Release) -> None:
    """Not even an empty one."""
    assert release.front_end.session_cookie not in sent.cookies, "an empty form has given it a session"


@when(
    parsers.parse("an HTTP client asks for {path} at each of them, once as nobody and once as {user}"),
    target_fixture="answers",
)
def ask_as(path: str, user: str, settings: Settings) -> list[requests.Response]:
    """By the header in which authservice tells the components who it is."""
    return [
        ask(f"{door}{path}", settings, headers=headers)
        for door in (doors.LOCAL, doors.PUBLIC)
        for headers in ({}, {USERID_HEADER: user})
    ]


@when(parsers.parse("an HTTP client with a made-up session asks for {path} at {door}"), target_fixture="answers")
def ask_with_made_up_session(path: str, door: str, settings: Settings, release: Release) -> list[requests.Response]:
    """A cookie of the right name."""
    return [ask(f"{door}{path}", settings, cookies={release.front_end.session_cookie: MADE_UP})]


@then("it is shown nothing")
def shown_nothing(answers: list[requests.Response], diagnose: Diagnose) -> None:
    """It is led to the log-in, or refused; in no case does it get content."""
    for answer in answers:
        _assert_shows_nothing(answer, diagnose)


@then("its session is the owner's")
def is_of_owner(sent: Sent, settings: Settings) -> None:
    """As the dashboard's API has it."""
    answer = ask(_door(sent) + WHO_AM_I, settings, cookies=sent.cookies)
    assert answer.status_code == requests.codes.ok, f"{answer.url} answered {answer.status_code}"
    seen = answer.json()["user"]
    assert seen == USER, f"the dashboard takes {USER}, who has logged in, for {seen}"


@then("its session opens nothing")
def opens_nothing(sent: Sent, settings: Settings, diagnose: Diagnose) -> None:
    """As somebody's who has none."""
    _assert_shows_nothing(ask(_door(sent) + WHO_AM_I, settings, cookies=sent.cookies), diagnose)


@then(
    parsers.parse("the dashboard knows them as {user} when they call themselves {other}"),
    target_fixture="known",
)
def known_as(person: Visitor, user: str, other: str) -> tuple[str, str]:
    """A header of the client's own changes nothing."""
    person.greeted_as()
    seen = person.get(WHO_AM_I, calling_themselves=other)["user"]
    assert seen == user, f"the dashboard takes {user}, who calls themselves {other}, for {seen}: {LET_THROUGH}"
    return user, other


@then("so does the volumes web app")
def known_to_web_app(person: Visitor, known: tuple[str, str], release: Release) -> None:
    """Each answer of its API names who has asked."""
    user, other = known
    path = f"{release.web_apps['volumes'].path}api/namespaces/{PROFILE}/pvcs"
    seen = person.get(path, calling_themselves=other)["user"]
    assert seen == user, f"the volumes web app takes {user}, who calls themselves {other}, for {seen}: {LET_THROUGH}"


def _door(sent: Sent) -> str:
    url = urlsplit(sent.answer.url)
    return f"{url.scheme}://{url.netloc}"


def _assert_shows_nothing(answer: requests.Response, diagnose: Diagnose) -> None:
    led = answer.is_redirect and urlsplit(answer.headers["Location"]).path.startswith("/dex/")
    refused = answer.status_code in (requests.codes.unauthorized, requests.codes.forbidden)
    shown = [words for words in CONTENT if words in answer.text]
    if not led and not refused:
        open_to_all = f"{answer.url} is open to everybody: it answered {answer.status_code}: {answer.text[:200]}"
        raise AssertionError("\n".join([open_to_all, *diagnose()]))
    assert not shown, f"{answer.url} shows {shown} to somebody who is not logged in"
