"""What is known of how this installation fails: a symptom that was observed, its cause, and what to do about it.

The table is lab/known_failures.toml. What is recognised is what was observed, whichever step has failed.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from lab.errors import told
from lab.masking import SECRETS
from lab.observation import Observation, Place, Word
from lab.obstacles import Obstacle

FILE = Path(__file__).with_name("known_failures.toml")
SHOWN = 5
"""How many diagnoses are given: what follows from a cause need not be told to the end."""
LONGEST = 500
"""Characters of an observation that a diagnosis shows."""


@dataclass(frozen=True)
class Diagnosis:
    """A known failure that was recognised.

    Arguments:
        name: a short name for it.
        cause: why it happens.
        remedy: what to do about it.
        reference: where it is discussed, as in kubeflow/manifests#2087; empty where it is this suite's own finding.
        seen: what it was recognised by, in the words of the cluster or the machine.
    """

    name: str
    cause: str
    remedy: str
    reference: str
    seen: str

    def masked(self) -> Diagnosis:
        """The same without secrets, which the words of a program may have in them."""
        return replace(self, seen=SECRETS.masked(self.seen))

    def __str__(self) -> str:
        rows = (("cause", self.cause), ("seen", self.seen), ("what to do", self.remedy), ("see", self.reference))
        return told(self.name, rows)


class KnownFailure(BaseModel):
    """A row of the table.

    Arguments:
        places: where it shows.
        sign: a regular expression for the words by which it is recognised there, within one line.
        consequence: whether it mostly follows from something else, and is told after that.
        provoked: how it was brought about to see that it is recognised.

    The others are as in a Diagnosis.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    places: tuple[Place, ...]
    sign: re.Pattern[str]
    cause: str
    remedy: str
    reference: str = ""
    consequence: bool = False
    provoked: str

    def found_in(self, words: Iterable[Word]) -> Word | None:
        """The first of the words that shows it, with only the line that does so."""
        lines = (
            Word(word.place, word.of, line) for word in words if word.place in self.places for line in _lines(word.text)
        )
        return next((word for word in lines if self.sign.search(word.text)), None)


@cache
def table() -> tuple[KnownFailure, ...]:
    """All known failures, a cause before what follows from it."""
    return tuple(KnownFailure.model_validate(row) for row in tomllib.loads(FILE.read_text())["failure"])


def recognised(seen: Observation) -> tuple[Diagnosis, ...]:
    """The known failures that what was seen shows, at most five, a cause before what follows from it.

    An obstacle of a pod that no row of the table knows is told with its own meaning.
    """
    found: dict[Word, KnownFailure] = {}
    for row in table():
        if word := row.found_in(seen.words):
            found.setdefault(word, row)  # what shows two of them shows the one that says more, which stands first
    known = {word.text for word in found}
    causes = [_diagnosis(row, word) for word, row in found.items() if not row.consequence]
    consequences = [_diagnosis(row, word) for word, row in found.items() if row.consequence]
    return (*causes, *_of_obstacles(seen.obstacles, known), *consequences)[:SHOWN]


def _diagnosis(row: KnownFailure, word: Word) -> Diagnosis:
    return Diagnosis(row.name, row.cause, row.remedy, row.reference, f"{word.of}: {_cut(word.text)}")


def _of_obstacles(obstacles: Sequence[Obstacle], known: set[str]) -> Iterator[Diagnosis]:
    """One for each kind of obstacle."""
    kinds = {one.meaning.what: one for one in reversed(obstacles) if not known & set(_lines(one.said))}
    for what, one in reversed(kinds.items()):
        others = sum(other.meaning.what == what for other in obstacles) - 1
        more = f", and {others} more pods" if others else ""
        yield Diagnosis("a pod does not become ready", what, one.meaning.remedy, "", _cut(str(one)) + more)


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines()]


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} …"
