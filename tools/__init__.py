"""Instruments for maintainers: the benchmark, the interruption test and the sabotage test."""

from __future__ import annotations

from pathlib import Path

REPOSITORY = Path(__file__).parent.parent
REPORTS = REPOSITORY / "reports"
