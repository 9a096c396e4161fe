"""Runs of the features in a process of their own, as a user runs them, and their outcome."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.context import RunContext
from lab.errors import WaitTimeoutError
from lab.host.lock import find_holder
from lab.run.waiting import poll, wait_until
from pages import run as run_facts
from pages.run import Run
from tools import REPORTS, REPOSITORY

LATEST = REPORTS / "latest"
"""The reports of the last run whose preflight checks passed."""
RUN_TIMEOUT = 300
"""Seconds for a run on a kept lab."""
OTHER_RUN_TIMEOUT = 900
"""Seconds to wait for another run that is using the lab."""
END_TIMEOUT = 180
"""Seconds for an interrupted run to revert its changes."""
LAST_LINES = 15
"""The number of lines of a run's output that are shown if it has written no run.json."""


@dataclass(frozen=True)
class FailedScenario:
    """A scenario that failed.

    Args:
        test: pytest's node ID, by which it can be run again; empty for a failure outside of scenarios.
        message: The text of its error.
        error_type: The class name of its error.
        diagnoses: The names of the known failures that were recognized.
    """

    test: str
    message: str
    error_type: str = ""
    diagnoses: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """The outcome of a run of the features.

    Args:
        passed: The number of scenarios that passed.
        failed: The scenarios that failed, in the order of the run.
        seconds: The duration of the run.
        directory: The directory of its reports; None if it has none.
    """

    passed: int
    failed: Sequence[FailedScenario]
    seconds: float
    directory: Path | None = None

    @classmethod
    def from_run(
        cls,
        run: Run | None,
        seconds: float,
        *,
        exit_status: int = 0,
        last_lines: str = "",
        directory: Path | None = None,
    ) -> Outcome:
        """Return the outcome of a run.

        Args:
            run: The facts of the run; None if it left no run.json, which counts as a failure.
            seconds: The duration of the run.
            exit_status: The exit status of its process.
            last_lines: The last lines of its output.
            directory: The directory of its reports; None if it has none.
        """
        if run is None:
            failed = [FailedScenario("", "\n".join(filter(None, ("the run has written no run.json", last_lines))))]
            return cls(0, failed, seconds, directory)
        failed = [
            FailedScenario(
                scenario.test,
                scenario.failure.error,
                scenario.failure.error_type,
                tuple(diagnosis.name for diagnosis in scenario.failure.diagnoses),
            )
            if scenario.failure
            else FailedScenario(scenario.test, "")
            for scenario in run.failed
        ]
        if run.exit_status and not failed:
            failed.append(FailedScenario("", run.result))
        elif exit_status and not failed:
            failed.append(FailedScenario("", f"the run ended with exit status {exit_status}\n{last_lines}"))
        return cls(run.counts.get("passed", 0), failed, seconds, directory)

    @property
    def is_green(self) -> bool:
        """True if at least one scenario passed and none failed."""
        return self.passed > 0 and not self.failed


def run_features(
    log_file: Path,
    context: RunContext,
    *options: str,
    environment: Mapping[str, str] | None = None,
    timeout: float = RUN_TIMEOUT,
) -> Outcome:
    """Run the features in a process of their own, as a user does, as soon as no other run is using the lab.

    If this process is interrupted, that one is interrupted, too, because its scenarios must revert their changes.

    Args:
        log_file: Receives the output.
        context: The context of this process.
        options: Options of pytest.
        environment: Environment variables in addition to those of this process.
        timeout: Seconds.

    Returns:
        The outcome; a run that does not end in time is interrupted, and has failed.

    Raises:
        WaitTimeoutError: If another run does not stop using the lab.
    """
    wait_until(
        poll(lambda: find_holder(context.paths), every=1),
        satisfied=lambda holder: not holder,
        timeout=OTHER_RUN_TIMEOUT,
        waiting_for="another run that is using the lab to end",
        journal=context.journal,
        remedy="end that process",
    )
    begin, previous = time.monotonic(), LATEST.resolve()
    shell = context.create_shell(environment, directory=REPOSITORY)
    process = shell.start(sys.executable, "-m", "pytest", *options, log_file=log_file)
    try:
        exit_status = wait_until(
            poll(process.poll),
            satisfied=lambda status: status is not None,
            describe=lambda _: "it still runs",
            timeout=timeout,
            waiting_for=f"the features to end ({log_file.stem})",
            journal=context.journal,
            remedy=f"read its output in {log_file}",
        )
    except WaitTimeoutError as error:
        return Outcome(0, [FailedScenario("", str(error), type(error).__name__)], time.monotonic() - begin)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait(END_TIMEOUT)
    directory = LATEST.resolve() if LATEST.resolve() != previous else None
    return Outcome.from_run(
        run_facts.load(directory) if directory else None,
        time.monotonic() - begin,
        exit_status=exit_status or 0,
        last_lines="\n".join(log_file.read_text(errors="replace").splitlines()[-LAST_LINES:]),
        directory=directory,
    )
