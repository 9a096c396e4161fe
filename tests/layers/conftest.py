"""Manifests with remote bases, and copies of these."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.remote_bases import COPIES, TREE, write


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Manifests with two remote bases below `example`, and one elsewhere."""
    return write(tmp_path / "tree", TREE)


@pytest.fixture
def copies(tmp_path: Path) -> Path:
    """A directory with copies of both."""
    return write(tmp_path / "copies", COPIES)
