"""lab/host/disk.py: a full disk is reported as such. /proc is a file system that is always full."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.errors import LabError
from lab.host import disk
from lab.host.disk import report_full_disk


def test_with_free_space_an_error_is_unchanged(tmp_path: Path) -> None:
    with pytest.raises(LabError) as caught, report_full_disk(tmp_path):
        raise LabError("the image cannot be built")
    assert caught.value.headline == "the image cannot be built"


@pytest.mark.parametrize("error", [LabError("the image cannot be built"), OSError(28, "No space left on device")])
def test_full_disk_is_reported_with_the_original_error(error: Exception) -> None:
    full = Path("/proc/lab")
    with pytest.raises(LabError) as caught, report_full_disk(full):
        raise error
    assert caught.value.headline == f"no space left on the file system of {full}"
    assert str(error) in caught.value.seen
    assert "0 MiB free" in caught.value.seen


def test_programming_errors_are_unchanged() -> None:
    with pytest.raises(ZeroDivisionError), report_full_disk(Path("/proc")):
        raise ZeroDivisionError


def test_nearest_existing_parent_is_used(tmp_path: Path) -> None:
    assert disk.nearest_existing(tmp_path / "a/b") == tmp_path
