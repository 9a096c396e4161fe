"""The base of all layers: each is inspected before it is changed, and recorded in the run's ledger."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeVar

from lab.context import Lab
from lab.errors import LabError
from lab.host.disk import report_full_disk
from lab.run.background import CancelledError

LayerStatus = Literal["installed", "found", "misconfigured", "failed", "cancelled"]


class Layer(Protocol):
    """One layer of the installation.

    A layer whose name ends with "readiness" waits for what another layer has installed; its install() only waits. A
    layer that counts something has the attribute `counts` with the numbers by name, for the ledger.
    """

    name: str

    def problem(self) -> str | None:
        """Return what is missing or misconfigured, or None.

        Raises:
            LabError: If something exists that must not be changed, because it may belong to another user.
        """

    def install(self) -> None:
        """Install what is missing, correct what is misconfigured, and wait until the layer is ready."""


@dataclass
class LedgerRow:
    """The result of one layer.

    Args:
        layer: The name of the layer.
        status: The result.
        seconds: The duration of inspection and installation.
        reason: What was missing or misconfigured; empty if nothing was.
        counts: The numbers that the layer has counted, by name; empty if it counts nothing.
    """

    layer: str
    status: LayerStatus
    seconds: float = 0
    reason: str = ""
    counts: dict[str, int] = field(default_factory=dict)


@dataclass
class Ledger:
    """The results of the layers of a run, in the order in which they were started."""

    rows: list[LedgerRow] = field(default_factory=list)


AnyLayer = TypeVar("AnyLayer", bound=Layer)


def ensure(layer: AnyLayer, lab: Lab, ledger: Ledger, *, installs: bool) -> AnyLayer:
    """Install a layer unless it is right already, and return it.

    Args:
        layer: The layer.
        lab: The lab, whose journal assigns programs and waits to the layer.
        ledger: Receives the result.
        installs: Whether the layer may be installed; otherwise a layer with a problem is returned as it is, and its
            feature reports the problem.

    Raises:
        LabError: If the layer cannot be installed; its attribute `layer` is the layer's name.
    """
    row = LedgerRow(layer.name, "failed")
    ledger.rows.append(row)
    begin = time.monotonic()
    try:
        with lab.journal.for_layer(layer.name), report_full_disk(lab.paths.lab):
            row.reason = layer.problem() or ""
            if row.reason and installs:
                layer.install()
                row.status = "installed"
            else:
                row.status = "misconfigured" if row.reason else "found"
            if installs:
                row.counts = dict(getattr(layer, "counts", {}))
    except LabError as error:
        error.layer = error.layer or layer.name  # it may be the error of another layer that this one has waited for
        raise
    except CancelledError:
        row.status = "cancelled"
        raise
    finally:
        row.seconds = time.monotonic() - begin
    return layer
