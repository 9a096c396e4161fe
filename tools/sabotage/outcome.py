"""The outcome of a run of the features, and whether the run has detected a sabotage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pytest_bdd.scenario import make_python_name

from lab.errors import WaitTimeoutError
from pages.run import Run
from tools.sabotage.table import Sabotage

DETECTION_TIMEOUT = 60.0
"""Seconds within which a run must detect a sabotage."""


@dataclass(frozen=True)
class FailedScenario:
    """A scenario that failed.

    Args:
        test: pytest's node ID, by which it can be run again.
        message: The text of its error.
        error_type: The class name of its error.
    """

    test: str
    message: str
    error_type: str = ""


@dataclass(frozen=True)
class Outcome:
    """The outcome of a run of the features.

    Args:
        passed: The number of scenarios that passed.
        failed: The scenarios that failed, in the order of the run.
        seconds: The duration of the run.
    """

    passed: int
    failed: Sequence[FailedScenario]
    seconds: float

    @classmethod
    def from_run(cls, run: Run | None, seconds: float) -> Outcome:
        """Return the outcome of a run.

        Args:
            run: The facts of the run; None if it left no run.json, which counts as a failure.
            seconds: The duration of the run.
        """
        if run is None:
            return cls(0, [FailedScenario("", "the run has written no run.json")], seconds)
        failed = [
            FailedScenario(scenario.test, scenario.failure.error, scenario.failure.error_type)
            if scenario.failure
            else FailedScenario(scenario.test, "")
            for scenario in run.failed
        ]
        if run.exit_status and not failed:
            failed.append(FailedScenario("", run.result))
        return cls(run.counts.get("passed", 0), failed, seconds)

    @property
    def is_green(self) -> bool:
        """Whether at least one scenario passed, and none failed."""
        return self.passed > 0 and not self.failed


def expected_test(sabotage: Sabotage) -> str:
    """Return pytest's node ID of the scenario that must detect a sabotage, without the row of a scenario outline."""
    return f"steps/test_{sabotage.chapter}.py::test_{make_python_name(sabotage.scenario)}"


def explain_miss(sabotage: Sabotage, outcome: Outcome) -> str:
    """Return why a run has not detected a sabotage as it must; empty if it has.

    A run has detected a sabotage if the expected scenario fails first, within the time limit, with an error that
    contains the expected words and is not merely the time-out of a wait.
    """
    if not outcome.failed:
        return "no scenario failed"
    first = outcome.failed[0]
    if first.test.partition("[")[0] != expected_test(sabotage):
        return f"another scenario failed: {first.test}"
    if missing := [words for words in sabotage.expected_words if words not in first.message]:
        return f"the error does not contain {missing[0]!r}"
    if first.error_type == WaitTimeoutError.__name__:
        return "the error is merely a time-out"
    return f"too late, after {outcome.seconds:.0f} s" if outcome.seconds > DETECTION_TIMEOUT else ""
