"""lab/findings.py: errors and warnings, told apart, each with its remedy."""

from __future__ import annotations

import pytest

from lab.errors import LabError
from lab.findings import error, refuse_errors, told, warning

MISSING = error("the lamp is missing", remedy="buy one")
BROKEN = error("the bulb is broken", remedy="change it")
DIM = warning("the bulb is dim", expected="800 lm", seen="400 lm", remedy="use a brighter one")


def test_errors_come_first_and_warnings_apart_each_with_its_remedy() -> None:
    assert told([DIM, MISSING, BROKEN]).splitlines() == [
        "not fit, nothing was changed; 2 things must be put right:",
        "",
        "the lamp is missing",
        "  what to do: buy one",
        "",
        "the bulb is broken",
        "  what to do: change it",
        "",
        "1 thing to be aware of:",
        "",
        "the bulb is dim",
        "  expected:   800 lm",
        "  seen:       400 lm",
        "  what to do: use a brighter one",
    ]


def test_where_nothing_was_found_nothing_is_told() -> None:
    assert told([]) == ""


def test_only_errors_are_refused_and_all_findings_are_told_then() -> None:
    refuse_errors([DIM])
    with pytest.raises(LabError) as caught:
        refuse_errors([DIM, MISSING])
    assert str(caught.value) == told([DIM, MISSING])
