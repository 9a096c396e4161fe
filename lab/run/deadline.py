"""Parallel jobs with a common deadline."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from time import monotonic
from typing import TypeVar

Done = TypeVar("Done")
MAX_PARALLEL = 6


class DeadlineExceededError(Exception):
    """The result of a job that did not end before the deadline."""


def run_within(seconds: float, jobs: Mapping[str, Callable[[], Done]]) -> Iterator[tuple[str, Done | Exception]]:
    """Run jobs in parallel, and yield the name and the result of each as it ends.

    Args:
        seconds: The deadline for all jobs together. A job that exceeds it is not waited for any longer.
        jobs: Functions by name.

    Yields:
        The name of a job and its result, or the exception that it raised, or a DeadlineExceededError.
    """
    end = monotonic() + seconds
    pool = ThreadPoolExecutor(MAX_PARALLEL, thread_name_prefix="deadline")
    pending: set[Future[Done]] = set()
    try:
        names = {pool.submit(job): name for name, job in jobs.items()}
        pending = set(names)
        while pending and (left := end - monotonic()) > 0:
            done, pending = wait(pending, left, FIRST_COMPLETED)
            for future in done:
                error = future.exception()
                if error is None:
                    yield names[future], future.result()
                elif isinstance(error, Exception):
                    yield names[future], error
                else:
                    raise error
        for future in pending:
            yield names[future], DeadlineExceededError(f"no answer within {seconds:g} s")
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
