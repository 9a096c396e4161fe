"""What a run tells GitHub Actions: groups of lines in the log, annotations at a feature's line, and a summary."""

from __future__ import annotations

import os
from pathlib import Path

from lab.masking import SECRETS
from pages.markdown import fenced
from pages.run import Run, Scenario
from pages.templates import text

SUMMARY = "GITHUB_STEP_SUMMARY"
NOT_FIT = "The environment is not fit, nothing was tried"


def is_there() -> bool:
    """Whether this runs in a job of GitHub Actions."""
    return os.environ.get("GITHUB_ACTIONS") == "true"


def command(name: str, message: str, **properties: str | int) -> str:
    """A command to the runner, of one line whatever the message and the properties have in them."""
    told = ",".join(f"{key}={_property(str(value))}" for key, value in properties.items())
    return f"::{name}{' ' if told else ''}{told}::{_data(message)}"


def annotation(scenario: Scenario) -> str:
    """What went wrong in a scenario, at its line of the feature."""
    failure = scenario.failure
    error = failure.error if failure else "it failed"
    known = [f"{one.cause}\n  what to do: {one.remedy}" for one in failure.diagnoses] if failure else []
    return command("error", "\n".join([error, *known]), file=scenario.file, line=scenario.line, title=scenario.name)


def summarise(run: Run) -> None:
    """Adds the run to the job's summary, where the runner says that there is one."""
    _add(text("summary.md", run=run))


def tell_not_fit(why: str) -> None:
    """Tells a job of GitHub Actions that nothing was tried, by an annotation and in its summary."""
    if is_there():
        print(command("error", why, title=NOT_FIT), flush=True)
        _add(f"## {NOT_FIT}\n\n{fenced(why)}\n")


def _add(markdown: str) -> None:
    if file := os.environ.get(SUMMARY):
        with Path(file).open("a") as summary:
            summary.write(SECRETS.masked(markdown))


def _data(value: str) -> str:
    return value.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(value: str) -> str:
    return _data(value).replace(":", "%3A").replace(",", "%2C")
