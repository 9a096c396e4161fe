"""The rehearsals of releases, as docs/releases.md shows them: the facts of the last whole run of each release."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, TypeAdapter

from embedded.rehearsal.assignments import Status
from lab.config.locations import REF
from lab.host.memory import MemoryPeaks
from lab.k8s.images import full_reference
from lab.layers import table
from lab.layers.base import LedgerRow
from lab.layers.kubeflow import ACCEPTED, OBJECTS, ROUNDS
from lab.layers.kubeflow_readiness import PODS, READY_PODS
from lab.releases import Release
from pages.last_run import is_complete
from pages.run import Run

VERSION = re.compile(r"v?\d+\.\d+(\.\d+)?(?![\d.]*\d)")
"""A version in the name of an archive or directory."""
SHOWN_DIGITS = 12
"""The digits of commits and digests that are shown."""
DIGEST = re.compile(rf"(@sha256:[0-9a-f]{{{SHOWN_DIGITS}}})[0-9a-f]+$")


class _Fact(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ChangeFact(_Fact):
    """A change of the objects of the manifests before they are applied.

    Args:
        title: The change.
        reason: Why it is necessary.
        objects: The number of changed objects.
    """

    title: str
    reason: str
    objects: int


class ProgramFact(_Fact):
    """A program of the kit, or the generated stand-ins, and the containers that it runs in.

    Args:
        program: The program.
        status: One of embedded.rehearsal.assignments.Status.
        images: The images of the manifests in whose place it runs, without the hosts of registries.
        containers: The number of containers.
    """

    program: str
    status: str
    images: list[str]
    containers: int


class Rehearsal(_Fact):
    """The facts of a whole run that has installed manifests of a release with images of the kit.

    Args:
        day: The day.
        manifests: The tag, the branch or the commit of the manifests; otherwise the name of the archive or directory.
        kubernetes: The version of Kubernetes.
        objects: The number of objects.
        accepted: The number of those that the API server accepted.
        rounds: The number of rounds of applying.
        pods: The number of pods of Kubeflow that must be ready.
        ready_pods: The number of those that were ready when Kubeflow was.
        counts: The number of scenarios by status.
        failed: The names of the scenarios that have failed.
        skipped: The number of skipped scenarios by reason.
        seconds: The duration.
        memory: The highest memory; None if it could not be measured.
        changes: The changes of the objects before they were applied.
        programs: The programs in the containers.
    """

    day: date
    manifests: str
    kubernetes: str
    objects: int
    accepted: int
    rounds: int
    pods: int
    ready_pods: int
    counts: dict[str, int]
    failed: list[str]
    skipped: dict[str, int]
    seconds: float
    memory: MemoryPeaks | None
    changes: list[ChangeFact]
    programs: list[ProgramFact]

    @classmethod
    def from_run(cls, run: Run, features: Iterable[str], release: Release, kubernetes: str) -> Rehearsal | None:
        """Return the facts of a run, or None if it was no whole rehearsal.

        Args:
            run: The run.
            features: The files of all features, relative to the project.
            release: The release of the run.
            kubernetes: The version of Kubernetes in the kit of the release.
        """
        applied, ready = (_get_counts(run.layers, spec.name) for spec in (table.KUBEFLOW, table.KUBEFLOW_READINESS))
        if not (run.containers and applied and ready and is_complete(run, features)):
            return None
        return cls(
            day=run.began.date(),
            manifests=name_manifests(run.settings.get("manifests", ""), release),
            kubernetes=kubernetes,
            objects=applied[OBJECTS],
            accepted=applied[ACCEPTED],
            rounds=applied[ROUNDS],
            pods=ready[PODS],
            ready_pods=ready[READY_PODS],
            counts={str(status): number for status, number in run.counts.items()},
            failed=[scenario.name for scenario in run.failed],
            skipped=dict(Counter(scenario.reason for scenario in run.scenarios if scenario.status == "skipped")),
            seconds=round(run.seconds),
            memory=run.memory,
            changes=[
                ChangeFact(title=change.title, reason=change.reason, objects=len(change.objects))
                for change in run.changes
            ],
            programs=list(_list_programs(run)),
        )

    @property
    def containers(self) -> dict[str, int]:
        """The number of containers by the status of their program."""
        total = Counter[str]()
        for program in self.programs:
            total[program.status] += program.containers
        return dict(total)

    @property
    def replaced(self) -> list[str]:
        """The images for which stand-ins run, because the kit does not have the program."""
        stand_ins = [program for program in self.programs if program.status == Status.STAND_IN]
        return sorted(image for program in stand_ins for image in program.images)


_FILE = TypeAdapter(dict[str, Rehearsal])


def load(file: Path) -> dict[str, Rehearsal]:
    """Return the rehearsals that a file contains, by release; none if there is no such file."""
    return _FILE.validate_json(file.read_text()) if file.exists() else {}


def save(rehearsals: Mapping[str, Rehearsal], file: Path) -> None:
    """Write rehearsals into a file, ordered by the names of their releases."""
    content = _FILE.dump_python(dict(rehearsals), mode="json")
    file.write_text(json.dumps(dict(sorted(content.items())), indent=1, ensure_ascii=False) + "\n")


def name_manifests(given: str, release: Release) -> str:
    """Return the tag, branch or commit of manifests, without a path of the machine and without a host.

    Args:
        given: The setting `manifests`; empty for the pinned manifests of the release.
        release: The release.
    """
    if not given:
        return release.manifests.commit[:SHOWN_DIGITS]
    location, _, ref = given.partition(REF)
    name = Path(urlsplit(location).path.rstrip("/")).name
    if ref:
        return ref
    version = VERSION.search(name)
    return version[0] if version else name


def _get_counts(rows: Iterable[LedgerRow], layer: str) -> dict[str, int]:
    return next((row.counts for row in rows if row.layer == layer), {})


def _list_programs(run: Run) -> Iterator[ProgramFact]:
    """Yield the programs of a rehearsal, those of one status after another."""
    found = sorted({(container.status, container.implemented_by) for container in run.containers})
    for status, program in found:
        rows = [row for row in run.containers if (row.status, row.implemented_by) == (status, program)]
        images = sorted({_shorten(row.image) for row in rows})
        yield ProgramFact(program=program, status=status, images=images, containers=len(rows))


def _shorten(image: str) -> str:
    """Return the reference of an image without the host of its registry, and with the begin of its digest."""
    return DIGEST.sub(r"\1", full_reference(image).partition("/")[2].removeprefix("library/"))
