"""The facts of a run that nobody made."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from lab.layers import LedgerRow
from pages.run import Chapter, Command, Run, Scenario, Step


def scenario(file: str = "features/01_lamp.feature", **facts: Any) -> Scenario:
    """A scenario that passed, but for what is given."""
    usual = {
        "test": "steps/test_01_lamp.py::test_it_is_there",
        "keyword": "Scenario",
        "name": "It is there",
        "description": "",
        "tags": [],
        "file": file,
        "line": 3,
        "example": {},
        "steps": [Step("Given", "a lamp", status="passed", seconds=1)],
        "status": "passed",
        "seconds": 1,
    }
    return Scenario(**{**usual, **facts})


def chapter(*scenarios: Scenario, file: str = "features/01_lamp.feature") -> Chapter:
    """A chapter with these scenarios."""
    return Chapter(file, "A lamp", "It gives light.", ["network"], list(scenarios))


def run(**facts: Any) -> Run:
    """A run that built a whole lab of one layer, but for what is given."""
    usual = {
        "result": "passed",
        "exit_status": 0,
        "began": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        "lab": "embedded",
        "release": "1.7",
        "settings": {"lab": "embedded"},
        "seconds": 100.4,
        "own_seconds": 3,
        "peak_memory_bytes": 3_294_000_000,
        "left_out": 0,
        "chapters": [chapter(scenario())],
        "layers": [LedgerRow("lamp", "installed", 2, "no lamp")],
        "waits": [],
        "commands": [Command(command="light a lamp", layer="lamp", begin=1, seconds=1)],
        "stand_ins": [],
        "components": [],
        "inventory": [],
        "pictures": [],
        "afterwards": "the lab is removed",
    }
    return Run(**{**usual, **facts})
