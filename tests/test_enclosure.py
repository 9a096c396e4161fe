"""embedded/enclosure.py: what waits to begin, and does not without who started it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.conftest import REPOSITORY


def test_an_enclosure_whose_starter_has_ended_ends_and_does_nothing(tmp_path: Path) -> None:
    """Outside of any namespace: if it went on, it would mount, and say that it may not or that ROOT is no folder."""
    done = subprocess.run(
        [sys.executable, "-m", "embedded.enclosure", tmp_path / "nowhere", "--", "true"],
        cwd=REPOSITORY,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, "the process that has started this enclosure has ended\n")
