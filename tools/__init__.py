"""Instruments for maintainers: the benchmark, the interruption test, the sabotage test and the rehearsals in CI."""

from __future__ import annotations

from pathlib import Path

REPOSITORY = Path(__file__).parent.parent
REPORTS = REPOSITORY / "reports"
