"""tools/features: the outcome of a run, from its facts and its exit status."""

from __future__ import annotations

from pathlib import Path

from lab.context import RunContext
from pages.run import Failure
from tests import some_run
from tools.features import FailedScenario, Outcome, run_features


class TestOutcome:
    """The outcome of a run, from its facts."""

    def test_has_the_failed_scenarios_in_the_order_of_the_run(self) -> None:
        passed, first, second = (
            some_run.scenario(test="passed"),
            some_run.scenario(
                test="first", status="failed", failure=Failure("not ready", error_type="WaitTimeoutError")
            ),
            some_run.scenario(test="second", status="failed", failure=Failure("no pods", error_type="AssertionError")),
        )
        run = some_run.run(chapters=[some_run.chapter(passed, first, second)], exit_status=1)
        outcome = Outcome.from_run(run, 1.5)
        failed = [
            FailedScenario("first", "not ready", "WaitTimeoutError"),
            FailedScenario("second", "no pods", "AssertionError"),
        ]
        assert outcome == Outcome(1, failed, 1.5)
        assert not outcome.is_green

    def test_is_not_green_without_facts(self) -> None:
        assert not Outcome.from_run(None, 1).is_green

    def test_is_not_green_after_a_failure_outside_of_scenarios(self) -> None:
        assert not Outcome.from_run(some_run.run(exit_status=3), 1).is_green

    def test_is_not_green_if_the_process_fails_after_its_report(self) -> None:
        outcome = Outcome.from_run(some_run.run(), 1, exit_status=3, last_lines="INTERNALERROR")
        assert not outcome.is_green
        assert outcome.failed[0].message == "the run ended with exit status 3\nINTERNALERROR"

    def test_has_the_last_lines_of_a_run_that_could_not_start(self, tmp_path: Path, context: RunContext) -> None:
        outcome = run_features(tmp_path / "run.log", context, "--verify-only", "--subnet=nonsense")
        assert not outcome.is_green
        assert outcome.directory is None
        assert outcome.failed[0].message.startswith("the run has written no run.json\n")
        assert "--subnet nonsense" in outcome.failed[0].message

    def test_is_not_green_if_the_run_does_not_end_in_time(self, tmp_path: Path, context: RunContext) -> None:
        outcome = run_features(tmp_path / "run.log", context, "--collect-only", "-q", timeout=0.1)
        assert not outcome.is_green
        assert "waiting for: the features to end (run)" in outcome.failed[0].message
