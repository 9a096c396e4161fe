"""The journal of a run: the programs it ran, its waits and the objects it applied, each with begin and end.

The time that the suite itself takes, and its slowest waits, are computed from the journal.
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
    """One program, one wait, or one application of objects.

    Args:
        kind: The kind of the entry.
        text: The command line, the awaited state, or the objects as YAML.
        begin: Seconds of the monotonic clock.
        end: Seconds of the monotonic clock.
        layer: The layer of the installation that it belongs to; empty if it belongs to none.
    """

    kind: Kind
    text: str
    begin: float
    end: float
    layer: str = ""

    @property
    def seconds(self) -> float:
        """The duration in seconds."""
        return self.end - self.begin


@dataclass
class Journal:
    """The entries of one run, ordered by their end.

    Args:
        entries: The entries.
        begin: When the run began, in seconds of the monotonic clock.
    """

    entries: list[Entry] = field(default_factory=list)
    begin: float = field(default_factory=time.monotonic)

    @contextmanager
    def record(self, kind: Kind, text: str) -> Iterator[None]:
        """Add an entry for the duration of the block, also if the block raises."""
        begin = time.monotonic()
        try:
            yield
        finally:
            self.entries.append(Entry(kind, text, begin, time.monotonic(), _LAYER.get()))

    @contextmanager
    def for_layer(self, name: str) -> Iterator[None]:
        """Assign the entries that this thread adds in the block to a layer; layers are installed in parallel."""
        token = _LAYER.set(name)
        try:
            yield
        finally:
            _LAYER.reset(token)

    def busy_seconds(self, begin: float, end: float) -> float:
        """Return the seconds between begin and end that any entry covers; overlapping entries count once."""
        total, covered_until = 0.0, begin
        for entry in sorted(self.entries, key=lambda entry: entry.begin):
            start, stop = max(entry.begin, covered_until), min(entry.end, end)
            if stop > start:
                total, covered_until = total + stop - start, stop
        return total

    def slowest(self, kind: Kind, count: int) -> list[Entry]:
        """Return the longest entries of a kind, longest first."""
        entries = [entry for entry in self.entries if entry.kind == kind]
        return sorted(entries, key=lambda entry: -entry.seconds)[:count]
