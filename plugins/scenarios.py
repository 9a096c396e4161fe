"""Records each selected scenario and the status and duration of its steps."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from pytest_bdd import parser

from pages.run import Chapter, Scenario, Status, Step
from plugins import bdd_adapter
from plugins.run_state import RunState, run_state


class ScenarioRecorder:
    """A plugin that records the scenarios of a run.

    Args:
        state: The state of the run.
        root: The directory that the paths of features are relative to.
    """

    def __init__(self, state: RunState, root: Path) -> None:
        self._state, self._root = state, root
        self._step_begin = 0.0

    def pytest_deselected(self, items: list[pytest.Item]) -> None:
        """Count the deselected scenarios."""
        self._state.deselected += len(items)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Record the selected scenarios in the order of the run."""
        for item in session.items:
            if found := bdd_adapter.find_scenario(item):
                feature, rendered = found
                file = Path(os.path.relpath(feature.filename, self._root)).as_posix()
                chapter = self._state.chapters.setdefault(
                    file, Chapter(file, feature.name, feature.description, sorted(feature.tags))
                )
                scenario = _create_scenario(item, rendered, file)
                chapter.scenarios.append(scenario)
                self._state.chapter_by_test[item.nodeid] = chapter
                self._state.scenarios[item.nodeid] = scenario

    def pytest_runtest_logstart(self) -> None:
        """Record that a scenario was started."""
        self._state.has_started = True

    def pytest_bdd_before_step(self) -> None:
        """Start the time of a step, which includes the installation of the layers that it needs."""
        self._step_begin = time.monotonic()

    def pytest_bdd_after_step(self, request: pytest.FixtureRequest) -> None:
        """Record that a step has passed."""
        self._finish_step(request, "passed")

    def pytest_bdd_step_error(self, request: pytest.FixtureRequest) -> None:
        """Record that a step has failed; the steps after it are not run."""
        self._finish_step(request, "failed")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Record the status of a scenario, before other plugins show it."""
        scenario = self._state.scenarios.get(report.nodeid)
        if scenario is None:
            return
        scenario.seconds += report.duration
        if report.failed:
            scenario.status = "failed"
            scenario.failure = self._state.failures.get(report.nodeid)
        elif report.skipped:
            scenario.status = "skipped"
            scenario.reason = report.longrepr[2].removeprefix("Skipped: ") if isinstance(report.longrepr, tuple) else ""
        elif report.when == "call":
            scenario.status = "passed"

    def _finish_step(self, request: pytest.FixtureRequest, status: Status) -> None:
        steps = self._state.scenarios[request.node.nodeid].steps
        step = next(step for step in steps if step.status == "not run")
        step.status, step.seconds = status, time.monotonic() - self._step_begin


def pytest_configure(config: pytest.Config) -> None:
    """Register the recorder."""
    config.pluginmanager.register(ScenarioRecorder(run_state(config), config.rootpath))


def _create_scenario(item: pytest.Item, rendered: parser.Scenario, file: str) -> Scenario:
    return Scenario(
        test=item.nodeid,
        keyword=rendered.keyword,
        name=rendered.name,
        description=rendered.description,
        tags=sorted(rendered.tags),
        file=file,
        line=rendered.line_number,
        example=bdd_adapter.get_example(item),
        steps=[
            Step(step.keyword, step.name, [[str(cell) for cell in row] for row in step.datatable.raw()])
            if step.datatable
            else Step(step.keyword, step.name)
            for step in rendered.steps
        ],
    )
