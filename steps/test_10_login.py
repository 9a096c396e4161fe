"""Chapter 10: a person logs in."""

from __future__ import annotations

from urllib.parse import urlsplit

import requests
from pytest_bdd import parsers, scenarios, then, when

from lab.releases import Release
from lab.settings import Settings
from lab.visitor import Visitor
from steps.asking import ask

scenarios("10_login.feature")

MADE_UP = "TWFkZSB1cA==|1700000000|TWFkZSB1cCBieSBub2JvZHk="
"""Of the form of a session, and signed by nobody."""
CONTENT = ("Kubeflow Central Dashboard", "main-page", '"namespaces"', "Notebooks", "Volumes", "user@example.com")
"""What only somebody who is logged in may see."""


@when(parsers.parse("they log in as {user} with the password {password}"))
def log_in_as(person: Visitor, user: str, password: str) -> None:
    """With another password, or as somebody else."""
    person.log_in(user, password)


@when("they send the empty form")
def send_empty(person: Visitor) -> None:
    """A browser does not send it, since both fields are required."""
    person.log_in("", "")


@when("they log out")
def log_out(person: Visitor) -> None:
    """By the dashboard's button."""
    person.log_out()


@when("they come back")
def come_back(person: Visitor) -> None:
    """By the same door."""
    person.come()


@then(parsers.parse("the page is the {title}"))
def is_titled(person: Visitor, title: str) -> None:
    """What the browser's tab shows."""
    assert person.page.title() == title, f"the page at {person.page.url} is titled {person.page.title()!r}"


@then(parsers.parse("they own the namespace {namespace}"))
def owns(person: Visitor, namespace: str) -> None:
    """As the dashboard's API has it from the Profile."""
    namespaces = person.get("/api/workgroup/env-info")["namespaces"]
    owned = [one["namespace"] for one in namespaces if one["role"] == "owner"]
    assert owned == [namespace]
    assert person.get("/api/workgroup/exists")["hasWorkgroup"] is True


@then("their session cannot be read by scripts")
def http_only(person: Visitor) -> None:
    """The lab's doors speak plain HTTP, so the cookie cannot be Secure as well."""
    cookie = person.session_cookie()
    assert cookie is not None, "there is no session cookie"
    assert cookie["httpOnly"] is True, "a script in the page could read the session cookie: it is not HttpOnly"


@then("Dex asks for user and password")
def is_asked(person: Visitor) -> None:
    """The form, and nothing else."""
    assert person.is_asked(), f"this is {person.page.url}, titled {person.page.title()!r}"


@when(parsers.parse("an HTTP client that calls itself {user} asks for {path} at {door}"), target_fixture="answer")
def ask_as(user: str, path: str, door: str, settings: Settings) -> requests.Response:
    """By the header in which authservice tells the components who it is."""
    return ask(f"{door}{path}", settings, headers={"kubeflow-userid": user})


@when(parsers.parse("an HTTP client with a made-up session asks for {path} at {door}"), target_fixture="answer")
def ask_with_made_up_session(path: str, door: str, settings: Settings, release: Release) -> requests.Response:
    """A cookie of the right name."""
    return ask(f"{door}{path}", settings, headers={"Cookie": f"{release.front_end.session_cookie}={MADE_UP}"})


@then("it is shown nothing")
def shown_nothing(answer: requests.Response) -> None:
    """It is led to the log-in, or refused; in no case does it get content."""
    led = answer.is_redirect and urlsplit(answer.headers["Location"]).path.startswith("/dex/")
    refused = answer.status_code in (requests.codes.unauthorized, requests.codes.forbidden)
    shown = [words for words in CONTENT if words in answer.text]
    assert led or refused, f"{answer.url} is open to everybody: it answered {answer.status_code}: {answer.text[:200]}"
    assert not shown, f"{answer.url} shows {shown} to somebody who is not logged in"


@then(parsers.parse("the dashboard knows them as {user} when they call themselves {other}"))
def known_as(person: Visitor, user: str, other: str) -> None:
    """A header of the client's own changes nothing."""
    person.greeted_as()
    assert person.get("/api/workgroup/env-info", calling_themselves=other)["user"] == user
