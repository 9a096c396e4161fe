"""Tasks that run in a thread of their own while the run continues, and that can be cancelled."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from typing import Any, Generic, TypeVar

Result = TypeVar("Result")


class CancelledError(Exception):
    """Raised inside a background task that was cancelled."""


class BackgroundTask(Generic[Result]):
    """A function that runs in a thread of its own, from now on.

    Its programs (lab.run.shell) and its waits (lab.run.waiting) end when the task is cancelled.

    Args:
        function: The function to run.
    """

    def __init__(self, function: Callable[[], Result]) -> None:
        self._cancelled = threading.Event()
        self._callbacks: list[Callable[[], None]] = []
        self._executor = ThreadPoolExecutor(1)
        context = copy_context()
        context.run(_TASK.set, self)
        self._future = self._executor.submit(context.run, function)

    def result(self) -> Result:
        """Wait until the task has ended, and return its result; raise its exception if it has failed."""
        return self._future.result()

    def wait(self) -> None:
        """Wait until the task has ended, successfully or not."""
        wait([self._future])

    def cancel(self) -> None:
        """Cancel the task if it still runs, with its programs and waits, and wait until it has ended."""
        self._cancelled.set()
        for callback in list(self._callbacks):
            callback()
        self._executor.shutdown()

    def raise_if_cancelled(self) -> None:
        """Raise CancelledError if the task was cancelled."""
        if self._cancelled.is_set():
            raise CancelledError

    @contextmanager
    def on_cancel(self, callback: Callable[[], None]) -> Iterator[None]:
        """Call a function if the task is cancelled during the block, and raise CancelledError at its end."""
        self._callbacks.append(callback)
        try:
            if self._cancelled.is_set():  # cancel() may have been called before the callback was registered
                callback()
            yield
            self.raise_if_cancelled()
        finally:
            self._callbacks.remove(callback)


_TASK: ContextVar[BackgroundTask[Any] | None] = ContextVar("background task of this thread", default=None)


@contextmanager
def run_in_background(function: Callable[[], Result]) -> Iterator[BackgroundTask[Result]]:
    """Run a function in the background, and cancel it at the end of the block if it still runs.

    Args:
        function: The function to run.
    """
    task = BackgroundTask(function)
    try:
        yield task
    finally:
        task.cancel()


def raise_if_cancelled() -> None:
    """Raise CancelledError if this thread runs a background task that was cancelled."""
    if task := _TASK.get():
        task.raise_if_cancelled()


@contextmanager
def on_cancel(callback: Callable[[], None]) -> Iterator[None]:
    """Call a function if the background task of this thread is cancelled during the block; see BackgroundTask."""
    if task := _TASK.get():
        with task.on_cancel(callback):
            yield
    else:
        yield
