"""lab/deadline.py: what is done in time is given, and what takes too long does not keep anybody."""

from __future__ import annotations

import threading
import time

from lab.deadline import TooLateError, within


def test_results_and_errors_come_as_they_are_and_what_is_late_is_named() -> None:
    never = threading.Event()

    def fails() -> str:
        raise OSError("no route to host")

    begin = time.monotonic()
    found = dict(within(0.3, {"quick": lambda: "done", "fails": fails, "late": lambda: str(never.wait(5))}))
    assert time.monotonic() - begin < 2
    never.set()
    assert found["quick"] == "done"
    assert str(found["fails"]) == "no route to host"
    assert isinstance(found["late"], TooLateError)
    assert list(found)[-1] == "late"


def test_without_anything_to_do_nothing_is_waited_for() -> None:
    assert list(within(60, {})) == []
