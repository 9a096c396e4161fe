"""The one way to wait: until a state is reached, can no longer be reached, or the time is up.

Observations come as a stream: `poll` observes periodically where nothing can be watched; the watches of
lab.k8s.client yield an observation for each event. `wait_until` decides in both cases, and its error names the awaited
state, the last observation and the remedy.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from lab.errors import UnrecoverableError, WaitTimeoutError
from lab.run import background
from lab.run.journal import Journal

Seen = TypeVar("Seen")

Observations = Callable[[float], Iterator["Seen | Unobserved"]]
"""A function that yields observations, for at most the given number of seconds."""


@dataclass(frozen=True)
class Unobserved:
    """An observation that failed for a transient reason, such as a refused connection; the wait continues."""

    reason: str


@dataclass(frozen=True)
class Unrecoverable:
    """The reason why a state can no longer be reached, and the remedy for this reason."""

    reason: str
    remedy: str


def poll(
    observe: Callable[[], Seen], *, every: float = 0.2, transient: tuple[type[Exception], ...] = ()
) -> Observations[Seen]:
    """Observe periodically a state that cannot be watched.

    Args:
        observe: Returns an observation.
        every: Seconds between the end of one observation and the next one.
        transient: Exceptions of `observe` that may disappear by themselves; they become the last observation.
    """

    def observations(seconds: float) -> Iterator[Seen | Unobserved]:
        end = time.monotonic() + seconds
        while True:
            try:
                yield observe()
            except transient as error:
                yield Unobserved(root_cause(error))
            if time.monotonic() + every >= end:
                return
            time.sleep(every)

    return observations


def root_cause(error: BaseException) -> str:
    """Return the text of the innermost error; libraries wrap a refused connection several times."""
    while inner := error.__cause__ or error.__context__:
        error = inner
    return str(error) or type(error).__name__


def wait_until(
    observe: Observations[Seen],
    satisfied: Callable[[Seen], bool],
    timeout: float,
    waiting_for: str,
    *,
    journal: Journal,
    describe: Callable[[Seen], str] = str,
    unrecoverable: Callable[[Seen], Unrecoverable | str | None] = lambda seen: None,
    remedy: str = "",
) -> Seen:
    """Wait until an observation satisfies a condition, and return that observation.

    Args:
        observe: The stream of observations.
        satisfied: The condition, a function without side effects.
        timeout: Seconds after which the wait fails.
        waiting_for: The awaited state, as in "every node to be Ready".
        journal: The journal of the run, which records the wait.
        describe: Describes an observation for the error.
        unrecoverable: Returns the reason why the condition can no longer be satisfied, or None while it can.
        remedy: What to do if the wait fails, unless `unrecoverable` returns a remedy of its own.

    Raises:
        UnrecoverableError: As soon as the condition can no longer be satisfied.
        WaitTimeoutError: If the time is up.
    """
    last: Seen | Unobserved = Unobserved("no observation was possible")
    begin = time.monotonic()
    with journal.record("wait", waiting_for):
        for seen in observe(timeout):
            background.raise_if_cancelled()
            last = seen
            if not isinstance(seen, Unobserved):
                if satisfied(seen):
                    return seen
                if found := unrecoverable(seen):
                    reason = Unrecoverable(found, remedy) if isinstance(found, str) else found
                    raise UnrecoverableError(
                        f"this will never succeed: waiting for {waiting_for}",
                        seen=f"{reason.reason}\n{describe(seen)}",
                        remedy=reason.remedy,
                    )
            if time.monotonic() - begin > timeout:
                break
    raise WaitTimeoutError(
        f"timed out after {time.monotonic() - begin:.0f} s waiting for: {waiting_for}",
        seen=last.reason if isinstance(last, Unobserved) else describe(last),
        remedy=remedy,
    )
