"""What the tutorial keeps of the last run that built a whole lab: how it went, and what was done for each layer."""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from collections.abc import Iterable
from datetime import date
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from pages.run import STATUSES, Run, Status

PLACES = (
    (re.compile(r"(?<![^\s=])/\S*/kubeflow-lab/lab/home/(?:manifests/)?"), ""),
    (re.compile(r"(?<![\w.-])(?:docker\.io|quay\.io|registry\.k8s\.io|gcr\.io|ghcr\.io)/"), ""),
)
"""What is of one machine, or of one lab's source, in a command, and what stands for it."""
LONG = 400
"""Characters of a command that are kept; the names of fifty images tell nobody anything."""


class _Fact(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ChapterResult(_Fact):
    """How a chapter went: how many scenarios ended how, and how long it took, in seconds."""

    name: str
    counts: dict[Status, int]
    seconds: float


class LastRun(_Fact):
    """A run that built a whole lab.

    Arguments:
        day: when.
        lab, release: which kind of lab, and which release of Kubeflow.
        result: how it ended, in words.
        seconds: how long it took.
        chapters: how each of them went, by the feature's file.
        commands: what was typed to install each layer, without what is of one machine.
        objects: what was applied for each layer through the API, as YAML.
    """

    day: date
    lab: str
    release: str
    result: str
    seconds: float
    chapters: dict[str, ChapterResult]
    commands: dict[str, list[str]]
    objects: dict[str, str]

    @property
    def counts(self) -> dict[Status, int]:
        """How many scenarios of all chapters ended how."""
        total = sum((Counter(chapter.counts) for chapter in self.chapters.values()), Counter[Status]())
        return {status: total[status] for status in STATUSES if total[status]}


def of(run: Run, features: Iterable[str]) -> LastRun | None:
    """What is kept of a run; None where it did not try all that applies, or did not install all layers itself.

    Arguments:
        run: its facts.
        features: all files of features.
    """
    tried = {chapter.file for chapter in run.chapters}
    installed = bool(run.layers) and all(row.outcome == "installed" for row in run.layers)
    if run.left_out > run.inapplicable or tried != set(features) or not installed:
        return None
    return LastRun(
        day=run.began.date(),
        lab=run.lab,
        release=run.release,
        result=run.result,
        seconds=round(run.seconds),
        chapters={
            chapter.file: ChapterResult(name=chapter.name, counts=chapter.counts, seconds=round(chapter.seconds, 1))
            for chapter in run.chapters
        },
        commands={row.layer: _commands(run, row.layer) for row in run.layers},
        objects={one.layer: _objects(run, one.layer) for one in run.applied if one.layer},
    )


def load(file: Path) -> LastRun | None:
    """The one that is kept in a file, or None."""
    return LastRun.model_validate_json(file.read_text()) if file.exists() else None


def _commands(run: Run, layer: str) -> list[str]:
    """The commands of a layer in their order, each once: some are repeated until all is well."""
    return list(dict.fromkeys(_anywhere(one.command) for one in run.commands if one.layer == layer))


def _objects(run: Run, layer: str) -> str:
    return "---\n".join(one.objects for one in run.applied if one.layer == layer)


def _anywhere(command: str) -> str:
    for place, stands_for_it in PLACES:
        command = place.sub(stands_for_it, command)
    return textwrap.shorten(command, LONG, placeholder=" …") if len(command) > LONG else command
