"""Work that goes on beside the rest of a run, in a thread of its own, and that ends when nobody wants it any more."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from typing import Any, Generic, TypeVar

Result = TypeVar("Result")


class UnwantedError(Exception):
    """Raised inside of work that nobody wants any more."""


class Work(Generic[Result]):
    """Work that was begun."""

    def __init__(self, do: Callable[[], Result]) -> None:
        self._unwanted = threading.Event()
        self._ends: list[Callable[[], None]] = []
        self._executor = ThreadPoolExecutor(1)
        context = copy_context()
        context.run(_WORK.set, self)
        self._future = self._executor.submit(context.run, do)

    def result(self) -> Result:
        """What the work gives, when it is done; raises what it raised."""
        return self._future.result()

    def wait(self) -> None:
        """Waits until the work is done, however it ends."""
        wait([self._future])

    def stop(self) -> None:
        """Ends the work, if it still goes on: its programs are ended, and its waits. Comes back when it has ended."""
        self._unwanted.set()
        for end in list(self._ends):
            end()
        self._executor.shutdown()

    def go_on(self) -> None:
        """Raises UnwantedError when the work is not wanted any more."""
        if self._unwanted.is_set():
            raise UnwantedError

    @contextmanager
    def ended_by(self, end: Callable[[], None]) -> Iterator[None]:
        """Has `end` called when the work is stopped during the block, which then raises UnwantedError."""
        self._ends.append(end)
        try:
            if self._unwanted.is_set():  # before it could be told of this end
                end()
            yield
            self.go_on()
        finally:
            self._ends.remove(end)


_WORK: ContextVar[Work[Any] | None] = ContextVar("the work that this thread does", default=None)


@contextmanager
def beside(do: Callable[[], Result]) -> Iterator[Work[Result]]:
    """Begins work, and stops it at the end of the block if it still goes on.

    Arguments:
        do: what is to be done; its programs are run by lab.terminal and its waits are those of lab.waiting, which know
            when they are not wanted any more.
    """
    work = Work(do)
    try:
        yield work
    finally:
        work.stop()


def go_on() -> None:
    """Raises UnwantedError in work that nobody wants any more; elsewhere it does nothing."""
    if work := _WORK.get():
        work.go_on()


@contextmanager
def ended_by(end: Callable[[], None]) -> Iterator[None]:
    """In work beside, has `end` called when it is stopped during the block, which then raises UnwantedError."""
    if work := _WORK.get():
        with work.ended_by(end):
            yield
    else:
        yield
