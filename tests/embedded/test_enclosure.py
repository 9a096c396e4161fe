"""embedded/enclosure.py: an enclosure does nothing without a start signal, and joins the cgroup of its lab."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from embedded.enclosure import join_cgroup


def test_enclosure_ends_if_its_starter_has_ended(tmp_path: Path) -> None:
    """It runs outside of any namespace: if it continued, it would mount, and report a missing right or directory."""
    result = subprocess.run(
        [sys.executable, "-m", "embedded.enclosure", tmp_path / "cgroup", tmp_path / "missing", "--", "true"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stderr) == (1, "the process that started this enclosure has ended\n")


def test_enclosure_joins_the_cgroup_of_the_engine(tmp_path: Path) -> None:
    """On a plain directory, in which the kernel would read the number 0 as the writing process."""
    join_cgroup(tmp_path / "lab/engine")
    assert (tmp_path / "lab/engine/cgroup.procs").read_text() == "0"


def test_enclosure_starts_where_cgroups_cannot_be_created(tmp_path: Path) -> None:
    (tmp_path / "lab").write_text("no directory")
    join_cgroup(tmp_path / "lab/engine")
    assert (tmp_path / "lab").is_file()
