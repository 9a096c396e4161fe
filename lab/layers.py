"""A layer of the installation: looked at before it is acted on, and entered into the ledger of the run."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeVar

from lab import folders
from lab.beside import UnwantedError, Work, beside
from lab.errors import LabError
from lab.journal import JOURNAL
from lab.space import told_when_full

Outcome = Literal["installed", "found", "not right", "failed", "given up"]


class Layer(Protocol):
    """One layer, over the one below."""

    name: str

    def wrong(self) -> str | None:
        """What is missing or not as it must be, in words; None when all is right.

        Raises LabError when it is there and wrong in a way that must not be changed.
        """

    def install(self) -> None:
        """Makes it right, whatever of it is there already, and waits until it is ready."""


@dataclass
class LedgerRow:
    """What was done for one layer."""

    layer: str
    outcome: Outcome
    seconds: float = 0
    reason: str = ""


@dataclass
class Ledger:
    """What was done for each layer of a run, in order."""

    rows: list[LedgerRow] = field(default_factory=list)


AnyLayer = TypeVar("AnyLayer", bound=Layer)


@contextmanager
def standing(layer: AnyLayer, installs: bool, ledger: Ledger) -> Iterator[AnyLayer]:
    """Gives a layer that stands: found right, or installed now.

    Where nothing is to be installed, a layer that is not right is given as it is, for the features to tell.

    Raises LabError, with the layer's name, when it cannot be installed.
    """
    row = LedgerRow(layer.name, "failed")
    ledger.rows.append(row)
    begin = time.monotonic()
    try:
        with JOURNAL.of_layer(layer.name), told_when_full(folders.lab()):
            row.reason = layer.wrong() or ""
            if row.reason and installs:
                layer.install()
                row.outcome = "installed"
            else:
                row.outcome = "not right" if row.reason else "found"
    except LabError as error:
        error.layer = error.layer or layer.name  # it may be that of a layer which this one has waited for
        raise
    except UnwantedError:
        row.outcome = "given up"
        raise
    finally:
        row.seconds = time.monotonic() - begin
    yield layer


@contextmanager
def coming(layer: Callable[[], AnyLayer], installs: bool, ledger: Ledger) -> Iterator[Work[AnyLayer]]:
    """Begins to have a layer stand, beside all else.

    Arguments:
        layer: makes it, once that is there which it stands on, which may be on its way, too.
    """

    def come() -> AnyLayer:
        with standing(layer(), installs, ledger) as there:
            return there

    with beside(come) as work:
        yield work
