"""lab/preflight/findings.py: errors and warnings, listed separately, each with its remedy."""

from __future__ import annotations

import pytest

from lab.errors import LabError
from lab.preflight.findings import error, format_findings, has_errors, raise_on_errors, warning

NO_DOCKER = error("Docker cannot be reached", remedy="start it")
NO_MEMORY = error("there is not enough memory", remedy="use a larger machine")
OLD_KERNEL = warning("the kernel is old", expected="Linux 4.19", seen="Linux 4.18", remedy="use a newer one")


def test_errors_are_listed_first_and_warnings_separately() -> None:
    assert format_findings([OLD_KERNEL, NO_DOCKER, NO_MEMORY]).splitlines() == [
        "preflight failed, nothing was changed. Fix 2 problems:",
        "",
        "Docker cannot be reached",
        "  what to do: start it",
        "",
        "there is not enough memory",
        "  what to do: use a larger machine",
        "",
        "1 warning:",
        "",
        "the kernel is old",
        "  expected:   Linux 4.19",
        "  seen:       Linux 4.18",
        "  what to do: use a newer one",
    ]


def test_one_problem_is_singular() -> None:
    assert format_findings([NO_DOCKER]).startswith("preflight failed, nothing was changed. Fix 1 problem:\n")


def test_no_findings_are_no_text() -> None:
    assert format_findings([]) == ""


def test_only_errors_prevent_a_run_and_the_error_lists_all_findings() -> None:
    assert not has_errors([OLD_KERNEL])
    raise_on_errors([OLD_KERNEL])
    assert has_errors([OLD_KERNEL, NO_DOCKER])
    with pytest.raises(LabError) as raised:
        raise_on_errors([OLD_KERNEL, NO_DOCKER])
    assert str(raised.value) == format_findings([OLD_KERNEL, NO_DOCKER])
