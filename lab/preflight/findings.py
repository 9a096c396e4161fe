"""The findings of preflight: errors, which prevent a run, and warnings, which do not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from lab.errors import LabError

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Finding:
    """A problem that a preflight check has found.

    Args:
        severity: An error prevents the run, a warning does not.
        problem: The problem, with its remedy.
    """

    severity: Severity
    problem: LabError


def error(headline: str, *, expected: str = "", seen: str = "", remedy: str = "") -> Finding:
    """Return a finding that prevents the run; see LabError for the arguments."""
    return Finding("error", LabError(headline, expected=expected, seen=seen, remedy=remedy))


def warning(headline: str, *, expected: str = "", seen: str = "", remedy: str = "") -> Finding:
    """Return a finding that is only reported; see LabError for the arguments."""
    return Finding("warning", LabError(headline, expected=expected, seen=seen, remedy=remedy))


def has_errors(findings: Sequence[Finding]) -> bool:
    """Return whether any finding prevents the run."""
    return any(finding.severity == "error" for finding in findings)


def format_findings(findings: Sequence[Finding]) -> str:
    """Return all findings as text for a user, errors before warnings; empty if there are none."""
    errors = [str(finding.problem) for finding in findings if finding.severity == "error"]
    warnings = [str(finding.problem) for finding in findings if finding.severity == "warning"]
    paragraphs = []
    if errors:
        paragraphs += [f"preflight failed, nothing was changed. Fix {_count(errors, 'problem')}:", *errors]
    if warnings:
        paragraphs += [f"{_count(warnings, 'warning')}:", *warnings]
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
