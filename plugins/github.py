"""The output of a run in a job of GitHub Actions: a log group for each chapter, annotations, and a job summary.

The plugin pytest-github-actions-annotate-failures was considered for the annotations. It takes path and line from the
traceback, and so annotates the step's Python file instead of the feature. It also ignores scenarios that fail before
their first step, and does not show diagnoses.
"""

from __future__ import annotations

import pytest

from pages import github
from plugins.run_state import RunState, run_state


class JobReporter:
    """A plugin that writes workflow commands, which the runner of the job reads from the log.

    Args:
        state: The state of the run.
        config: The configuration of pytest, which has the terminal.
    """

    def __init__(self, state: RunState, config: pytest.Config) -> None:
        self._state, self._config = state, config
        self._group = ""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Start a group at the first scenario of a chapter."""
        chapter = self._state.chapter_by_test.get(nodeid)
        name = chapter.name if chapter else ""
        if name != self._group:
            self._end_group()
            self._group = name
            if name:
                self._write(github.format_command("group", name))

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Annotate a failed scenario."""
        scenario = self._state.scenarios.get(report.nodeid)
        if scenario and report.failed:
            self._write(github.format_annotation(scenario))

    @pytest.hookimpl(tryfirst=True)
    def pytest_terminal_summary(self) -> None:
        """End the last group before the tables, and write the job summary."""
        self._end_group()
        self._group = ""
        if self._state.facts:
            github.add_summary(self._state.facts, self._state.context)

    def _end_group(self) -> None:
        if self._group:
            self._write(github.format_command("endgroup", ""))

    def _write(self, command: str) -> None:
        """Write a command on a line of its own, as the runner requires."""
        writer = self._config.get_terminal_writer()
        if writer.width_of_current_line:
            writer.line()
        writer.line(command)


def pytest_configure(config: pytest.Config) -> None:
    """Register the reporter in a job of GitHub Actions."""
    state = run_state(config)
    if github.is_job(state.context):
        config.pluginmanager.register(JobReporter(state, config))
