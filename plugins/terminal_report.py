"""The output of a run on the terminal: the steps of each failed scenario, and tables at the end of the run."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from textwrap import indent

import pytest
from rich import box
from rich.console import Console
from rich.table import Table

from lab.k8s.versions import Comparison
from pages import report, words
from pages.run import Run, Scenario
from plugins.run_state import RunState, run_state

MAX_WAITS = 5
WIDTH = 120
"""Columns of the tables if the output is not a terminal."""
MARKS = {"passed": "✓", "failed": "✗"}
"""Marks before the steps of a failed scenario, by status."""
NO_MARK = "–"


class FailureReporter:
    """A plugin that shows the steps of each failed scenario when it fails.

    Args:
        state: The state of the run.
        config: The configuration of pytest, which has the terminal.
    """

    def __init__(self, state: RunState, config: pytest.Config) -> None:
        self._state, self._config = state, config

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Show a failed scenario as in its feature, with the failure below the step that failed."""
        scenario = self._state.scenarios.get(report.nodeid)
        if scenario and report.failed:
            writer = self._config.get_terminal_writer()
            for line, color in _format_scenario(scenario):
                writer.line(line, **{color: True} if color else {})


def pytest_configure(config: pytest.Config) -> None:
    """Register the reporter."""
    config.pluginmanager.register(FailureReporter(run_state(config), config))


def pytest_terminal_summary(config: pytest.Config) -> None:
    """Print notes, tables of facts about the run, its durations, and the path of its reports."""
    state = run_state(config)
    if state.facts is None:
        return
    console = Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else WIDTH)
    for table in _create_tables(state.facts):
        console.print(table)
    console.print(f"{state.facts.seconds:.1f} s in total, {state.facts.own_seconds:.1f} s of it in the suite itself")
    if state.facts.memory:
        console.print(words.format_memory(state.facts.memory))
    if state.facts.afterwards:
        console.print(state.facts.afterwards)
    console.print(f"reports: {(state.directory / report.FILE).relative_to(config.rootpath)}")


def _format_scenario(scenario: Scenario) -> Iterator[tuple[str, str]]:
    """Yield the lines of a failed scenario, each with its color."""
    yield f"    {scenario.keyword}: {scenario.name}", "red"
    failure = "\n".join(_format_failure(scenario))
    if all(step.status != "failed" for step in scenario.steps):
        yield indent(failure, " " * 6), "red"
    for step in scenario.steps:
        color = {"passed": "green", "failed": "red"}.get(step.status, "")
        time = f" ({words.format_duration(step.seconds)})" if step.status in MARKS else ""
        yield f"      {MARKS.get(step.status, NO_MARK)} {step.keyword} {step.sentence}{time}", color
        yield from ((f"          | {' | '.join(row)} |", color) for row in step.table)
        if step.status == "failed":
            yield indent(failure, " " * 10), "red"


def _format_failure(scenario: Scenario) -> Iterator[str]:
    if failure := scenario.failure:
        yield failure.error
        for diagnosis in failure.diagnoses:
            yield f"known failure: {diagnosis.name}: {diagnosis.cause}"
            yield f"  what to do: {diagnosis.remedy}"


def _create_tables(run: Run) -> Iterator[Table]:
    if run.notes:
        yield _create_table("Notes", ("not as in the tutorial, and no failure",), [(note,) for note in run.notes])
    if run.stand_ins:
        stand_ins = [(stand_in.component, stand_in.implemented_by) for stand_in in run.stand_ins]
        yield _create_table("Stand-ins", ("component", "implemented by"), stand_ins)
    if run.changes:
        counts = ", ".join(f"{number} {status}" for status, number in sorted(run.programs.items()))
        changes = [(change.title, str(len(change.objects)), change.reason) for change in run.changes]
        yield _create_table(f"Rehearsal: containers with {counts} programs", ("change", "objects", "reason"), changes)
    if run.components:
        columns = ("component", "release", "installed", "implemented by", "compared")
        yield _create_table("Components", columns, _list_component_rows(run.components))
    if run.layers:
        layers = [(row.layer, row.status, f"{row.seconds:.1f}", row.reason) for row in run.layers]
        yield _create_table("Layers", ("layer", "status", "seconds", "reason"), layers)
    if run.waits:
        waits = [(wait.waiting_for, f"{wait.seconds:.1f}") for wait in run.waits[:MAX_WAITS]]
        yield _create_table("Slowest waits", ("waiting for", "seconds"), waits)


def _list_component_rows(comparisons: Iterable[Comparison]) -> Iterator[tuple[str, ...]]:
    """Yield the rows of the components; a long implementation is printed once for several rows below one another."""
    above = ""
    for comparison in comparisons:
        implemented_by = "the same" if comparison.implemented_by == above else comparison.implemented_by
        yield comparison.component, comparison.version, comparison.seen, implemented_by, comparison.compared
        above = comparison.implemented_by


def _create_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    table = Table(*columns, title=title, title_justify="left", box=box.SIMPLE_HEAD)
    for row in rows:
        table.add_row(*row)
    return table
