"""Steps that several features use."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

import requests
from pytest_bdd import given, parsers, then, when

from lab.asking import ask
from lab.diagnosis import OPEN_TO_ALL
from lab.doors import KubeflowIngress, PortForward
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
def led_to_dex(answer: requests.Response, diagnose: Callable[[], list[str]], kubeflow_ingress: KubeflowIngress) -> None:
    """A redirect to another host would lead out of the lab."""
    first, url = (answer.history[0] if answer.history else answer), urlsplit(answer.url)
    asked = urlsplit(first.url).netloc
    assert url.netloc == asked, f"who asks at {asked} is led to {url.netloc}: {answer.url}"
    if not url.path.startswith("/dex/"):
        seen = f"{first.url} does not lead to Dex: {answer.url} answers {answer.status_code}: {answer.text[:200]}"
        open_to_all = [OPEN_TO_ALL] if answer.ok else []
        raise AssertionError("\n".join([seen, *open_to_all, *kubeflow_ingress.unserved(), *diagnose()]))
    if 'id="login"' not in answer.text:
        seen = f"Dex does not ask for user and password: it answers {answer.status_code}: {_words(answer.text)[:300]}"
        raise AssertionError("\n".join([seen, *diagnose()]))


def _words(page: str) -> str:
    """The words of a page without its markup."""
    return " ".join(re.sub(r"(?s)<style.*?</style>|<[^>]*>", " ", page).split())


@when("they log in as user@example.com")
def log_in(person: Visitor) -> None:
    """With the tutorial's password."""
    person.log_in()


@then(parsers.parse("it greets {user}"))
def greets(person: Visitor, user: str) -> None:
    """The dashboard itself, and the user that it knows."""
    seen = person.greeted_as()
    assert seen == user, f"the dashboard takes {user}, who has logged in, for {seen}"


@then(parsers.parse('Dex says "{words}"'))
def is_refused(person: Visitor, words: str) -> None:
    """In Dex's words, on Dex's page."""
    seen = person.refusal()
    assert seen == words, (
        f"expected Dex's words {words!r}, seen {seen!r} at {person.page.url}: was the log-in accepted?"
    )
    assert person.is_asked(), f"Dex does not ask again; this is {person.page.url}"


@then("they have no session")
def no_session(person: Visitor) -> None:
    """Neither the cookie nor what it would open."""
    assert person.session_cookie() is None, "a log-in that was refused has given them a session"
