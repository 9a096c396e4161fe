"""The errors that a user is meant to read, each with a headline, an observation and a remedy.

LabError
├── WaitError                  a wait ended without success
│   ├── WaitTimeoutError       the time was up
│   └── UnrecoverableError     the awaited state can no longer be reached
├── ProgramError               a program failed
│   └── ProgramTimeoutError    a program did not end in time
└── UnreachableError           the Kubernetes API server does not answer
"""

from __future__ import annotations

from collections.abc import Iterable


class LabError(Exception):
    """A problem of the lab that a user can do something about.

    Args:
        headline: One sentence that states what failed.
        expected: The expected state; empty where the headline says it.
        seen: The observed state, possibly several lines.
        remedy: What to do. Commands are in backticks and written as on a cluster of the user's own, as in
            `kubectl get pods -A`; lab.config.kinds.render_commands adapts them to the kind of lab when they are shown.

    Attributes:
        layer: The name of the layer that could not be installed because of this error; empty if it is none.
    """

    def __init__(self, headline: str, *, expected: str = "", seen: str = "", remedy: str = "") -> None:
        self.layer = ""
        self.headline, self.expected, self.seen, self.remedy = headline, expected, seen, remedy
        super().__init__(headline, expected, seen, remedy)

    def __str__(self) -> str:
        rows = (("expected", self.expected), ("seen", self.seen), ("what to do", self.remedy))
        return format_error(self.headline, rows)


class WaitError(LabError):
    """A wait ended without success."""


class WaitTimeoutError(WaitError):
    """The awaited state was not reached in time."""


class UnrecoverableError(WaitError):
    """The awaited state can no longer be reached."""


class ProgramError(LabError):
    """A program could not be run, or failed."""


class ProgramTimeoutError(ProgramError):
    """A program did not end in time, and was killed."""


class UnreachableError(LabError):
    """The Kubernetes API server does not answer."""


def format_error(headline: str, rows: Iterable[tuple[str, str]]) -> str:
    """Format a headline and, below it, one labeled row for each text that is not empty.

    Args:
        headline: The first line.
        rows: Pairs of label and text; a text may have several lines.
    """
    return "\n".join([headline, *(f"  {label + ':':<12}{_indent(text)}" for label, text in rows if text)])


def _indent(text: str) -> str:
    return text.strip().replace("\n", "\n" + " " * 14)
