"""The known failures of this installation: the symptom, its cause, and what to do about it.

The table is lab/evidence/known_failures.toml. A failure is recognized by what was observed, whichever step has failed:
by its id where the lab's own code reports it, and by a pattern where another program reports it.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, model_validator

from lab.errors import KnownFailureId, format_error
from lab.evidence.symptoms import Observation, Symptom, SymptomSource
from lab.k8s.blockers import Blocker
from lab.request_path.trace import Stop
from lab.run.redaction import Secrets

FILE = Path(__file__).with_name("known_failures.toml")
MAX_DIAGNOSES = 5
"""The number of diagnoses that are shown; the consequences of a cause are not all of interest."""
MAX_STOPS = 2
"""The number of diagnoses that state where requests stop; one wrong object often stops many."""
FOREIGN = "outside of Kubeflow, so that it need not be the cause"
"""The beginning of the cause of a diagnosis whose symptom is neither about Kubeflow nor about the lab."""
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
        id: The id with which the lab's own code reports the failure; None if it does not.
        sources: The sources of the messages that the pattern matches.
        pattern: A regular expression that matches a part of one line of another program's message; None if no other
            program reports the failure.
        cause: The cause.
        remedy: What to do about it.
        reference: Where it is discussed; empty for a finding of this suite's own.
        consequence: Whether it is mostly the consequence of another failure, and is shown after that one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    id: KnownFailureId | None = None
    sources: tuple[SymptomSource, ...] = ()
    pattern: re.Pattern[str] | None = None
    cause: str
    remedy: str
    reference: str = ""
    consequence: bool = False

    @model_validator(mode="after")
    def check_recognizable(self) -> Self:
        """Check that the row has an id, or a pattern and its sources, or all of them.

        Raises:
            ValueError: If it has none, or only one of pattern and sources.
        """
        if self.id is None and self.pattern is None:
            raise ValueError("a known failure needs an id or a pattern")
        if (self.pattern is None) != (not self.sources):
            raise ValueError("a pattern needs sources, and sources need a pattern")
        return self

    def find_symptom(self, symptoms: Iterable[Symptom]) -> Symptom | None:
        """Return the first symptom that reports this failure, reduced to one line, or None.

        The line is the one that matches the pattern; of a text of the lab's own, it is the first one.
        """
        for symptom in symptoms:
            line = self._find_line(symptom)
            if line is not None:
                return replace(symptom, text=line)
        return None

    def _find_line(self, symptom: Symptom) -> str | None:
        if self.id is not None and symptom.known_failure == self.id:
            return symptom.text.partition("\n")[0]
        if self.pattern is None or symptom.source not in self.sources:
            return None
        return next(filter(self.pattern.search, _split_lines(symptom.text)), None)


class _Table(BaseModel):
    """The table, with its rows in the attribute `failure`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    failure: tuple[KnownFailure, ...]

    @model_validator(mode="after")
    def check_ids_unique(self) -> Self:
        """Check that no two rows have the same id.

        Raises:
            ValueError: If two rows have.
        """
        counts = Counter(row.id for row in self.failure if row.id is not None)
        if repeated := [known_failure for known_failure, count in counts.items() if count > 1]:
            raise ValueError(f"several known failures have the same id: {', '.join(repeated)}")
        return self


@cache
def load_table(file: Path = FILE) -> tuple[KnownFailure, ...]:
    """Return all known failures, causes before their consequences.

    Args:
        file: The table.

    Raises:
        ValidationError: If a row is incorrect, or if two rows have the same id.
    """
    return _Table.model_validate(tomllib.loads(file.read_text())).failure


def diagnose(observation: Observation) -> tuple[Diagnosis, ...]:
    """Return the known failures that an observation shows, at most five, causes before their consequences.

    A blocker that no row of the table matches is a diagnosis with its own explanation. So is a hop at which requests
    stop; if pods are the reason, it is the consequence of what is wrong with them. What is neither a part of Kubeflow
    nor of the lab is considered only if nothing else was recognized, and each diagnosis then says so.
    """
    own = [symptom for symptom in observation.symptoms if not symptom.is_foreign]
    if found := _diagnose(own, observation.blockers, observation.stops):
        return found
    foreign = [symptom for symptom in observation.symptoms if symptom.is_foreign]
    diagnoses = _diagnose(foreign, observation.foreign_blockers)
    return tuple(replace(diagnosis, cause=f"{FOREIGN}: {diagnosis.cause}") for diagnosis in diagnoses)


def _diagnose(
    symptoms: Sequence[Symptom], blockers: Sequence[Blocker], stops: Sequence[Stop] = ()
) -> tuple[Diagnosis, ...]:
    found: dict[Symptom, KnownFailure] = {}
    for row in load_table():
        if symptom := row.find_symptom(symptoms):
            found.setdefault(symptom, row)  # if two rows match, the first one is the more specific one
    causes = [_create_diagnosis(row, symptom) for symptom, row in found.items() if not row.consequence]
    consequences = [_create_diagnosis(row, symptom) for symptom, row in found.items() if row.consequence]
    unknown = [blocker for blocker in blockers if not any(_is_recognized(blocker, row) for row in found.values())]
    explained = _diagnose_blockers(unknown)
    wrong_hops = [_diagnose_stop(stop) for stop in stops if not stop.is_caused_by_pods][:MAX_STOPS]
    at_pods = [_diagnose_stop(stop) for stop in stops if stop.is_caused_by_pods][:MAX_STOPS]
    return (*wrong_hops, *causes, *explained, *at_pods, *consequences)[:MAX_DIAGNOSES]


def _diagnose_stop(stop: Stop) -> Diagnosis:
    return Diagnosis("a request does not arrive", str(stop), stop.finding.advice, "", _shorten(str(stop.finding)))


def _create_diagnosis(row: KnownFailure, symptom: Symptom) -> Diagnosis:
    seen = f"{symptom.subject}: {_shorten(symptom.text)}"
    return Diagnosis(row.name, row.cause, symptom.remedy or row.remedy, row.reference, seen)


def _is_recognized(blocker: Blocker, row: KnownFailure) -> bool:
    """Return whether a blocker is the known failure of a row."""
    symptom = Symptom("pod", blocker.pod, blocker.message)
    return row.find_symptom([symptom]) is not None


def _diagnose_blockers(blockers: Sequence[Blocker]) -> Iterator[Diagnosis]:
    """Yield one diagnosis for each explanation of blockers."""
    first_by_summary: dict[str, Blocker] = {}
    for blocker in blockers:
        first_by_summary.setdefault(blocker.explanation.summary, blocker)
    for summary, first in first_by_summary.items():
        others = sum(blocker.explanation.summary == summary for blocker in blockers) - 1
        more = f", and {others} more {'pods' if first.kind == 'pod' else 'workloads'}" if others else ""
        seen = _shorten(str(first)) + more
        name = "a pod does not become ready" if first.kind == "pod" else "pods are not created"
        yield Diagnosis(name, summary, first.explanation.remedy, "", seen)


def _split_lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines()]


def _shorten(text: str) -> str:
    return text if len(text) <= MAX_SEEN else f"{text[:MAX_SEEN]} …"
