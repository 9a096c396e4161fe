"""Explanations of the reasons that Kubernetes reports: the problem in plain words, and the remedy."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Explanation:
    """The meaning of a reason that Kubernetes reports.

    Args:
        summary: The problem.
        remedy: What to do about it.
        topic: The name of a group of explanations that can follow one another for the same problem; empty for none.
        may_recover: Whether the problem often disappears by itself, so that a wait does not end because of it.
    """

    summary: str
    remedy: str
    topic: str = ""
    may_recover: bool = False


Rule = tuple[re.Pattern[str], Explanation]
"""A pattern for a part of a message, and the explanation of the messages that it matches."""


def find_explanation(message: str, rules: Iterable[Rule]) -> Explanation | None:
    """Return the explanation of the first rule whose pattern matches a part of a message, or None."""
    return next((explanation for pattern, explanation in rules if pattern.search(message)), None)
