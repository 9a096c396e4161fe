"""What a run of the features found, and whether that is what a sabotage must lead to."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_bdd.scenario import make_python_name

from pages.run import Run
from tests.sabotage.table import Sabotage

WITHIN = 60.0
"""Seconds within which a break must be noticed."""
MERE_TIME_OUT = re.compile(r"(?m)^\W*(?:[\w.]*Error: )?waited [\d.]+ s in vain")
"""How an error begins that knows nothing but that time was up."""


@dataclass(frozen=True)
class Failed:
    """A scenario that failed.

    Arguments:
        test: pytest's name for it, by which it can be run again.
        words: what its error says.
    """

    test: str
    words: str


@dataclass(frozen=True)
class Outcome:
    """A run of the features: how many scenarios were green, which failed, and how many seconds it took."""

    green: int
    failed: Sequence[Failed]
    seconds: float

    @property
    def is_green(self) -> bool:
        """Whether there were scenarios, and all of them were green."""
        return self.green > 0 and not self.failed


def of_run(run: Run | None, seconds: float) -> Outcome:
    """What a run found; one that left no facts has failed, as a whole."""
    if run is None:
        return Outcome(0, [Failed("", "the run has left no run.json")], seconds)
    failed = [Failed(one.test, one.failure.error if one.failure else "") for one in run.failed]
    if run.exit_status and not failed:
        failed.append(Failed("", run.result))
    return Outcome(run.counts.get("passed", 0), failed, seconds)


def scenario_of(sabotage: Sabotage) -> str:
    """pytest's name for the scenario that must notice, without the row of an outline's table."""
    return f"steps/test_{sabotage.chapter}.py::test_{make_python_name(sabotage.scenario)}"


def missed(sabotage: Sabotage, outcome: Outcome) -> str:
    """Why a sabotage does not count as caught, in words; empty when it does."""
    if not outcome.failed:
        return "nothing failed"
    first = outcome.failed[0]
    if first.test.partition("[")[0] != scenario_of(sabotage):
        return f"another scenario failed: {first.test}"
    if lacking := [words for words in sabotage.words if words not in first.words]:
        return f"it does not say {lacking[0]!r}"
    if MERE_TIME_OUT.search(first.words):
        return "a mere time-out"
    return f"too late, after {outcome.seconds:.0f} s" if outcome.seconds > WITHIN else ""
