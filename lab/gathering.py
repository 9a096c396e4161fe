"""Observing several kinds of objects at once: one watch a kind, and what is known of all kinds after each change."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator, Sequence

from lab.kube import Kube, Object
from lab.waiting import Observations, Trouble

Seen = dict[str, list[Object]]
"""All objects, by kind."""
SLICE = 10.0
"""Seconds after which a watch is begun anew; a watch that nobody needs any more ends by then."""


def watching_all(kube: Kube, kinds: Sequence[str]) -> Observations[Seen]:
    """Observes all objects of several kinds in all namespaces, by one watch each.

    The first observation comes when every kind was listed.
    """

    def observations(seconds: float) -> Iterator[Seen | Trouble]:
        changes: queue.Queue[tuple[str, list[Object] | Trouble]] = queue.Queue()
        enough = threading.Event()
        end = time.monotonic() + seconds

        def watch(kind: str) -> None:
            while not enough.is_set() and time.monotonic() < end:
                for seen in kube.watching(kind)(min(SLICE, end - time.monotonic())):
                    if enough.is_set():
                        return
                    changes.put((kind, seen))

        for kind in kinds:
            threading.Thread(target=watch, args=(kind,), name=f"watch {kind}", daemon=True).start()
        known: Seen = {}
        try:
            while (left := end - time.monotonic()) > 0:
                try:
                    kind, seen = changes.get(timeout=left)
                except queue.Empty:
                    return
                if isinstance(seen, Trouble):
                    yield seen
                    continue
                known[kind] = seen
                if len(known) == len(kinds) and changes.empty():
                    yield dict(known)
        finally:
            enough.set()

    return observations
