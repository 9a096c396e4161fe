"""lab/errors.py: the format of errors, and their known failures."""

from __future__ import annotations

from lab.errors import KnownFailureId, LabError, PermissionDeniedError, diagnose_if_permitted


def test_error_has_headline_expected_seen_and_remedy() -> None:
    error = LabError("the pool is empty", expected="six addresses", seen="none", remedy="set --pool")
    assert str(error).splitlines() == [
        "the pool is empty",
        "  expected:   six addresses",
        "  seen:       none",
        "  what to do: set --pool",
    ]


def test_empty_rows_are_omitted() -> None:
    lines = str(LabError("the pool is empty", remedy="set --pool")).splitlines()
    assert lines == ["the pool is empty", "  what to do: set --pool"]


def test_lines_of_a_text_are_aligned() -> None:
    lines = str(LabError("it failed", seen="first\nsecond\n")).splitlines()
    assert lines == ["it failed", "  seen:       first", "              second"]


def test_known_failure_is_no_part_of_the_text() -> None:
    error = LabError("the subnet is in use", known_failure=KnownFailureId.SUBNET_IN_USE)
    assert error.known_failure is KnownFailureId.SUBNET_IN_USE
    assert str(error) == "the subnet is in use"
    assert LabError("the pool is empty").known_failure is None


class TestDiagnosis:
    """A permission that a diagnosis needs does not replace the error that it explains."""

    def test_is_made_if_permitted(self) -> None:
        assert diagnose_if_permitted(lambda: ["the Service selects no pod"]) == ["the Service selects no pod"]

    def test_reports_a_missing_permission(self) -> None:
        def diagnose() -> list[str]:
            raise PermissionDeniedError("get endpoints is denied")

        assert diagnose_if_permitted(diagnose) == ["the cause was not looked for: get endpoints is denied"]
