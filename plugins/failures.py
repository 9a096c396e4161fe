"""Records the failures of scenarios, and adapts the commands in their texts to the kind of lab."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from lab.context import RunContext
from lab.errors import LabError
from pages.run import Failure
from plugins.run_state import run_state


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Record the first failure of a scenario, and adapt the commands in what pytest shows of a failure.

    A LabError is shown without a traceback. Other plugins extend the failure and the report afterwards.
    """
    report = yield
    if report.failed and call.excinfo:
        state, error = run_state(item.config), call.excinfo.value
        state.failures.setdefault(item.nodeid, _describe(call.excinfo, state.context))
        text = str(error) if isinstance(error, LabError) else str(report.longrepr)
        shown = state.context.render_commands(text)
        if isinstance(error, LabError) or shown != text:
            report.longrepr = shown
    return report


def _describe(excinfo: pytest.ExceptionInfo[BaseException], context: RunContext) -> Failure:
    error, render = excinfo.value, context.render_commands
    if isinstance(error, LabError):
        return Failure(
            error=render(str(error)),
            error_type=type(error).__name__,
            headline=render(error.headline),
            seen=render(error.seen),
            remedy=render(error.remedy),
        )
    text = render(str(error) if isinstance(error, AssertionError) else excinfo.exconly())
    return Failure(error=text, error_type=type(error).__name__, headline=text.partition("\n")[0])
