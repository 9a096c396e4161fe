"""Holds the lab for this run, and checks before the first scenario that the run can succeed."""

from __future__ import annotations

import signal
from collections.abc import Collection, Generator, Iterable
from contextlib import ExitStack
from functools import partial

import pytest

from embedded.lab import check_kit
from embedded.tools import list_kit_tools
from lab.context import RunContext
from lab.errors import LabError
from lab.host.lock import hold_lab
from lab.preflight.checks import run_checks
from lab.preflight.credentials import needs_password
from lab.preflight.findings import Finding, format_findings, raise_on_errors
from lab.run.prompt import ask_password, has_terminal
from plugins.run_state import RunState, run_state


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> Generator[None, object, object]:
    """Run the scenarios if the preflight checks pass; one run at a time, which SIGTERM ends as Ctrl-C does.

    Raises:
        pytest.UsageError: If another run uses the lab, or a check failed; plugins.exit_status replaces its exit status.
    """
    if session.config.option.collectonly:
        return (yield)
    state, resources = run_state(session.config), ExitStack()
    session.config.add_cleanup(resources.close)
    try:
        resources.enter_context(hold_lab(state.context.paths))
        tags = list_tags(session.items)
        state.context = _complete(state.context, tags)
        state.findings = _run_checks(state, tags)
        raise_on_errors(state.findings)
    except LabError as error:
        state.preflight_error = state.context.render_commands(str(error))
        raise pytest.UsageError(state.preflight_error) from None
    if state.findings:
        state.context.progress.print(f"\n{state.context.render_commands(format_findings(state.findings))}\n")
    for number in (signal.SIGINT, signal.SIGTERM):  # SIGINT, too: a shell ignores it in programs that it starts with &
        signal.signal(number, signal.default_int_handler)
    return (yield)


def list_tags(items: Iterable[pytest.Item]) -> set[str]:
    """Return the tags of all selected scenarios."""
    return {mark.name for item in items for mark in item.iter_markers()}


def _complete(context: RunContext, tags: Collection[str]) -> RunContext:
    """Return the context with the password that the user types, if the run needs one and there is a terminal."""
    is_asked = has_terminal() and needs_password(context, tags)
    password = ask_password(context.settings.user) if is_asked else ""
    return context.with_password(password) if password else context


def _run_checks(state: RunState, tags: Collection[str]) -> list[Finding]:
    context = state.context
    extra_check = partial(check_kit, context) if context.settings.lab == "embedded" else None
    return run_checks(context, tags, extra_check, kit_tools=list_kit_tools(context))
