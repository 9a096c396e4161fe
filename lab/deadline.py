"""Doing several things at a time, and going on without those that take too long."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from time import monotonic
from typing import TypeVar

Done = TypeVar("Done")
AT_ONCE = 6


class TooLateError(Exception):
    """What stands in the place of a result that was not there in time."""


def within(seconds: float, jobs: Mapping[str, Callable[[], Done]]) -> Iterator[tuple[str, Done | Exception]]:
    """Gives the result of each job as it comes, or the exception that it raised; in the end, what came too late.

    Arguments:
        seconds: how long is waited, for all of them together. A job that goes on is left to itself.
        jobs: what to do, by name.
    """
    end = monotonic() + seconds
    pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="deadline")
    pending: set[Future[Done]] = set()
    try:
        names = {pool.submit(job): name for name, job in jobs.items()}
        pending = set(names)
        while pending and (left := end - monotonic()) > 0:
            done, pending = wait(pending, left, FIRST_COMPLETED)
            for one in done:
                error = one.exception()
                if error is None:
                    yield names[one], one.result()
                elif isinstance(error, Exception):
                    yield names[one], error
                else:
                    raise error
        for one in pending:
            yield names[one], TooLateError(f"there was no answer within {seconds:g} s")
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
