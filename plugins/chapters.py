"""Chapters build on one another: after a failure, the scenarios of later chapters are skipped.

If a layer could not be installed, the other scenarios of its chapter are skipped, too.
"""

from __future__ import annotations

from collections.abc import Generator

import pytest

from lab.errors import LabError
from lab.layers.table import CHAPTERS
from plugins.run_state import ChapterFailure, run_state


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Check that every scenario belongs to a chapter.

    Raises:
        pytest.UsageError: If a scenario has no chapter's tag.
    """
    for item in items:
        if not any(item.get_closest_marker(chapter) for chapter in CHAPTERS):
            raise pytest.UsageError(
                f"{item.nodeid} belongs to no chapter: add one of the tags {', '.join(CHAPTERS)} to its feature"
            )


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a scenario if its chapter or an earlier one has failed, and name the scenario that failed."""
    chapter, failures = _find_chapter(item), run_state(item.config).chapter_failures
    for required in CHAPTERS[: CHAPTERS.index(chapter) + 1]:
        failure = failures.get(required)
        if failure and (required != chapter or failure.is_layer_failure):
            pytest.skip(f'chapter {required} failed in scenario "{failure.scenario}"')


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Record the first failure of a chapter; the first failure to install a layer replaces it."""
    report = yield
    if report.failed and call.excinfo:
        state, chapter, error = run_state(item.config), _find_chapter(item), call.excinfo.value
        is_layer_failure = isinstance(error, LabError) and bool(error.layer)
        recorded = state.chapter_failures.get(chapter)
        if recorded is None or (is_layer_failure and not recorded.is_layer_failure):
            scenario = state.scenarios.get(item.nodeid)
            name = scenario.name if scenario else item.name
            state.chapter_failures[chapter] = ChapterFailure(name, is_layer_failure)
    return report


def _find_chapter(item: pytest.Item) -> str:
    return next(chapter for chapter in CHAPTERS if item.get_closest_marker(chapter))
