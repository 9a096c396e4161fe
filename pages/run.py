"""The facts of a run, as they are gathered while it goes and as run.json keeps them; every page is made of these."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from lab.known_failures import Diagnosis
from lab.layers import LedgerRow
from lab.source import StandIn
from lab.versions import Comparison

FILE = "run.json"
Status = Literal["passed", "failed", "skipped", "not tried"]
STATUSES: tuple[Status, ...] = ("passed", "failed", "skipped", "not tried")


@dataclass
class Step:
    """A sentence of a scenario, and the rows of its table.

    Arguments:
        keyword, sentence: as the feature has them, with an example's values.
        table: the rows of the table below it.
        status: failed is at most one of a scenario; those after it are not tried.
        seconds: how long it took.
    """

    keyword: str
    sentence: str
    table: list[list[str]] = field(default_factory=list)
    status: Status = "not tried"
    seconds: float = 0


@dataclass
class Failure:
    """Why a scenario failed.

    Arguments:
        error: what was expected and what was seen.
        diagnoses: the known failures that were recognised.
        files: what was kept of it, relative to the run's folder.
    """

    error: str
    diagnoses: list[Diagnosis] = field(default_factory=list)
    files: list[str] = field(default_factory=list)


@dataclass
class Scenario:
    """A scenario, or one example of an outline.

    Arguments:
        test: pytest's name for it, by which it can be run again.
        keyword, name, description, tags: as the feature has them; tags without the feature's.
        file, line: where it is, relative to the project.
        example: the values of an outline's example, by the names of its columns.
        steps: those of the background first.
        status: how it ended.
        seconds: how long it took, with what was installed for it.
        reason: why it was skipped.
        failure: why it failed.
    """

    test: str
    keyword: str
    name: str
    description: str
    tags: list[str]
    file: str
    line: int
    example: dict[str, str]
    steps: list[Step]
    status: Status = "not tried"
    seconds: float = 0
    reason: str = ""
    failure: Failure | None = None


@dataclass
class Chapter:
    """A feature, and its scenarios in their order."""

    file: str
    name: str
    description: str
    tags: list[str]
    scenarios: list[Scenario] = field(default_factory=list)

    @property
    def counts(self) -> dict[Status, int]:
        """How many scenarios ended how, without what there is none of."""
        return counted(self.scenarios)

    @property
    def seconds(self) -> float:
        """How long it took."""
        return sum(scenario.seconds for scenario in self.scenarios)

    @property
    def status(self) -> Status:
        """The worst of its scenarios'; passed only where all are."""
        there = {scenario.status for scenario in self.scenarios}
        worst_first: tuple[Status, ...] = ("failed", "not tried", "skipped")
        return next((status for status in worst_first if status in there), "passed")


class _Fact(BaseModel):
    model_config = ConfigDict(frozen=True)


class Wait(_Fact):
    """Something that was awaited, and for how long in seconds."""

    what: str
    seconds: float


class Command(_Fact):
    """A program that was run.

    Arguments:
        command: as a person would type it.
        layer: the layer that it installed; empty where it was for none.
        begin: seconds after the run began.
        seconds: how long it took.
    """

    command: str
    layer: str
    begin: float
    seconds: float


class Applied(_Fact):
    """Objects that the suite applied through the API.

    Arguments:
        objects: as YAML.
        layer: the layer that they are of; empty where they are of none.
    """

    objects: str
    layer: str


class Run(_Fact):
    """A run.

    Arguments:
        result: how it ended, in words.
        exit_status: the same for a program.
        began: when.
        lab, release: which kind of lab, and which release of Kubeflow.
        settings: all that can be set, as it was.
        seconds, own_seconds: how long it took, and how much of that was neither a program nor a wait.
        peak_memory_bytes: of the lab and the suite; None where there was no lab.
        left_out: how many scenarios were not asked for, or do not apply.
        inapplicable: how many of them do not apply to this release, lab or manifests.
        chapters: what was tried.
        layers: what was done for each layer.
        waits: the slowest, slowest first.
        commands: all programs that were run, in the order of their begin.
        applied: what the suite applied through the API, in its order.
        stand_ins: what the lab has in others' seats.
        components: what was compared of their versions.
        inventory: what the kit consists of, if the lab has one.
        pictures: files of what a browser showed, relative to the run's folder.
        afterwards: what became of the lab.
    """

    result: str
    exit_status: int
    began: datetime
    lab: str
    release: str
    settings: dict[str, str]
    seconds: float
    own_seconds: float
    peak_memory_bytes: int | None
    left_out: int
    inapplicable: int = 0
    chapters: list[Chapter]
    layers: list[LedgerRow]
    waits: list[Wait]
    commands: list[Command]
    applied: list[Applied] = []
    stand_ins: list[StandIn]
    components: list[Comparison]
    inventory: list[dict[str, Any]]
    pictures: list[str]
    afterwards: str

    @property
    def counts(self) -> dict[Status, int]:
        """How many scenarios ended how, without what there is none of."""
        return counted(self.scenarios)

    @property
    def scenarios(self) -> list[Scenario]:
        """Those of all chapters."""
        return [scenario for chapter in self.chapters for scenario in chapter.scenarios]

    @property
    def failed(self) -> list[Scenario]:
        """Those that failed."""
        return [scenario for scenario in self.scenarios if scenario.status == "failed"]

    def save(self, folder: Path) -> None:
        """Writes it into the run's folder."""
        (folder / FILE).write_text(self.model_dump_json(indent=1))


def load(folder: Path) -> Run | None:
    """The run of a folder, or None where it has none."""
    try:
        return Run.model_validate_json((folder / FILE).read_text())
    except FileNotFoundError:
        return None


def counted(scenarios: Iterable[Scenario]) -> dict[Status, int]:
    """How many of them ended how, in an order that is always the same, without what there is none of."""
    counts = Counter(scenario.status for scenario in scenarios)
    return {status: counts[status] for status in STATUSES if counts[status]}
