"""Steps that several features use."""

from __future__ import annotations

from collections.abc import Callable

from pytest_bdd import given, parsers, then, when

from lab.authservice import Authservice
from lab.doors import KubeflowIngress, PortForward
from lab.helm import HelmRelease
from lab.kubeflow import Kubeflow
from lab.visitor import Visitor


@then("its Helm release is deployed at the version that this release pins")
def deployed(helm_release: HelmRelease) -> None:
    """An unpinned chart changes from one day to the next."""
    wrong = helm_release.wrong()
    assert wrong is None, wrong


@given("both doors")
def both_doors(authservice: Authservice, kubeflow_ingress: KubeflowIngress, port_forward: PortForward) -> None:
    """Opens the port-forward, and installs the Ingress."""
    port_forward.wait_until_open()


@given("Kubeflow is installed", target_fixture="installed")
def kubeflow_installed(kubeflow: Kubeflow) -> Kubeflow:
    """Installs the layer."""
    return kubeflow


@given(parsers.parse("a visitor at {door}"), target_fixture="person")
def person(visitor: Callable[[str], Visitor], door: str) -> Visitor:
    """Somebody who was never here."""
    return visitor(door)


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
