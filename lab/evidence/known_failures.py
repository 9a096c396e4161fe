"""The known failures of this installation: the symptom, its cause, and what to do about it.

The table is lab/evidence/known_failures.toml. A failure is recognized by what was observed, whichever step has failed.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from lab.errors import format_error
from lab.evidence.observation import Observation, Symptom, SymptomSource
from lab.k8s.blockers import Blocker
from lab.run.redaction import Secrets

FILE = Path(__file__).with_name("known_failures.toml")
MAX_DIAGNOSES = 5
"""The number of diagnoses that are shown; the consequences of a cause are not all of interest."""
MAX_SEEN = 500
"""Characters of a symptom that a diagnosis shows."""


@dataclass(frozen=True)
class Diagnosis:
    """A known failure that was recognized.

    Args:
        name: A short name.
        cause: The cause.
        remedy: What to do about it.
        reference: Where it is discussed, as in kubeflow/manifests#2087; empty for a finding of this suite's own.
        seen: The symptom, as the cluster or the machine reports it.
    """

    name: str
    cause: str
    remedy: str
    reference: str
    seen: str

    def redacted(self, secrets: Secrets) -> Diagnosis:
        """Return the diagnosis without the secrets that the output of a program may contain."""
        return replace(self, seen=secrets.redact(self.seen))

    def __str__(self) -> str:
        rows = (("cause", self.cause), ("seen", self.seen), ("what to do", self.remedy), ("see", self.reference))
        return format_error(self.name, rows)


class KnownFailure(BaseModel):
    """A row of the table.

    Args:
        name: A short name.
        sources: The sources of the symptom.
        pattern: A regular expression that matches a part of one line of the symptom.
        cause: The cause.
        remedy: What to do about it.
        reference: Where it is discussed; empty for a finding of this suite's own.
        consequence: Whether it is mostly the consequence of another failure, and is shown after that one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    sources: tuple[SymptomSource, ...] = Field(min_length=1)
    pattern: re.Pattern[str]
    cause: str
    remedy: str
    reference: str = ""
    consequence: bool = False

    def find_symptom(self, symptoms: Iterable[Symptom]) -> Symptom | None:
        """Return the first symptom that matches, reduced to the matching line, or None."""
        for symptom in symptoms:
            if symptom.source in self.sources:
                for line in _split_lines(symptom.text):
                    if self.pattern.search(line):
                        return replace(symptom, text=line)
        return None


@cache
def load_table() -> tuple[KnownFailure, ...]:
    """Return all known failures, causes before their consequences."""
    return tuple(KnownFailure.model_validate(row) for row in tomllib.loads(FILE.read_text())["failure"])


def diagnose(observation: Observation) -> tuple[Diagnosis, ...]:
    """Return the known failures that an observation shows, at most five, causes before their consequences.

    A blocker that no row of the table matches is a diagnosis with its own explanation.
    """
    found: dict[Symptom, KnownFailure] = {}
    for row in load_table():
        if symptom := row.find_symptom(observation.symptoms):
            found.setdefault(symptom, row)  # if two rows match, the first one is the more specific one
    matched_lines = {symptom.text for symptom in found}
    causes = [_create_diagnosis(row, symptom) for symptom, row in found.items() if not row.consequence]
    consequences = [_create_diagnosis(row, symptom) for symptom, row in found.items() if row.consequence]
    blockers = _diagnose_blockers(observation.blockers, matched_lines)
    return (*causes, *blockers, *consequences)[:MAX_DIAGNOSES]


def _create_diagnosis(row: KnownFailure, symptom: Symptom) -> Diagnosis:
    return Diagnosis(row.name, row.cause, row.remedy, row.reference, f"{symptom.subject}: {_shorten(symptom.text)}")


def _diagnose_blockers(blockers: Sequence[Blocker], matched_lines: set[str]) -> Iterator[Diagnosis]:
    """Yield one diagnosis for each explanation of the blockers that no row of the table matches."""
    first_by_summary: dict[str, Blocker] = {}
    for blocker in blockers:
        if not matched_lines & set(_split_lines(blocker.message)):
            first_by_summary.setdefault(blocker.explanation.summary, blocker)
    for summary, first in first_by_summary.items():
        others = sum(blocker.explanation.summary == summary for blocker in blockers) - 1
        more = f", and {others} more pods" if others else ""
        seen = _shorten(str(first)) + more
        yield Diagnosis("a pod does not become ready", summary, first.explanation.remedy, "", seen)


def _split_lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines()]


def _shorten(text: str) -> str:
    return text if len(text) <= MAX_SEEN else f"{text[:MAX_SEEN]} …"
