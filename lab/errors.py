"""The one kind of error that a person is meant to read."""

from __future__ import annotations

from collections.abc import Iterable


class LabError(Exception):
    """Something about the lab is not as it must be, and a person can do something about it.

    Arguments:
        what: the finding, one sentence.
        expected: what would have been right; left out where the finding says it.
        seen: what was there instead, possibly several lines.
        remedy: what to do about it.

    The attribute `layer` names the layer of the installation that could not be had for it, if so.
    """

    def __init__(self, what: str, *, expected: str = "", seen: str = "", remedy: str = "") -> None:
        self.layer = ""
        self.what, self.expected, self.seen, self.remedy = what, expected, seen, remedy
        super().__init__(str(self))

    def __str__(self) -> str:
        return told(self.what, (("expected", self.expected), ("seen", self.seen), ("what to do", self.remedy)))


def told(what: str, rows: Iterable[tuple[str, str]]) -> str:
    """A finding, and below it a row for each name that has a text, which may have several lines."""
    return "\n".join([what, *(f"  {name + ':':<12}{_indented(text)}" for name, text in rows if text)])


def _indented(text: str) -> str:
    return text.strip().replace("\n", "\n" + " " * 14)
