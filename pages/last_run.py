"""The last run that installed a complete lab, as the tutorial shows it: results, commands and objects of each layer."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from datetime import date
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from lab.layers import table
from pages.run import STATUSES, Run, Status

MACHINE_PATH = re.compile(r"(?<![^\s=])/\S*/kubeflow-lab/lab[\w-]*/home/(?:manifests/)?")
"""The directories of one machine in a command; the suite runs kustomize outside the directory of the manifests."""
REGISTRY = re.compile(r"(?<![\w.-])(?:docker\.io|quay\.io|registry\.k8s\.io|gcr\.io|ghcr\.io)/")

READINESS = {layer.name for layer in (table.CLUSTER_READINESS, table.METALLB_READINESS, table.KUBEFLOW_READINESS)}
"""The layers that only wait; they may be ready already when they are inspected."""


class _Fact(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ChapterResult(_Fact):
    """The result of a chapter.

    Args:
        name: Its name.
        counts: The number of its scenarios by status.
        seconds: The duration.
    """

    name: str
    counts: dict[Status, int]
    seconds: float


class LastRun(_Fact):
    """A run that installed a complete lab.

    Args:
        day: The day.
        lab: The kind of lab.
        release: The Kubeflow release.
        result: The result, in words.
        seconds: The duration.
        chapters: The results of the chapters, by feature file.
        commands: The commands of each layer, without paths of the machine.
        objects: The objects of each layer that were applied through the Kubernetes API, as YAML.
    """

    day: date
    lab: str
    release: str
    result: str
    seconds: float
    chapters: dict[str, ChapterResult]
    commands: dict[str, list[str]]
    objects: dict[str, str]

    @classmethod
    def from_run(cls, run: Run, features: Iterable[str]) -> LastRun | None:
        """Return the facts of a run, or None if it is not complete.

        Args:
            run: The run.
            features: The files of all features, relative to the project.
        """
        if not is_complete(run, features):
            return None
        return cls(
            day=run.began.date(),
            lab=run.lab,
            release=run.release,
            result=run.result,
            seconds=round(run.seconds),
            chapters={
                chapter.file: ChapterResult(name=chapter.name, counts=chapter.counts, seconds=round(chapter.seconds, 1))
                for chapter in run.chapters
            },
            commands={row.layer: _list_commands(run, row.layer) for row in run.layers},
            objects={applied.layer: _join_objects(run, applied.layer) for applied in run.applied if applied.layer},
        )

    @property
    def counts(self) -> dict[Status, int]:
        """The number of scenarios of all chapters, by status."""
        total = sum((Counter(chapter.counts) for chapter in self.chapters.values()), Counter[Status]())
        return {status: total[status] for status in STATUSES if total[status]}


def is_complete(run: Run, features: Iterable[str]) -> bool:
    """Return whether a run has selected all applicable scenarios and installed all layers.

    Args:
        run: The run.
        features: The files of all features, relative to the project.
    """
    selected = {chapter.file for chapter in run.chapters}
    changing = [row for row in run.layers if row.layer not in READINESS]
    installed = bool(changing) and all(row.status == "installed" for row in changing)
    return run.deselected <= run.inapplicable and selected == set(features) and installed


def load(file: Path) -> LastRun | None:
    """Return the last run that a file contains, or None if there is no such file."""
    return LastRun.model_validate_json(file.read_text()) if file.exists() else None


def _list_commands(run: Run, layer: str) -> list[str]:
    """Return the commands of a layer in their order, each once: some are repeated until they succeed."""
    commands = [command.command for command in run.commands if command.layer == layer]
    return list(dict.fromkeys(REGISTRY.sub("", MACHINE_PATH.sub("", command)) for command in commands))


def _join_objects(run: Run, layer: str) -> str:
    return "---\n".join(applied.objects for applied in run.applied if applied.layer == layer)
