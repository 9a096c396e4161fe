"""Steps that several features use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

import requests
from pytest_bdd import given, parsers, then, when

from lab.asking import ask
from lab.doors import PortForward
from lab.helm import HelmRelease
from lab.kubeflow import Kubeflow
from lab.settings import Settings
from lab.visitor import Visitor


@then("its Helm release is deployed at the version that this release pins")
def deployed(helm_release: HelmRelease) -> None:
    """An unpinned chart changes from one day to the next."""
    wrong = helm_release.wrong()
    assert wrong is None, wrong


@given("both doors")
def doors_open(both_doors: PortForward) -> None:
    """Opens the port-forward, and installs the Ingress."""
    both_doors.wait_until_open()


@given("Kubeflow is installed", target_fixture="installed")
def kubeflow_installed(kubeflow: Kubeflow) -> Kubeflow:
    """Installs the layer."""
    return kubeflow


@given(parsers.parse("a visitor at {door}"), target_fixture="person")
def person(visitor: Callable[[str, Mapping[str, str]], Visitor], door: str) -> Visitor:
    """Somebody who was never here."""
    return visitor(door, {})


@given(parsers.parse("the owner, logged in at {door}"), target_fixture="person")
def owner(
    visitor: Callable[[str, Mapping[str, str]], Visitor],
    session_of_owner: Callable[[str], Mapping[str, str]],
    door: str,
) -> Visitor:
    """With the session of a log-in by this door, which is the same for all scenarios that say this."""
    return visitor(door, session_of_owner(door))


@when(parsers.parse("an HTTP client without a session asks for {url}"), target_fixture="answer")
def ask_without_session(url: str, settings: Settings) -> requests.Response:
    """As a browser asks for a page, and goes where it is led."""
    return ask(url, settings, follow=True)


@when(
    parsers.parse("an HTTP client with the owner's session asks for {path} at {door}"),
    target_fixture="answer",
)
def ask_with_session(
    path: str, door: str, settings: Settings, session_of_owner: Callable[[str], Mapping[str, str]]
) -> requests.Response:
    """By the cookies of a log-in by this door."""
    return ask(f"{door}{path}", settings, cookies=session_of_owner(door))


@then("it is led to Dex, at the same door")
def led_to_dex(answer: requests.Response) -> None:
    """A redirect to another host would lead out of the lab."""
    first = answer.history[0] if answer.history else answer
    assert urlsplit(answer.url).netloc == urlsplit(first.url).netloc
    assert urlsplit(answer.url).path.startswith("/dex/"), f"it was led to {answer.url}"
    assert 'id="login"' in answer.text


@when("they log in as user@example.com")
def log_in(person: Visitor) -> None:
    """With the tutorial's password."""
    person.log_in()


@then(parsers.parse("it greets {user}"))
def greets(person: Visitor, user: str) -> None:
    """The dashboard itself, and the user that it knows."""
    assert person.greeted_as() == user


@then(parsers.parse('Dex says "{words}"'))
def is_refused(person: Visitor, words: str) -> None:
    """In Dex's words, on Dex's page."""
    assert person.refusal() == words
    assert person.is_asked()


@then("they have no session")
def no_session(person: Visitor) -> None:
    """Neither the cookie nor what it would open."""
    assert person.session_cookie() is None
