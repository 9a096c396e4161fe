"""embedded/enclosure.py: an enclosure does nothing without a start signal."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_enclosure_ends_if_its_starter_has_ended(tmp_path: Path) -> None:
    """It runs outside of any namespace: if it continued, it would mount, and report a missing right or directory."""
    result = subprocess.run(
        [sys.executable, "-m", "embedded.enclosure", tmp_path / "missing", "--", "true"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stderr) == (1, "the process that started this enclosure has ended\n")
