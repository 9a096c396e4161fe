"""`python -m tools.variants`: sets up legitimate variants of a lab, one at a time; the suite must stay green."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import tempfile
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from lab.config.exit_status import ExitStatus
from lab.context import Lab
from tools import REPORTS
from tools.features import Outcome, run_features
from tools.kept_lab import NotAppliedError, change_lab, hold_changes, run_on_lab
from tools.selection import add_selection, select
from tools.variants.outcome import explain_damage_after_failure, explain_red
from tools.variants.table import VARIANTS, Variant

LOGS = REPORTS / "variants"
"""The output of each run of the features."""
FAILING = ("--verify-only", "--subnet=172.20.1.0/24", "-m", "network")
"""The options of a run that fails on every lab: its network has another subnet, and cannot change."""
VERIFY_ONLY = {"KUBEFLOW_LAB_VERIFY_ONLY": "1"}
"""The environment of a run, unless the variant has another value: an existing cluster needs no --verify-only."""
SHOWN_CHARACTERS = 160


@dataclass(frozen=True)
class Row:
    """The result of one variant, or of the run on the intact lab.

    Args:
        name: The name of the variant or of the run.
        green: Whether the suite stayed green and left intact reports.
        passed: The number of scenarios that passed.
        seconds: The duration of the run.
        problem: Why it was not green; empty if it was.
        messages: The errors of the scenarios that failed.
    """

    name: str
    green: bool
    passed: int
    seconds: float
    problem: str
    messages: Sequence[str] = ()


def main(arguments: Sequence[str]) -> int:
    """Try the selected variants.

    Returns:
        The exit status: 0 if the suite was green with all variants, and is green with the intact lab again.
    """
    parser = argparse.ArgumentParser(
        prog="python -m tools.variants",
        description="Sets up legitimate variants of a lab, one at a time, and checks that the suite stays green.",
    )
    add_selection(parser, VARIANTS, "variant")
    selected = select(parser, VARIANTS, parser.parse_args(arguments))
    rows: list[Row] = []

    def experiment(lab: Lab) -> None:
        for variant in selected:
            rows.append(_try_variant(variant, lab))
            _print_row(rows[-1])
        with hold_changes(lab.paths):
            outcome = run_features(LOGS / "intact-lab.log", lab, "--verify-only")
        rows.append(_build_row("intact lab", outcome, explain_red(outcome)))
        _print_row(rows[-1])

    try:
        status = run_on_lab(experiment, LOGS)
    finally:
        _report(rows)
    return status or (ExitStatus.PASSED if all(row.green for row in rows) else ExitStatus.FAILED)


def _try_variant(variant: Variant, lab: Lab) -> Row:
    # Scenarios that change Kubeflow apply manifests, which would revert some variants.
    markers = f"({variant.chapters}) and not changes"
    try:
        with change_lab(variant.steps, variant.effect, lab), tempfile.TemporaryDirectory() as directory:
            variables = variant.environment(lab, Path(directory)) if variant.environment else {}
            environment = {**VERIFY_ONLY, **variables}
            outcome = run_features(LOGS / f"{variant.name}.log", lab, "-m", markers, environment=environment)
            problem = explain_red(outcome)
            if variant.provokes_failure and not problem:
                failed = run_features(LOGS / f"{variant.name}-failing.log", lab, *FAILING)
                problem = explain_damage_after_failure(failed)
    except NotAppliedError as error:
        return Row(variant.name, False, 0, 0, str(error))
    return _build_row(variant.name, outcome, problem)


def _build_row(name: str, outcome: Outcome, problem: str) -> Row:
    messages = [failed.message for failed in outcome.failed]
    return Row(name, not problem, outcome.passed, round(outcome.seconds, 1), problem, messages)


def _print_row(row: Row) -> None:
    print(f"{row.name}: {row.problem or 'green'}, {row.passed} scenarios passed, {row.seconds:.1f} s", flush=True)


def _report(rows: Sequence[Row]) -> None:
    """Print the table of results, and below it the errors of red variants; write reports/variants.json."""
    console = Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else 160)
    table = Table("variant", "green", "passed", "seconds", "problem", box=box.SIMPLE_HEAD, title="Variants")
    for row in rows:
        problem = textwrap.shorten(row.problem, SHOWN_CHARACTERS, placeholder="…")
        table.add_row(row.name, "yes" if row.green else "no", str(row.passed), f"{row.seconds:.1f}", problem)
    console.print(table)
    for row in rows:
        if not row.green:
            print("\n".join([f"{row.name}: {row.problem}", *(textwrap.indent(text, "  ") for text in row.messages)]))
    (REPORTS / "variants.json").write_text(json.dumps([dataclasses.asdict(row) for row in rows], indent=1))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
