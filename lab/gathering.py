"""Observing several kinds of objects at once, by one watch a kind.

What is known of all kinds is told after each change, and once a second, since also that nothing changes says something.
"""

from __future__ import annotations

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
        news: dict[str, list[Object] | Trouble] = {}
        some, arrived, enough = threading.Lock(), threading.Event(), threading.Event()
        end = time.monotonic() + seconds

        def watch(kind: str) -> None:
            for seen in kube.watching(kind, fields=kinds[kind])(seconds):
                if enough.is_set():
                    return
                with some:
                    news[kind] = seen
                arrived.set()

        for kind in kinds:
            threading.Thread(target=watch, args=(kind,), name=f"watch {kind}", daemon=True).start()
        known: Seen = {}
        spent = 0.0
        try:
            while (left := end - time.monotonic()) > 0:
                arrived.wait(min(TICK, left))
                # Whoever looks at thousands of objects keeps the threads from reading what comes meanwhile.
                enough.wait(min(spent, TICK))
                arrived.clear()
                with some:
                    new, news = news, {}
                yield from (one for one in new.values() if isinstance(one, Trouble))
                known |= {kind: one for kind, one in new.items() if not isinstance(one, Trouble)}
                if len(known) == len(kinds):
                    begin = time.monotonic()
                    yield dict(known)
                    spent = time.monotonic() - begin
        finally:
            enough.set()

    return observations
