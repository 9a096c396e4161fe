"""Telling obstacles that stay from those that pass by themselves."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from lab.obstacles import Obstacle


@dataclass
class _Standing:
    first: Obstacle
    since: float
    last: float


class Patience:
    """Remembers since when each obstacle is there.

    One that is gone for a moment has not passed: a container that keeps crashing runs between two crashes. It has
    passed when its pod was ready, or when it was not seen for as long as patience lasts.

    Arguments:
        seconds: how long an obstacle may stay.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._standing: dict[tuple[str, str, str], _Standing] = {}

    def exhausted(self, there: Iterable[Obstacle], ready: Collection[str], now: float) -> list[Obstacle]:
        """All obstacles that are there now, once one of them has stayed for too long; until then none.

        They are as they were first told, oldest first.

        Arguments:
            there: all that are there now.
            ready: pods that are ready now, as NAMESPACE/NAME.
            now: seconds of a clock that never goes back.
        """
        self._standing = {
            key: standing
            for key, standing in self._standing.items()
            if key[0] not in ready and now - standing.last <= self.seconds
        }
        found = []
        for one in there:
            key = (one.pod, one.subject, one.meaning.what)
            standing = self._standing.setdefault(key, _Standing(one, now, now))
            standing.last = now
            found.append(standing)
        found.sort(key=lambda standing: standing.since)
        return [standing.first for standing in found] if found and now - found[0].since >= self.seconds else []
