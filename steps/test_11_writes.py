"""Chapter 11: a person creates something in a web app."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from http.cookies import SimpleCookie

from pytest_bdd import given, parsers, scenarios, then, when

from lab.asking import ask
from lab.kubeflow import CREATED, PROFILE, Kubeflow
from lab.releases import Release
from lab.settings import Settings
from lab.visitor import Answer, Visitor
from lab.webapps import THINGS

scenarios("11_writes.feature")

CSRF_COOKIE = "XSRF-TOKEN"


@dataclass(frozen=True)
class Creation:
    """By which name a person wanted to create something, and what the web app answered."""

    name: str
    answer: Answer


@given("the web apps do without secure cookies")
def without_secure_cookies(plain_cookies: None) -> None:
    """All of them, as the tutorial shows; put back after the scenario."""


@when(parsers.parse("they create a {thing}"), target_fixture="creation")
def create(person: Visitor, thing: str, release: Release, deleted_afterwards: list[str]) -> Creation:
    """From the page of the web app that is for it."""
    what, name = THINGS[thing], f"{CREATED}{secrets.token_hex(3)}"
    deleted_afterwards.append(f"{what.resource}/{name}")
    return Creation(name, person.create(what, release.web_apps[what.app], PROFILE, name))


@then(parsers.parse("the {thing} is there"))
def is_there(creation: Creation, thing: str, kubeflow: Kubeflow) -> None:
    """As an object in the cluster, and not only in the web app's words."""
    assert creation.answer.status == 200, f"the web app answered {creation.answer.status}: {creation.answer.text}"
    there = kubeflow.kube.one(THINGS[thing].kind, creation.name, PROFILE)
    assert there is not None, (
        f"the web app accepted it, and there is no {THINGS[thing].kind} {creation.name} in {PROFILE}"
    )


@then(parsers.parse("the {thing} is not there"))
def is_not_there(creation: Creation, thing: str, kubeflow: Kubeflow) -> None:
    """A refusal that had created it would be none."""
    there = kubeflow.kube.one(THINGS[thing].kind, creation.name, PROFILE)
    assert there is None, (
        f"the web app refused it, and yet there is a {THINGS[thing].kind} {creation.name} in {PROFILE}"
    )


@then(parsers.parse('they are refused with "{words}"'))
def is_refused(creation: Creation, words: str) -> None:
    """In the web app's words."""
    status, text = creation.answer.status, creation.answer.text
    assert status != 200, f"the web app accepted the write: its cookie {CSRF_COOKIE} is not Secure, and was kept here"
    assert (status, words in text) == (403, True), f"the web app answered {status}: {text}"


@then("the cookie of each web app is a secure one")
def are_secure(person: Visitor, release: Release, settings: Settings) -> None:
    """What the web apps say themselves: a browser does not keep such a cookie at this door."""
    insecure = [app for app, secure in _secure(person, release, settings).items() if not secure]
    assert not insecure, (
        f"the cookie {CSRF_COOKIE} of {insecure} is not Secure: see APP_SECURE_COOKIES of these web apps"
    )


@then("the cookie of no web app is a secure one")
def are_not_secure(person: Visitor, release: Release, settings: Settings) -> None:
    """What the web apps say themselves."""
    secured = [app for app, secure in _secure(person, release, settings).items() if secure]
    assert not secured, f"the cookie {CSRF_COOKIE} of {secured} is still Secure, and a write there will be refused"


def _secure(person: Visitor, release: Release, settings: Settings) -> dict[str, bool]:
    """Of each web app, whether the cookie of a write is to be kept over HTTPS only."""
    owner, secure = person.cookies(), {}
    for name, app in release.web_apps.items():
        answer = ask(f"{person.door}{app.path}", settings, cookies=owner)
        cookie = SimpleCookie(answer.headers.get("Set-Cookie", ""))
        assert CSRF_COOKIE in cookie, f"{answer.url} sets no cookie {CSRF_COOKIE}: {answer.status_code}"
        secure[str(name)] = bool(cookie[CSRF_COOKIE]["secure"])
    return secure
