"""The findings of preflight: errors, which prevent a run, warnings, which do not, and notes, which are no problems."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from lab.errors import LabError

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True)
class Finding:
    """A fact that a preflight check has found.

    Args:
        severity: An error prevents the run, a warning does not; a note is no problem.
        problem: The problem, with its remedy; only a headline if it is a note.
    """

    severity: Severity
    problem: LabError


def error(headline: str, *, expected: str = "", seen: str = "", remedy: str = "") -> Finding:
    """Return a finding that prevents the run; see LabError for the arguments."""
    return Finding("error", LabError(headline, expected=expected, seen=seen, remedy=remedy))


def warning(headline: str, *, expected: str = "", seen: str = "", remedy: str = "") -> Finding:
    """Return a finding that is only reported; see LabError for the arguments."""
    return Finding("warning", LabError(headline, expected=expected, seen=seen, remedy=remedy))


def note(text: str) -> Finding:
    """Return a finding that is no problem, such as the place of a program."""
    return Finding("note", LabError(text))


def has_errors(findings: Sequence[Finding]) -> bool:
    """Return whether any finding prevents the run."""
    return any(finding.severity == "error" for finding in findings)


def format_findings(findings: Sequence[Finding]) -> str:
    """Return all findings as text for a user, errors before warnings and notes; empty if there are none."""
    errors = [str(finding.problem) for finding in findings if finding.severity == "error"]
    warnings = [str(finding.problem) for finding in findings if finding.severity == "warning"]
    paragraphs = []
    if errors:
        paragraphs += [f"preflight failed, nothing was changed. Fix {_count(errors, 'problem')}:", *errors]
    if warnings:
        paragraphs += [f"{_count(warnings, 'warning')}:", *warnings]
    if notes := [finding.problem.headline for finding in findings if finding.severity == "note"]:
        paragraphs += ["\n  ".join(["programs of this run:", *notes])]
    return "\n\n".join(paragraphs)


def raise_on_errors(findings: Sequence[Finding]) -> None:
    """Raise an error that lists all findings if any of them prevents the run.

    Raises:
        LabError: If a finding is an error.
    """
    if has_errors(findings):
        raise LabError(format_findings(findings))


def _count(items: Sequence[str], noun: str) -> str:
    return f"{len(items)} {noun}" + ("s" if len(items) > 1 else "")
