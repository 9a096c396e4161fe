"""The facts of runs, made up for tests."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from lab.layers.base import LedgerRow
from pages.run import Chapter, Command, Run, Scenario, Step


def scenario(file: str = "features/01_nginx.feature", **facts: Any) -> Scenario:
    """Return a scenario that has passed, except for the given facts."""
    defaults = {
        "test": "steps/test_01_nginx.py::test_nginx_is_running",
        "keyword": "Scenario",
        "name": "nginx is running",
        "description": "",
        "tags": [],
        "file": file,
        "line": 3,
        "example": {},
        "steps": [Step("Given", "nginx is installed", status="passed", seconds=1)],
        "status": "passed",
        "seconds": 1,
    }
    return Scenario(**{**defaults, **facts})


def chapter(*scenarios: Scenario, file: str = "features/01_nginx.feature") -> Chapter:
    """Return a chapter with these scenarios."""
    return Chapter(file, "The nginx site", "It serves a page.", ["network"], list(scenarios))


def run(**facts: Any) -> Run:
    """Return a run that has installed a complete lab with one layer, except for the given facts."""
    defaults = {
        "result": "passed",
        "exit_status": 0,
        "began": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        "lab": "embedded",
        "release": "1.7",
        "settings": {"lab": "embedded"},
        "seconds": 100.4,
        "own_seconds": 3,
        "deselected": 0,
        "chapters": [chapter(scenario())],
        "layers": [LedgerRow("nginx", "installed", 2, "there is no Deployment nginx")],
        "waits": [],
        "commands": [Command(command="kubectl create deployment nginx", layer="nginx", begin=1, seconds=1)],
        "stand_ins": [],
        "components": [],
        "inventory": [],
        "pictures": [],
        "afterwards": "the lab was removed",
    }
    return Run(**{**defaults, **facts})
