"""The one way to wait: until something is as it must be, or can no longer become so, or time is up.

What is observed comes as a stream: `polling` asks again and again where nothing can be watched; the Kubernetes
watches of lab.kube give an observation for each event. In both cases `wait_until` decides, and its error says what
was awaited, what was last seen, and what to do.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from lab import beside
from lab.errors import LabError
from lab.journal import JOURNAL

Seen = TypeVar("Seen")

Observations = Callable[[float], Iterator["Seen | Trouble"]]
"""Gives a stream of observations that ends, at the latest, after the given number of seconds."""


@dataclass(frozen=True)
class Trouble:
    """An observation that could not be made just now, and why, such as a refused connection: reason to look again."""

    why: str


@dataclass(frozen=True)
class Hopeless:
    """Why something can no longer become so, and what to do about just that."""

    reason: str
    remedy: str


def polling(
    look: Callable[[], Seen], *, every: float = 0.2, passing: tuple[type[Exception], ...] = ()
) -> Observations[Seen]:
    """Observes by looking again and again, for what cannot be watched.

    Arguments:
        look: gives what is seen.
        every: seconds between the end of a look and the next one.
        passing: exceptions of `look` that may pass by themselves; they are reported as the last thing seen.
    """

    def observations(seconds: float) -> Iterator[Seen | Trouble]:
        end = time.monotonic() + seconds
        while True:
            try:
                yield look()
            except passing as error:
                yield Trouble(root_of(error))
            if time.monotonic() + every >= end:
                return
            time.sleep(every)

    return observations


def root_of(error: BaseException) -> str:
    """What was at the root of an error: libraries wrap a refused connection several times over."""
    while deeper := error.__cause__ or error.__context__:
        error = deeper
    return str(error) or type(error).__name__


def wait_until(
    observe: Observations[Seen],
    satisfied: Callable[[Seen], bool],
    timeout: float,
    what: str,
    *,
    show: Callable[[Seen], str] = str,
    hopeless: Callable[[Seen], Hopeless | str | None] = lambda seen: None,
    remedy: str = "",
) -> Seen:
    """Waits until an observation satisfies, and gives it back.

    Arguments:
        observe: the stream of observations.
        satisfied: tells whether this is what is awaited.
        timeout: seconds after which waiting is given up.
        what: what is awaited, as in "the node is Ready".
        show: an observation in words, for the error.
        hopeless: the reason why this can never become satisfied, or None while it can.
        remedy: what to do when it does not come true, unless `hopeless` knows better.

    Raises LabError at once when an observation is hopeless, and when time is up.
    """
    last = "nothing could be observed"
    begin = time.monotonic()
    with JOURNAL.entry("wait", what):
        for seen in observe(timeout):
            beside.go_on()
            if isinstance(seen, Trouble):
                last = seen.why
            else:
                if satisfied(seen):
                    return seen
                last = show(seen)
                if found := hopeless(seen):
                    why = Hopeless(found, remedy) if isinstance(found, str) else found
                    raise LabError(
                        f"{what}: this cannot come true",
                        expected=what,
                        seen=f"{why.reason}\n{last}",
                        remedy=why.remedy,
                    )
            if time.monotonic() - begin > timeout:
                break
    seconds = time.monotonic() - begin
    raise LabError(f"waited {seconds:.1f} s in vain: {what}", expected=what, seen=last, remedy=remedy)
