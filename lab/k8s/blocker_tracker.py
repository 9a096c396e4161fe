"""Distinguishing blockers that last from those that disappear by themselves."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from lab.k8s.blockers import Blocker

PATIENCE = 20.0
"""Seconds for which a blocker must last: a pod that crashes while the services that it needs still start recovers."""

WEBHOOK_TIMEOUT = 30.0
"""Seconds for which the API server waits for a webhook at most, as the field timeoutSeconds of a webhook limits it."""


@dataclass
class _Track:
    """A blocker as it was first reported, and the times of its first and its last report."""

    blocker: Blocker
    first_seen: float
    last_seen: float


class BlockerTracker:
    """Remembers how long each blocker has existed.

    A blocker that is absent for a moment still counts: a container that keeps crashing runs between two crashes. It no
    longer counts when its pod was ready, or when it was absent for longer than the patience.

    Args:
        patience: Seconds for which a blocker may last.
    """

    def __init__(self, patience: float) -> None:
        self.patience = patience
        self._tracks: dict[tuple[str, str, str], _Track] = {}

    def update(self, blockers: Iterable[Blocker], ready: Collection[str], now: float) -> list[Blocker]:
        """Record the present blockers, and return all of them if one has lasted too long; otherwise return none.

        Args:
            blockers: The present blockers.
            ready: NAMESPACE/NAME of the pods that are ready.
            now: Seconds of a monotonic clock.

        Returns:
            The present blockers as they were first reported, oldest first; or an empty list.
        """
        self._tracks = {
            key: track
            for key, track in self._tracks.items()
            if track.blocker.pod not in ready and now - track.last_seen <= self.patience
        }
        present = [self._record(blocker, now) for blocker in blockers]
        present.sort(key=lambda track: track.first_seen)
        has_lasted = bool(present) and now - present[0].first_seen >= self.patience
        return [track.blocker for track in present] if has_lasted else []

    def bridge_gap(self, now: float) -> None:
        """Count all known blockers as present until now, after a time without any observation.

        Args:
            now: Seconds of a monotonic clock.
        """
        for track in self._tracks.values():
            track.last_seen = now

    def _record(self, blocker: Blocker, now: float) -> _Track:
        key = (blocker.pod, blocker.subject, blocker.explanation.topic or blocker.explanation.summary)
        track = self._tracks.setdefault(key, _Track(blocker, now, now))
        track.last_seen = now
        return track


class RejectionTracker:
    """Distinguishes a webhook that does not answer from one that was starting when a pod was rejected.

    While the pod of a webhook starts, controllers try to create pods, each time after a longer pause. An attempt that
    began before the webhook was ready can still fail by its timeout afterwards. A rejection therefore lasts only if a
    further attempt has failed later than that after everything else had become ready.

    Args:
        timeout: Seconds for which an attempt waits for a webhook at most.
    """

    def __init__(self, timeout: float) -> None:
        self.timeout = timeout
        self._settled_at: float | None = None
        self._last_attempts: dict[str, str] = {}

    def update(self, is_settled: bool, now: float) -> None:
        """Record whether everything is ready apart from the workloads whose pods are rejected.

        Args:
            is_settled: Whether that is the case.
            now: Seconds of a monotonic clock.
        """
        if not is_settled:
            self._settled_at = None
            self._last_attempts.clear()
        elif self._settled_at is None:
            self._settled_at = now

    def is_lasting(self, blocker: Blocker, now: float) -> bool:
        """Return whether the rejection has been repeated since all else was ready.

        Args:
            blocker: The blocker of a workload, with the time of the last attempt to create a pod.
            now: Seconds of a monotonic clock.
        """
        if self._settled_at is None:
            return False
        if now - self._settled_at < self.timeout:
            self._last_attempts[blocker.pod] = blocker.time
        return bool(blocker.time) and blocker.time > self._last_attempts.setdefault(blocker.pod, blocker.time)
