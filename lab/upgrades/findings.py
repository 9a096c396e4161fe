"""The findings of a plan: each says what an upgrade does, to which objects, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

DERIVED = "derived"
"""The source of a finding that follows from the manifests and the rules of Kubernetes' API."""


class Topic(StrEnum):
    """The question that a finding answers, as the heading of a section."""

    LEFT_BEHIND = "Left behind by apply"
    REFUSED = "Refused by the API server"
    KUBERNETES = "Versions of Kubernetes"
    IMAGES = "Images"
    DATA = "Data"
    DEFAULTS = "Changed defaults"


@dataclass(frozen=True)
class Finding:
    """One effect of an upgrade.

    Args:
        topic: The section of the plan.
        effect: A sentence that states it, for all of the subjects.
        subjects: The objects, images or settings concerned.
        blocks: Whether the upgrade does not succeed, or people cannot work, unless something is done about it.
        title: The remedy as an imperative sentence, if it consists of commands.
        commands: The commands of the remedy.
        advice: A remedy that is no command, or what to know about the commands; may contain commands in backticks.
        source: Where the fact comes from: an issue, upstream's README, or DERIVED.
    """

    topic: Topic
    effect: str
    subjects: tuple[str, ...]
    blocks: bool = False
    title: str = ""
    commands: tuple[str, ...] = ()
    advice: str = ""
    source: str = DERIVED

    @property
    def remedy(self) -> str:
        """The commands in backticks, and the advice; empty if there is nothing to do."""
        return "; ".join(filter(None, (*(f"`{command}`" for command in self.commands), self.advice)))
