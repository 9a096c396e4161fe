"""What a run spent its time on: programs it ran, waits, and objects it applied, each with its begin and end.

The suite promises how much of a run is its own work, and names its slowest waits: both are read from here.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["program", "wait", "objects"]
_LAYER: ContextVar[str] = ContextVar("layer", default="")


@dataclass(frozen=True)
class Entry:
    """One program, one wait, or the application of some objects.

    Arguments:
        kind: which of the three.
        what: the command line, what was awaited, or the objects as YAML.
        begin, end: in seconds of the monotonic clock.
        layer: the layer of the installation that it was for; empty where it was for none.
    """

    kind: Kind
    what: str
    begin: float
    end: float
    layer: str = ""

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.end - self.begin


@dataclass
class Journal:
    """The entries of one run, in the order in which they ended."""

    entries: list[Entry] = field(default_factory=list)

    @contextmanager
    def entry(self, kind: Kind, what: str) -> Iterator[None]:
        """Writes an entry for the time that the block takes, also when it raises."""
        begin = time.monotonic()
        try:
            yield
        finally:
            self.entries.append(Entry(kind, what, begin, time.monotonic(), _LAYER.get()))

    @contextmanager
    def of_layer(self, name: str) -> Iterator[None]:
        """Notes with what this thread does in the block that it is for a layer; others may be at work beside it."""
        outside = _LAYER.set(name)
        try:
            yield
        finally:
            _LAYER.reset(outside)

    def covered(self, begin: float, end: float) -> float:
        """Seconds between begin and end in which any entry was under way, overlaps counted once."""
        total, reached = 0.0, begin
        for entry in sorted(self.entries, key=lambda entry: entry.begin):
            start, stop = max(entry.begin, reached), min(entry.end, end)
            if stop > start:
                total, reached = total + stop - start, stop
        return total

    def slowest(self, kind: Kind, count: int) -> list[Entry]:
        """The longest entries of a kind, longest first."""
        return sorted((e for e in self.entries if e.kind == kind), key=lambda e: -e.seconds)[:count]


JOURNAL = Journal()
"""The journal of this process: programs and waits write to it wherever they are called from."""
