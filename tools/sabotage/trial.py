"""The trial of one sabotage: a fault is caused, the features are run, and the fault is reverted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lab.context import Lab
from tools.features import Outcome, run_features
from tools.kept_lab import NotAppliedError, change_lab, hold_changes
from tools.sabotage.outcome import DETECTION_TIMEOUT, explain_miss
from tools.sabotage.sabotage import Sabotage

UNTIL_FIRST_FAILURE = ("--maxfail=1", "-m", "not changes")
"""The options of a run on a sabotaged lab.

Scenarios that change Kubeflow are deselected, because they apply manifests, which would revert the fault.

A sabotage that only such a scenario detects has a -m of its own, which replaces this one.
"""
VERIFY_ONLY = {"KUBEFLOW_LAB_VERIFY_ONLY": "1"}
"""The environment of runs on a kept lab."""


@dataclass(frozen=True)
class Row:
    """The result of one sabotage, or of a run on an intact lab.

    Args:
        name: The name of the sabotage or of the run.
        detected: Whether the suite did what it must.
        scenario: The scenario that failed first, by pytest's node ID; empty if none failed.
        seconds: The duration of the run, until its first failure if there was one.
        message: The text of the first error.
        problem: Why the result does not count; empty if it does.
    """

    name: str
    detected: bool
    scenario: str
    seconds: float
    message: str
    problem: str


def try_sabotage(
    sabotage: Sabotage,
    lab: Lab,
    logs: Path,
    environment: Mapping[str, str] = VERIFY_ONLY,
    timeout: float = DETECTION_TIMEOUT,
) -> Row:
    """Cause the fault of a sabotage, run the features, revert the fault, and run the scenario that failed again.

    Args:
        sabotage: The sabotage.
        lab: The lab.
        logs: The directory for the output of the runs.
        environment: The environment variables of the runs.
        timeout: Seconds within which the run must detect it.

    Raises:
        LabError: If the fault cannot be reverted, so that later results would be meaningless.
    """
    try:
        with change_lab(sabotage.steps, sabotage.effect, lab):
            log_file = logs / f"{sabotage.name}.log"
            outcome = run_features(log_file, lab, *UNTIL_FIRST_FAILURE, *sabotage.options, environment=environment)
    except NotAppliedError as error:
        return Row(sabotage.name, False, "", 0, "", str(error))
    problem = explain_miss(sabotage, outcome, lab.release, timeout)
    if outcome.failed and (test := outcome.failed[0].test):
        with hold_changes(lab.paths):
            restored = run_features(logs / f"{sabotage.name}-restored.log", lab, test, environment=environment)
        if not restored.is_green:
            problem = problem or f"the scenario fails also after the fault was reverted: {restored.failed}"
    return build_row(sabotage.name, outcome, problem)


def build_row(name: str, outcome: Outcome, problem: str) -> Row:
    """Return the result of a run.

    Args:
        name: The name of the sabotage or of the run.
        outcome: The outcome of the run.
        problem: Why the result does not count; empty if it does.
    """
    first = outcome.failed[0] if outcome.failed else None
    message, test = (first.message, first.test) if first else (f"{outcome.passed} scenarios passed", "")
    return Row(name, not problem, test, round(outcome.seconds, 1), message, problem)
