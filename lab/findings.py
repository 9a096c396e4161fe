"""What is found before anything is tried: what keeps a run from being tried, and what only may go wrong later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from lab.errors import LabError

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Finding:
    """Something that is not as it should be.

    Arguments:
        severity: an error keeps a run from being tried, a warning does not.
        problem: what it is, with its remedy.
    """

    severity: Severity
    problem: LabError


def error(what: str, *, expected: str = "", seen: str = "", remedy: str = "") -> Finding:
    """A finding that keeps a run from being tried; for the arguments see LabError."""
    return Finding("error", LabError(what, expected=expected, seen=seen, remedy=remedy))


def warning(what: str, *, expected: str = "", seen: str = "", remedy: str = "") -> Finding:
    """A finding that is told, and no more; for the arguments see LabError."""
    return Finding("warning", LabError(what, expected=expected, seen=seen, remedy=remedy))


def told(findings: Sequence[Finding]) -> str:
    """All findings for a person to read, the errors first and the warnings apart; empty where there are none."""
    titles = {
        "error": "not fit, nothing was changed; {number} must be put right:",
        "warning": "{number} to be aware of:",
    }
    parts = []
    for severity, title in titles.items():
        problems = [str(finding.problem) for finding in findings if finding.severity == severity]
        if problems:
            number = f"{len(problems)} thing{'s' if len(problems) > 1 else ''}"
            parts.append("\n\n".join([title.format(number=number), *problems]))
    return "\n\n".join(parts)


def refuse_errors(findings: Sequence[Finding]) -> None:
    """Raises LabError with all findings, if any of them is an error."""
    if any(finding.severity == "error" for finding in findings):
        raise LabError(told(findings))
