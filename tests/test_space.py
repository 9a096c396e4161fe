"""lab/space.py: a disk that is full is told as that; the full one is the kernel's, which has no space ever."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab import space
from lab.errors import LabError
from lab.space import told_when_full


def test_where_there_is_space_a_failure_is_told_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(LabError) as caught, told_when_full(tmp_path):
        raise LabError("the lamp cannot be had")
    assert caught.value.what == "the lamp cannot be had"


@pytest.mark.parametrize("error", [LabError("the lamp cannot be had"), OSError(28, "No space left on device")])
def test_on_a_full_disk_a_failure_is_told_as_want_of_space_with_what_failed(error: Exception) -> None:
    full = Path("/proc/lab")  # no bytes, none free
    with pytest.raises(LabError) as caught, told_when_full(full):
        raise error
    assert caught.value.what == f"there is no space left at {full}"
    assert str(error) in caught.value.seen
    assert "0 MiB free" in caught.value.seen


def test_what_is_wrong_with_the_project_is_not_told_as_want_of_space() -> None:
    with pytest.raises(ZeroDivisionError), told_when_full(Path("/proc")):
        raise ZeroDivisionError


def test_of_a_folder_that_is_not_there_yet_the_one_above_counts(tmp_path: Path) -> None:
    assert space.existing(tmp_path / "a/b") == tmp_path
