"""lab/errors.py: the errors that a person is meant to read."""

from __future__ import annotations

from lab.errors import LabError


def test_an_error_says_what_was_expected_what_was_seen_and_what_to_do() -> None:
    error = LabError("the pool is empty", expected="six addresses", seen="none", remedy="set --pool")
    assert str(error).splitlines() == [
        "the pool is empty",
        "  expected:   six addresses",
        "  seen:       none",
        "  what to do: set --pool",
    ]


def test_rows_without_a_text_are_left_out() -> None:
    assert str(LabError("it is broken", remedy="mend it")).splitlines() == ["it is broken", "  what to do: mend it"]


def test_all_lines_of_a_text_stand_below_one_another() -> None:
    lines = str(LabError("it is broken", seen="first\nsecond\n")).splitlines()
    assert lines == ["it is broken", "  seen:       first", "              second"]
