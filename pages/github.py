"""The output for GitHub Actions: workflow commands for groups and annotations in the log, and the job summary."""

from __future__ import annotations

from pathlib import Path

from lab.context import RunContext
from lab.evidence.known_failures import Diagnosis
from pages.markdown import format_block
from pages.run import Run, Scenario
from pages.templates import render

SUMMARY_VARIABLE = "GITHUB_STEP_SUMMARY"
PREFLIGHT_FAILED = "The preflight checks failed, nothing was changed"


def is_job(context: RunContext) -> bool:
    """Return whether this process runs in a job of GitHub Actions."""
    return context.environment.get("GITHUB_ACTIONS") == "true"


def format_command(name: str, message: str, **properties: str | int) -> str:
    """Return a workflow command on one line, with message and properties escaped."""
    parameters = ",".join(f"{key}={_escape_property(str(value))}" for key, value in properties.items())
    return f"::{name}{' ' if parameters else ''}{parameters}::{_escape(message)}"


def format_annotation(scenario: Scenario) -> str:
    """Return the workflow command that annotates a failed scenario at its line of the feature."""
    failure = scenario.failure
    error = failure.error if failure else "the scenario failed"
    diagnoses = [_describe(diagnosis) for diagnosis in failure.diagnoses] if failure else []
    return format_command(
        "error", "\n".join([error, *diagnoses]), file=scenario.file, line=scenario.line, title=scenario.name
    )


def add_summary(run: Run, context: RunContext) -> None:
    """Add the run to the job summary, if the runner has one."""
    _append_to_summary(render("summary.md", run=run), context)


def report_preflight_failure(error: str, context: RunContext) -> None:
    """Annotate the job and write its summary, if this process runs in a job of GitHub Actions.

    Args:
        error: The text of the error.
        context: The context of the run.
    """
    if is_job(context):
        print(format_command("error", error, title=PREFLIGHT_FAILED), flush=True)
        _append_to_summary(f"## {PREFLIGHT_FAILED}\n\n{format_block(error)}\n", context)


def _describe(diagnosis: Diagnosis) -> str:
    return f"{diagnosis.cause}\n  what to do: {diagnosis.remedy}"


def _append_to_summary(markdown: str, context: RunContext) -> None:
    if file := context.environment.get(SUMMARY_VARIABLE):
        with Path(file).open("a") as summary:
            summary.write(context.secrets.redact(markdown))


def _escape(value: str) -> str:
    return value.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(value: str) -> str:
    return _escape(value).replace(":", "%3A").replace(",", "%2C")
