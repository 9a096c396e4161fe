"""The decision if a run of the features has detected a sabotage."""

from __future__ import annotations

from pytest_bdd.scenario import make_python_name

from lab.errors import WaitTimeoutError
from lab.releases import Release
from tools.features import Outcome
from tools.sabotage.sabotage import OIDC_AUTHSERVICE, REPLACEMENTS, Sabotage

DETECTION_TIMEOUT = 60.0
"""Seconds within which a run must detect a sabotage."""


def expected_test(sabotage: Sabotage) -> str:
    """Return pytest's node ID of the scenario that must detect a sabotage, without the row of a scenario outline."""
    return _build_node_id(sabotage.chapter, sabotage.scenario)


def list_expected_tests(sabotage: Sabotage, release: Release) -> list[str]:
    """Return pytest's node IDs of the scenarios of which one must detect a sabotage first in a release."""
    if release.auth_proxy.name == OIDC_AUTHSERVICE or sabotage.scenario not in REPLACEMENTS:
        return [expected_test(sabotage)]
    return [_build_node_id(chapter, scenario) for chapter, scenario in REPLACEMENTS[sabotage.scenario]]


def explain_miss(sabotage: Sabotage, outcome: Outcome, release: Release, timeout: float = DETECTION_TIMEOUT) -> str:
    """Return why a run has not detected a sabotage as it must; empty if it has.

    A run has detected a sabotage if the expected scenario fails first, within the time limit, with an error that
    contains the expected words and is not merely the time-out of a wait, and with the expected diagnosis.

    Args:
        sabotage: The sabotage.
        outcome: The outcome of the run.
        release: The release of the run.
        timeout: The time limit in seconds.
    """
    if not outcome.failed:
        return "no scenario failed"
    first = outcome.failed[0]
    if first.test.partition("[")[0] not in list_expected_tests(sabotage, release):
        return f"another scenario failed: {first.test}"
    if missing := [words for words in sabotage.expected_words if words not in first.message]:
        return f"the error does not contain {missing[0]!r}"
    if sabotage.diagnosis and sabotage.diagnosis not in first.diagnoses:
        return f"the known failure {sabotage.diagnosis!r} was not recognized"
    if first.error_type == WaitTimeoutError.__name__:
        return "the error is merely a time-out"
    return f"too late, after {outcome.seconds:.0f} s" if outcome.seconds > timeout else ""


def _build_node_id(chapter: str, scenario: str) -> str:
    return f"steps/test_{chapter}.py::test_{make_python_name(scenario)}"
