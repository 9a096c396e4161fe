"""Observing several kinds of objects at the same time, with one watch for each kind.

The objects of all kinds are yielded after each change, and also once a second without a change: some decisions depend
on the time without a change, such as those of lab.k8s.blocker_tracker.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping

from lab.k8s.client import Kube
from lab.k8s.objects import Object
from lab.run.waiting import Observations, Unobserved

ObjectsByKind = dict[str, list[Object]]
"""All objects, by kind."""
TICK = 1.0
"""Seconds without a change after which the known objects are yielded again."""


def watch_all(kube: Kube, kinds: Mapping[str, str]) -> Observations[ObjectsByKind]:
    """Observe the objects of several kinds in all namespaces, with one watch for each kind.

    The first observation follows when the objects of every kind have been listed.

    Args:
        kube: The API of the cluster.
        kinds: A field selector for each kind; empty for all objects of the kind.
    """

    def observations(seconds: float) -> Iterator[ObjectsByKind | Unobserved]:
        pending: dict[str, list[Object] | Unobserved] = {}
        lock, has_changed, has_ended = threading.Lock(), threading.Event(), threading.Event()
        end = time.monotonic() + seconds

        def watch(kind: str) -> None:
            for seen in kube.watch(kind, fields=kinds[kind])(seconds):
                if has_ended.is_set():
                    return
                with lock:
                    pending[kind] = seen
                has_changed.set()

        for kind in kinds:
            threading.Thread(target=watch, args=(kind,), name=f"watch {kind}", daemon=True).start()
        known: ObjectsByKind = {}
        consumer_seconds = 0.0
        try:
            while (left := end - time.monotonic()) > 0:
                has_changed.wait(min(TICK, left))
                # A consumer that processes thousands of objects keeps the threads from reading further events.
                has_ended.wait(min(consumer_seconds, TICK))
                has_changed.clear()
                with lock:
                    new, pending = pending, {}
                yield from (seen for seen in new.values() if isinstance(seen, Unobserved))
                known |= {kind: seen for kind, seen in new.items() if not isinstance(seen, Unobserved)}
                if len(known) == len(kinds):
                    begin = time.monotonic()
                    yield dict(known)
                    consumer_seconds = time.monotonic() - begin
        finally:
            has_ended.set()

    return observations
