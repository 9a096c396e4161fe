"""The facts of a run, as they are saved in run.json. All pages are rendered from them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from lab.config.source import StandIn
from lab.evidence.known_failures import Diagnosis
from lab.host.memory import MemoryPeaks
from lab.k8s.versions import Comparison
from lab.layers.base import LedgerRow
from lab.rehearsal import Change, ContainerRow

FILE = "run.json"
Status = Literal["passed", "failed", "skipped", "not run"]
STATUSES: tuple[Status, ...] = ("passed", "failed", "skipped", "not run")


@dataclass
class Step:
    """A step of a scenario.

    Args:
        keyword: The keyword, as in the feature.
        sentence: The text, with the values of the Examples row.
        table: The rows of the table below it.
        status: The status; at most one step of a scenario has failed, and the steps after it are not run.
        seconds: The duration.
    """

    keyword: str
    sentence: str
    table: list[list[str]] = field(default_factory=list)
    status: Status = "not run"
    seconds: float = 0


@dataclass
class Failure:
    """The failure of a scenario.

    Args:
        error: The text of the error.
        diagnoses: The known failures that were recognized.
        files: The evidence, as paths relative to the directory of the run.
        error_type: The name of the error's class.
        headline: The first line of the error, which states what failed.
        seen: The observed state; empty if the error is no LabError.
        remedy: What to do; empty if the error is no LabError.
    """

    error: str
    diagnoses: list[Diagnosis] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    error_type: str = ""
    headline: str = ""
    seen: str = ""
    remedy: str = ""


@dataclass
class Scenario:
    """A scenario, or one Examples row of a scenario outline.

    Args:
        test: The node ID of its test, with which pytest can run it again.
        keyword: The keyword, as in the feature.
        name: The name, with the values of the Examples row.
        description: The description, as in the feature.
        tags: Its own tags, without those of the feature.
        file: The feature, relative to the project.
        line: The line of the scenario in the feature.
        example: The Examples row, by column.
        steps: The steps, those of the background first.
        status: The status.
        seconds: The duration, including the installation of the layers that it needs.
        reason: The reason why it was skipped.
        failure: The failure, or None.
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
    status: Status = "not run"
    seconds: float = 0
    reason: str = ""
    failure: Failure | None = None


@dataclass
class Chapter:
    """A feature and its scenarios.

    Args:
        file: The feature, relative to the project.
        name: The name.
        description: The description.
        tags: The tags.
        scenarios: The selected scenarios, in their order.
    """

    file: str
    name: str
    description: str
    tags: list[str]
    scenarios: list[Scenario] = field(default_factory=list)

    @property
    def counts(self) -> dict[Status, int]:
        """The number of scenarios by status, without statuses that no scenario has."""
        return count_by_status(self.scenarios)

    @property
    def seconds(self) -> float:
        """The duration of all scenarios."""
        return sum(scenario.seconds for scenario in self.scenarios)

    @property
    def status(self) -> Status:
        """The worst status of its scenarios."""
        statuses = {scenario.status for scenario in self.scenarios}
        worst_first: tuple[Status, ...] = ("failed", "not run", "skipped")
        return next((status for status in worst_first if status in statuses), "passed")


class _Fact(BaseModel):
    model_config = ConfigDict(frozen=True)


class Wait(_Fact):
    """A wait.

    Args:
        waiting_for: The awaited state.
        seconds: The duration.
    """

    waiting_for: str
    seconds: float


class Command(_Fact):
    """A program that was run.

    Args:
        command: The command line, as a user would type it.
        layer: The layer that it has installed; empty if it belongs to none.
        begin: Seconds since the begin of the run.
        seconds: The duration.
    """

    command: str
    layer: str
    begin: float
    seconds: float


class Applied(_Fact):
    """Objects that the suite has applied through the Kubernetes API.

    Args:
        objects: The objects as YAML.
        layer: The layer that they belong to; empty if they belong to none.
    """

    objects: str
    layer: str


class Run(_Fact):
    """A run.

    Args:
        result: The result, in words.
        exit_status: The exit status.
        began: The begin.
        lab: The kind of lab.
        release: The Kubeflow release.
        settings: The values of all settings.
        seconds: The duration.
        own_seconds: The part of the duration without programs and waits.
        deselected: The number of deselected scenarios.
        inapplicable: The number of those that do not apply to this release, lab or manifests.
        chapters: The selected chapters.
        layers: The results of the layers.
        waits: The slowest waits, slowest first.
        commands: All programs that were run, ordered by their begin.
        applied: The objects that the suite has applied through the Kubernetes API, in their order.
        notes: What is not as in the tutorial, and no failure.
        stand_ins: The stand-ins of the lab.
        changes: The changes of a rehearsal to the objects of the manifests.
        containers: The containers of rehearsed manifests, and the program in each.
        components: The compared versions of the components.
        inventory: The inventory of the kit; empty if the lab has none.
        memory: The highest memory of the lab and of the suite; None if the lab is not the suite's own.
        pictures: The screenshots, as paths relative to the directory of the run.
        afterwards: Whether the lab was removed or kept, in words.
    """

    result: str
    exit_status: int
    began: datetime
    lab: str
    release: str
    settings: dict[str, str]
    seconds: float
    own_seconds: float
    deselected: int
    inapplicable: int = 0
    chapters: list[Chapter]
    layers: list[LedgerRow]
    waits: list[Wait]
    commands: list[Command]
    applied: list[Applied] = []
    notes: list[str] = []
    stand_ins: list[StandIn]
    changes: list[Change] = []
    containers: list[ContainerRow] = []
    components: list[Comparison]
    inventory: list[dict[str, Any]]
    memory: MemoryPeaks | None = None
    pictures: list[str]
    afterwards: str

    @property
    def counts(self) -> dict[Status, int]:
        """The number of scenarios by status, without statuses that no scenario has."""
        return count_by_status(self.scenarios)

    @property
    def scenarios(self) -> list[Scenario]:
        """The scenarios of all chapters."""
        return [scenario for chapter in self.chapters for scenario in chapter.scenarios]

    @property
    def programs(self) -> dict[str, int]:
        """The number of containers of rehearsed manifests by the status of their program."""
        return dict(Counter(container.status for container in self.containers))

    @property
    def failed(self) -> list[Scenario]:
        """The scenarios that have failed."""
        return [scenario for scenario in self.scenarios if scenario.status == "failed"]

    def save(self, directory: Path) -> None:
        """Write the facts into the directory of the run."""
        (directory / FILE).write_text(self.model_dump_json(indent=1))


def load(directory: Path) -> Run | None:
    """Return the facts of the run in a directory, or None if there are none, or if another version wrote them."""
    try:
        return Run.model_validate_json((directory / FILE).read_text())
    except (FileNotFoundError, ValidationError):
        return None


def count_by_status(scenarios: Iterable[Scenario]) -> dict[Status, int]:
    """Return the number of scenarios by status, in a fixed order, without statuses that no scenario has."""
    counts = Counter(scenario.status for scenario in scenarios)
    return {status: counts[status] for status in STATUSES if counts[status]}
