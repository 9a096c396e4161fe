"""Removes secrets from everything that a run prints, reports and writes."""

from __future__ import annotations

import sys
from collections.abc import Generator
from dataclasses import replace
from typing import TextIO, cast

import pytest

from lab.run.redaction import RedactedStream
from lab.web.browser_user import PASSWORD
from plugins.run_state import RUN_STATE, run_state


def pytest_configure(config: pytest.Config) -> None:
    """Redact standard output and standard error from now on."""
    secrets = run_state(config).context.secrets
    secrets.add(PASSWORD)
    sys.stdout, sys.stderr = (cast(TextIO, RedactedStream(stream, secrets)) for stream in (sys.stdout, sys.stderr))


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Redact the files of the reports, and restore standard output and standard error."""
    if state := config.stash.get(RUN_STATE, None):  # None if an option is invalid
        state.context.secrets.redact_directory(state.directory)
    for name in ("stdout", "stderr"):
        if isinstance(stream := getattr(sys, name), RedactedStream):
            setattr(sys, name, stream.stream)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Redact the report of a scenario after all other plugins have extended it."""
    report = yield
    state = run_state(item.config)
    redact = state.context.secrets.redact
    if report.longrepr and (text := str(report.longrepr)) != (redacted := redact(text)):
        report.longrepr = redacted
    if failure := state.failures.get(item.nodeid):
        state.failures[item.nodeid] = replace(
            failure,
            error=redact(failure.error),
            headline=redact(failure.headline),
            seen=redact(failure.seen),
            remedy=redact(failure.remedy),
            diagnoses=[diagnosis.redacted(state.context.secrets) for diagnosis in failure.diagnoses],
        )
    return report
