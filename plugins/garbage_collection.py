"""Excludes long-lived objects from Python's garbage collection, which saves two seconds of a run."""

from __future__ import annotations

import gc

import pytest


def pytest_collection_finish() -> None:
    """Freeze all imported and collected objects: to traverse them again and again takes a second of a run."""
    gc.freeze()


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    """Freeze all objects before the process ends: Python would traverse them several times, for another second."""
    gc.freeze()
