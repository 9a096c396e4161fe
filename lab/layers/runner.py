"""The installation of the layers: each starts in the background as soon as the layers that it needs are installed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from lab.context import Lab
from lab.layers.base import AnyLayer, Ledger, ensure
from lab.run.background import BackgroundTask

Handle = TypeVar("Handle")


@dataclass(frozen=True, eq=False)
class Preparation(Generic[Handle]):
    """The declaration of work that layers need, such as the build of the manifests.

    Args:
        name: The name of the layer or of the preparation.
        chapter: The tag of the chapter that verifies it. It is started if this chapter or a later one is selected.
        needs: The layers and preparations that must have ended before it starts.
        create: Does the work and returns its result; for a layer, only creates the layer.
        only_for: A tag; without a selected scenario that has this tag, it starts only on request. Empty: always.
        on_request: Whether it starts only on request: of another layer, by Installation.start, or of a fixture.
        applies: Whether it exists in a lab.
    """

    name: str
    chapter: str
    needs: tuple[Preparation[Any], ...]
    create: Callable[[Installation], Handle]
    only_for: str = ""
    on_request: bool = False
    applies: Callable[[Lab], bool] = lambda lab: True

    def run(self, installation: Installation) -> Handle:
        """Do the work, and return its result."""
        return self.create(installation)


@dataclass(frozen=True, eq=False)
class LayerSpec(Preparation[AnyLayer]):
    """The declaration of a layer, which is inspected and, if necessary, installed; see Preparation.

    Args:
        is_local: Whether it belongs to the suite and not to the lab, so that it is also installed for an existing
            cluster, which is only verified.
    """

    is_local: bool = False

    def run(self, installation: Installation) -> AnyLayer:
        """Install the layer unless it is right already, and return it."""
        settings = installation.lab.settings
        installs = settings.installs or (self.is_local and not settings.kind.is_installed)
        return ensure(self.create(installation), installation.lab, installation.ledger, installs=installs)


class Installation:
    """The installation of one lab.

    Args:
        lab: The lab.
        table: The layers and preparations in the order of the tutorial.
        tags: The tags of the selected scenarios.
        ledger: Receives the result of each layer.
    """

    def __init__(self, lab: Lab, table: Sequence[Preparation[Any]], tags: Collection[str], ledger: Ledger) -> None:
        self.lab, self.ledger = lab, ledger
        self._table = [spec for spec in table if spec.applies(lab)]
        self._tags = tags
        self._tasks: dict[Preparation[Any], BackgroundTask[Any]] = {}
        self._lock = threading.RLock()  # layers start other layers from their own threads

    def get(self, spec: Preparation[Handle]) -> Handle:
        """Return a layer when it and all layers above it in the table that were started are installed.

        So the first layer that fails, in the order of the tutorial, reports its error.

        Raises:
            LabError: If one of them cannot be installed.
        """
        self.start_selected()
        for above in self._table[: self._table.index(spec)]:
            if isinstance(above, LayerSpec) and self.is_started(above):
                self._tasks[above].result()
        return self.wait_for(spec)

    def wait_for(self, spec: Preparation[Handle]) -> Handle:
        """Return a layer when it is installed; start it unless it was started before.

        Raises:
            LabError: If it cannot be installed.
        """
        return self.start(spec).result()

    def start_selected(self) -> None:
        """Start the layers of all chapters up to the last selected one; each waits for the layers that it needs."""
        for spec in self._table:
            if self.selects(spec):
                self.start(spec)

    def selects(self, spec: Preparation[Any]) -> bool:
        """Return whether a layer is started because scenarios of its chapter or of a later one are selected."""
        chapters = list(dict.fromkeys(spec.chapter for spec in self._table))
        last = max((position for position, chapter in enumerate(chapters) if chapter in self._tags), default=-1)
        is_selected = chapters.index(spec.chapter) <= last and (not spec.only_for or spec.only_for in self._tags)
        return is_selected and not spec.on_request

    def start(self, spec: Preparation[Handle]) -> BackgroundTask[Handle]:
        """Start a layer and the layers that it needs in the background, unless they were started before."""
        with self._lock:
            if spec not in self._tasks:
                needs = [self.start(need) for need in spec.needs if need in self._table]
                self._tasks[spec] = BackgroundTask(lambda: self._run(spec, needs))
            return self._tasks[spec]

    def is_started(self, spec: Preparation[Any]) -> bool:
        """Return whether a layer was started."""
        return spec in self._tasks

    def close(self) -> None:
        """Cancel everything that still runs; a layer that needs a cancelled layer ends with it."""
        for task in list(self._tasks.values()):
            task.cancel()

    def _run(self, spec: Preparation[Handle], needs: Sequence[BackgroundTask[Any]]) -> Handle:
        for need in needs:
            need.result()
        return spec.run(self)
