"""The exit status of a run, where pytest's own does not tell what happened."""

from __future__ import annotations

import sys
from collections.abc import Generator

import pytest

from lab.config.exit_status import ExitStatus
from pages import github
from plugins.run_state import RUN_STATE, run_state

DESCRIPTIONS = {
    ExitStatus.PASSED: "passed",
    ExitStatus.FAILED: "failed",
    ExitStatus.INTERRUPTED: "interrupted",
    ExitStatus.INTERNAL_ERROR: "ended by an error of the suite itself",
    ExitStatus.INSTALL_FAILED: "the lab could not be installed",
}
"""The results of the runs that write reports; the others end before the first scenario."""


@pytest.hookimpl(wrapper=True)
def pytest_cmdline_main(config: pytest.Config) -> Generator[None, object, object]:
    """Return an exit status of its own if the preflight checks failed; pytest's would be that of a wrong option."""
    try:
        return (yield)
    except pytest.UsageError:
        state = config.stash.get(RUN_STATE, None)
        if state is None or not state.preflight_error:
            raise
        print(state.preflight_error, file=sys.stderr)
        github.report_preflight_failure(state.preflight_error, state.context)
        return ExitStatus.PREFLIGHT_FAILED


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Set an exit status of its own if a layer could not be installed.

    Such a failure reports nothing about the features. If the lab was only verified, however, a missing layer is a
    failure of its feature.
    """
    state = run_state(session.config)
    is_layer_failure = any(failure.is_layer_failure for failure in state.chapter_failures.values())
    is_installation = state.context.settings.installs or state.lab is None
    if exitstatus == ExitStatus.FAILED and is_layer_failure and is_installation:
        session.exitstatus = ExitStatus.INSTALL_FAILED
