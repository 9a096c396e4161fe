"""lab/run/deadline.py: jobs with a common deadline."""

from __future__ import annotations

import threading
import time

from lab.run.deadline import DeadlineExceededError, run_within


def test_results_errors_and_missed_deadlines_are_yielded() -> None:
    never = threading.Event()

    def fails() -> str:
        raise OSError("no route to host")

    begin = time.monotonic()
    found = dict(run_within(0.3, {"quick": lambda: "done", "fails": fails, "late": lambda: str(never.wait(5))}))
    assert time.monotonic() - begin < 2
    never.set()
    assert found["quick"] == "done"
    assert str(found["fails"]) == "no route to host"
    assert isinstance(found["late"], DeadlineExceededError)
    assert list(found)[-1] == "late"


def test_without_jobs_there_is_no_wait() -> None:
    assert list(run_within(60, {})) == []
