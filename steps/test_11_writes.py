"""Chapter 11: a person creates something in a web app."""

from __future__ import annotations

from pytest_bdd import given, parsers, scenarios, then, when

from lab.kubeflow import PROFILE, Kubeflow
from lab.visitor import Answer, Visitor

scenarios("11_writes.feature")


@given("the volumes web app does without secure cookies")
def without_secure_cookies(plain_cookies: None) -> None:
    """As the tutorial shows; put back after the scenario."""


@when("they create a volume", target_fixture="answer")
def create_volume(person: Visitor, volume: str) -> Answer:
    """From the volumes web app's own page."""
    return person.create_volume(PROFILE, volume)


@then("the volume is there")
def is_there(answer: Answer, kubeflow: Kubeflow, volume: str) -> None:
    """As a claim in the cluster, and not only in the web app's words."""
    assert answer.status == 200, f"the web app answered {answer.status}: {answer.text}"
    assert kubeflow.kube.one("PersistentVolumeClaim", volume, PROFILE) is not None


@then("the volume is not there")
def is_not_there(kubeflow: Kubeflow, volume: str) -> None:
    """A refusal that had created it would be none."""
    assert kubeflow.kube.one("PersistentVolumeClaim", volume, PROFILE) is None


@then(parsers.parse('they are refused with "{words}"'))
def is_refused(answer: Answer, words: str) -> None:
    """In the web app's words."""
    assert (answer.status, words in answer.text) == (403, True), f"the web app answered {answer.status}: {answer.text}"
