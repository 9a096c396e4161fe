"""`python -m tools.sabotage`: injects faults into a lab, one at a time, and checks that the suite detects each."""

from __future__ import annotations

import argparse
import dataclasses
import json
import signal
import sys
import textwrap
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass

from rich import box
from rich.console import Console
from rich.table import Table

from lab.config.exit_status import ExitStatus
from lab.context import Lab, RunContext
from lab.errors import LabError
from lab.host.lock import hold_lab
from lab.host.netns import enter_network_namespace
from lab.run import state
from lab.run.waiting import poll, wait_until
from pages import run as run_facts
from tools import REPORTS, REPOSITORY
from tools.sabotage.observations import wait_for, wait_until_intact
from tools.sabotage.outcome import Outcome, explain_miss
from tools.sabotage.table import SABOTAGES, Sabotage

LATEST = REPORTS / "latest"
"""The reports of the last run whose preflight checks passed."""
LOGS = REPORTS / "sabotage"
"""The output of each run of the features."""
RUN_TIMEOUT, LAB_TIMEOUT = 300, 3600
"""Seconds for one run of the features, and for the installation of a lab, for which the kit may have to be built."""
UNTIL_FIRST_FAILURE = ("--verify-only", "--maxfail=1", "-m", "not changes")
"""The options of a run on a sabotaged lab.

Scenarios that change Kubeflow are deselected, because they apply manifests, which would revert the fault.

A sabotage that only such a scenario detects has a -m of its own, which replaces this one.
"""
END_TIMEOUT = 180
"""Seconds for an interrupted run to revert its changes."""
SHOWN_CHARACTERS = 160


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


def main(arguments: Sequence[str]) -> int:
    """Try the selected sabotages.

    Returns:
        The exit status: 0 if all sabotages were detected and the lab is intact again.
    """
    parser = argparse.ArgumentParser(
        prog="python -m tools.sabotage",
        description="Injects faults into a lab, one at a time, and checks that the suite detects each.",
    )
    selection = parser.add_mutually_exclusive_group()
    names = [sabotage.name for sabotage in SABOTAGES]
    selection.add_argument("--only", choices=names, metavar="NAME", help="one sabotage")
    selection.add_argument("--part", type=select_part, default=SABOTAGES, metavar="K/N", help="the Kth part of N")
    selection.add_argument("--clean-runs", type=int, metavar="N", help="no sabotage, but N runs, which must be green")
    options = parser.parse_args(arguments)
    selected = [sabotage for sabotage in SABOTAGES if sabotage.name == options.only] if options.only else options.part
    for number in (signal.SIGINT, signal.SIGTERM):  # both must revert the current fault
        signal.signal(number, signal.default_int_handler)
    LOGS.mkdir(parents=True, exist_ok=True)
    try:
        context = RunContext.create({})
    except LabError as error:
        print(error, file=sys.stderr)
        return ExitStatus.USAGE_ERROR
    rows: list[Row] = []
    try:
        with _open_lab(context) as lab:
            first = lab.state.first_process
            with enter_network_namespace(first.pid) if first else nullcontext():
                if not options.clean_runs:
                    _try_sabotages(selected, lab, rows)
                _run_clean(options.clean_runs or 1, lab, rows)
    except LabError as error:
        print(context.render_commands(str(error)), file=sys.stderr)
        return ExitStatus.FAILED
    except KeyboardInterrupt:
        print("interrupted; the fault was reverted", file=sys.stderr)
        return ExitStatus.INTERRUPTED
    finally:
        _report(rows)
    return ExitStatus.PASSED if all(row.detected for row in rows) else ExitStatus.FAILED


def select_part(text: str) -> Sequence[Sabotage]:
    """Return the sabotages of a part, for example every third one for 1/3, so that each part covers most chapters.

    Raises:
        ValueError: If there is no such part.
    """
    number, count = map(int, text.split("/"))
    if not 1 <= number <= count:
        raise ValueError(f"there is no part {text}")
    return SABOTAGES[number - 1 :: count]


@contextmanager
def _open_lab(context: RunContext) -> Iterator[Lab]:
    """Open the kept lab; or install a lab, and remove it at the end.

    Raises:
        LabError: If the lab cannot be installed.
    """
    if kept := state.load(context.paths):
        yield Lab.from_context(context, kept)
        return
    print(f"there is no lab, one is being installed; see {LOGS / 'lab.log'}", flush=True)
    try:
        outcome = _run_features("lab", context, "--keep-lab", timeout=LAB_TIMEOUT)
        installed = state.load(context.paths)
        if not installed or not outcome.is_green:
            raise LabError("there is no lab to sabotage", seen=f"{outcome}", remedy="correct what `make lab` reports")
        yield Lab.from_context(context, installed)
    finally:
        with hold_lab(context.paths):
            if left := state.load(context.paths):
                left.remove(context.paths, context.create_shell(left.environment))


def _try_sabotages(sabotages: Sequence[Sabotage], lab: Lab, rows: list[Row]) -> None:
    """Try sabotages one after another.

    Raises:
        LabError: If a fault cannot be reverted, so that the results of later sabotages would be meaningless.
    """
    for sabotage in sabotages:
        rows.append(_try_sabotage(sabotage, lab))
        _print_row(rows[-1])


def _run_clean(count: int, lab: Lab, rows: list[Row]) -> None:
    """Run the features on the intact lab, a number of times."""
    for number in range(1, count + 1):
        outcome = _run_features(f"clean-{number}", lab, "--verify-only")
        problem = "" if outcome.is_green else "the run on the intact lab is not green"
        rows.append(_build_row(f"intact lab, run {number}", outcome, problem))
        _print_row(rows[-1])


def _try_sabotage(sabotage: Sabotage, lab: Lab) -> Row:
    with ExitStack() as steps:
        steps.callback(wait_until_intact, lab)
        for step in sabotage.steps:
            steps.enter_context(step(lab))
        if sabotage.effect:
            wait_for(sabotage.effect, lab)
        outcome = _run_features(sabotage.name, lab, *UNTIL_FIRST_FAILURE, *sabotage.options)
    problem = explain_miss(sabotage, outcome)
    if outcome.failed and (test := outcome.failed[0].test):
        restored = _run_features(f"{sabotage.name}-restored", lab, "--verify-only", test)
        if not restored.is_green:
            problem = problem or f"the scenario fails also after the fault was reverted: {restored.failed}"
    return _build_row(sabotage.name, outcome, problem)


def _build_row(name: str, outcome: Outcome, problem: str) -> Row:
    first = outcome.failed[0] if outcome.failed else None
    message, test = (first.message, first.test) if first else (f"{outcome.passed} scenarios passed", "")
    return Row(name, not problem, test, round(outcome.seconds, 1), message, problem)


def _run_features(name: str, context: RunContext, *options: str, timeout: float = RUN_TIMEOUT) -> Outcome:
    """Run the features in a process of their own, as a user does.

    If this process is interrupted, that one is interrupted, too, because its scenarios must revert their changes.

    Args:
        name: The name of the run, and of its log.
        context: The context of this process.
        options: Options of pytest.
        timeout: Seconds.

    Raises:
        WaitTimeoutError: If the time is up.
    """
    log_file = LOGS / f"{name}.log"
    begin, previous = time.monotonic(), LATEST.resolve()
    shell = context.create_shell(directory=REPOSITORY)
    process = shell.start(sys.executable, "-m", "pytest", *options, log_file=log_file)
    try:
        wait_until(
            poll(process.poll),
            satisfied=lambda exit_status: exit_status is not None,
            describe=lambda _: "it still runs",
            timeout=timeout,
            waiting_for=f"the features to end ({name})",
            journal=context.journal,
            remedy=f"read its output in {log_file}",
        )
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait(END_TIMEOUT)
    facts = run_facts.load(LATEST) if LATEST.resolve() != previous else None
    return Outcome.from_run(facts, time.monotonic() - begin)


def _print_row(row: Row) -> None:
    print(f"{row.name}: {row.problem or 'as expected'}, {row.scenario}, {row.seconds:.1f} s", flush=True)


def _report(rows: Sequence[Row]) -> None:
    """Print the table of results, and below it the unexpected ones; write reports/sabotage.json."""
    console = Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else 160)
    columns = ("sabotage", "detected", "first failed scenario", "seconds", "message")
    table = Table(*columns, box=box.SIMPLE_HEAD, title="Sabotage")
    for row in rows:
        message = textwrap.shorten(row.message, SHOWN_CHARACTERS, placeholder="…")
        detected = "yes" if row.detected else "no"
        table.add_row(row.name, detected, row.scenario.removeprefix("steps/"), f"{row.seconds:.1f}", message)
    console.print(table)
    for row in rows:
        if not row.detected:
            print(f"{row.name}: {row.problem}; first failed scenario: {row.scenario or 'none'}: {row.message}")
    (REPORTS / "sabotage.json").write_text(json.dumps([dataclasses.asdict(row) for row in rows], indent=1))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
