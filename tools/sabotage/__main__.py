"""`python -m tools.sabotage`: injects faults into a lab, one at a time, and checks that the suite detects each."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import textwrap
from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table

from lab.config.exit_status import ExitStatus
from lab.context import Lab
from tools import REPORTS
from tools.features import run_features
from tools.kept_lab import hold_changes, run_on_lab
from tools.sabotage.sabotage import Sabotage
from tools.sabotage.table import SABOTAGES
from tools.sabotage.trial import Row, build_row, try_sabotage
from tools.selection import add_selection, select

LOGS = REPORTS / "sabotage"
"""The output of each run of the features."""
SHOWN_CHARACTERS = 160


def main(arguments: Sequence[str]) -> int:
    """Try the selected sabotages.

    Returns:
        The exit status: 0 if all sabotages were detected and the lab is intact again.
    """
    parser = argparse.ArgumentParser(
        prog="python -m tools.sabotage",
        description="Injects faults into a lab, one at a time, and checks that the suite detects each.",
    )
    selection = add_selection(parser, SABOTAGES, "sabotage")
    selection.add_argument("--clean-runs", type=int, metavar="N", help="no sabotage, but N runs, which must be green")
    options = parser.parse_args(arguments)
    selected = select(parser, SABOTAGES, options)
    rows: list[Row] = []

    def experiment(lab: Lab) -> None:
        if not options.clean_runs:
            _try_sabotages(selected, lab, rows)
        _run_clean(options.clean_runs or 1, lab, rows)

    try:
        status = run_on_lab(experiment, LOGS)
    finally:
        _report(rows)
    return status or (ExitStatus.PASSED if all(row.detected for row in rows) else ExitStatus.FAILED)


def _try_sabotages(sabotages: Sequence[Sabotage], lab: Lab, rows: list[Row]) -> None:
    """Try sabotages one after another.

    Raises:
        LabError: If a fault cannot be reverted, so that the results of later sabotages would be meaningless.
    """
    for sabotage in sabotages:
        if sabotage.explain_omission and (reason := sabotage.explain_omission(lab)):
            print(f"{sabotage.name}: left out, {reason}", flush=True)
            continue
        rows.append(try_sabotage(sabotage, lab, LOGS))
        _print_row(rows[-1])


def _run_clean(count: int, lab: Lab, rows: list[Row]) -> None:
    """Run the features on the intact lab, a number of times."""
    for number in range(1, count + 1):
        with hold_changes(lab.paths):
            outcome = run_features(LOGS / f"clean-{number}.log", lab, "--verify-only")
        problem = "" if outcome.is_green else "the run on the intact lab is not green"
        rows.append(build_row(f"intact lab, run {number}", outcome, problem))
        _print_row(rows[-1])


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
