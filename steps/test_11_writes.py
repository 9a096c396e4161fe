"""Chapter 11: a person creates something in a web app."""

from __future__ import annotations

from http.cookies import SimpleCookie

from pytest_bdd import given, parsers, scenarios, then, when

from lab.kubeflow import PROFILE, Kubeflow
from lab.releases import Release
from lab.settings import Settings
from lab.visitor import Answer, Visitor, cookies_of
from lab.webapps import THINGS
from steps.asking import ask

scenarios("11_writes.feature")

CSRF_COOKIE = "XSRF-TOKEN"


@given("the web apps do without secure cookies")
def without_secure_cookies(plain_cookies: None) -> None:
    """All of them, as the tutorial shows; put back after the scenario."""


@when(parsers.parse("they create a {thing}"), target_fixture="answer")
def create(person: Visitor, thing: str, release: Release, name_of_thing: str) -> Answer:
    """From the page of the web app that is for it."""
    what = THINGS[thing]
    return person.create(what, release.web_apps[what.app], PROFILE, name_of_thing)


@then(parsers.parse("the {thing} is there"))
def is_there(answer: Answer, thing: str, kubeflow: Kubeflow, name_of_thing: str) -> None:
    """As an object in the cluster, and not only in the web app's words."""
    assert answer.status == 200, f"the web app answered {answer.status}: {answer.text}"
    assert kubeflow.kube.one(THINGS[thing].kind, name_of_thing, PROFILE) is not None


@then(parsers.parse("the {thing} is not there"))
def is_not_there(thing: str, kubeflow: Kubeflow, name_of_thing: str) -> None:
    """A refusal that had created it would be none."""
    assert kubeflow.kube.one(THINGS[thing].kind, name_of_thing, PROFILE) is None


@then(parsers.parse('they are refused with "{words}"'))
def is_refused(answer: Answer, words: str) -> None:
    """In the web app's words."""
    assert (answer.status, words in answer.text) == (403, True), f"the web app answered {answer.status}: {answer.text}"


@then("the cookie of each web app is a secure one")
def are_secure(person: Visitor, release: Release, settings: Settings) -> None:
    """What the web apps say themselves: a browser does not keep such a cookie at this door."""
    assert _secure(person, release, settings) == dict.fromkeys(release.web_apps, True)


@then("the cookie of no web app is a secure one")
def are_not_secure(person: Visitor, release: Release, settings: Settings) -> None:
    """What the web apps say themselves."""
    assert _secure(person, release, settings) == dict.fromkeys(release.web_apps, False)


def _secure(person: Visitor, release: Release, settings: Settings) -> dict[str, bool]:
    """Of each web app, whether the cookie of a write is to be kept over HTTPS only."""
    owner, secure = cookies_of(person.session()), {}
    for name, app in release.web_apps.items():
        answer = ask(f"{person.door}{app.path}", settings, cookies=owner)
        cookie = SimpleCookie(answer.headers.get("Set-Cookie", ""))
        assert CSRF_COOKIE in cookie, f"{answer.url} sets no cookie {CSRF_COOKIE}: {answer.status_code}"
        secure[str(name)] = bool(cookie[CSRF_COOKIE]["secure"])
    return secure
