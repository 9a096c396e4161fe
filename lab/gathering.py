"""Observing several kinds of objects at once, by one watch a kind.

What is known of all kinds is told after each change, and once a second, since also that nothing changes says something.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator, Mapping

from lab.kube import Kube, Object
from lab.waiting import Observations, Trouble

Seen = dict[str, list[Object]]
"""All objects, by kind."""
TICK = 1.0
"""Seconds without a change after which what is known is told again."""


def watching_all(kube: Kube, kinds: Mapping[str, str]) -> Observations[Seen]:
    """Observes the objects of several kinds in all namespaces, by one watch each.

    The first observation comes when every kind was listed.

    Arguments:
        kinds: the kinds, each with the field selector that says which of its objects; empty for all.
    """

    def observations(seconds: float) -> Iterator[Seen | Trouble]:
        changes: queue.Queue[tuple[str, list[Object] | Trouble]] = queue.Queue()
        enough = threading.Event()
        end = time.monotonic() + seconds

        def watch(kind: str) -> None:
            for seen in kube.watching(kind, fields=kinds[kind])(seconds):
                if enough.is_set():
                    return
                changes.put((kind, seen))

        for kind in kinds:
            threading.Thread(target=watch, args=(kind,), name=f"watch {kind}", daemon=True).start()
        known: Seen = {}
        try:
            while (left := end - time.monotonic()) > 0:
                try:
                    kind, seen = changes.get(timeout=min(TICK, left))
                except queue.Empty:
                    pass
                else:
                    if isinstance(seen, Trouble):
                        yield seen
                        continue
                    known[kind] = seen
                if len(known) == len(kinds) and changes.empty():
                    yield dict(known)
        finally:
            enough.set()

    return observations
