"""Removes secrets from everything that a run prints, reports and writes."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TextIO, cast

import pytest

from lab.run.redaction import RedactedStream
from plugins.run_state import RUN_STATE, run_state


def pytest_configure(config: pytest.Config) -> None:
    """Redact standard output and standard error from now on."""
    secrets = run_state(config).context.secrets
    sys.stdout, sys.stderr = (cast(TextIO, RedactedStream(stream, secrets)) for stream in (sys.stdout, sys.stderr))


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Redact the files of the reports, and restore standard output and standard error."""
    if state := config.stash.get(RUN_STATE, None):  # None if an option is invalid
        state.context.secrets.redact_directory(state.directory)
        for file in _list_files_elsewhere(config):
            state.context.secrets.redact_file(file)
    for name in ("stdout", "stderr"):
        if isinstance(stream := getattr(sys, name), RedactedStream):
            setattr(sys, name, stream.stream)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Redact the report of a scenario after all other plugins have extended it."""
    report = yield
    state = run_state(item.config)
    redact = state.context.secrets.redact
    if isinstance(report.longrepr, tuple):  # pytest requires the file, the line and the reason of a skipped scenario
        file, line, reason = report.longrepr
        report.longrepr = (file, line, redact(reason))
    elif report.longrepr and (text := str(report.longrepr)) != (redacted := redact(text)):
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


def _list_files_elsewhere(config: pytest.Config) -> Iterator[Path]:
    """Yield the files that pytest was asked to write outside of the directory of the run."""
    for option in ("xmlpath", "cucumber_json_path", "log_file"):
        if path := config.getoption(option, None):
            file = Path(os.path.expandvars(path)).expanduser()
            if file.is_file():
                yield file
