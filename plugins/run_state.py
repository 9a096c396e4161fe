"""The state of a run, which all plugins and some fixtures share, in one stash key."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from lab.context import Lab, RunContext
from lab.k8s.versions import Comparison
from lab.layers.base import Ledger
from lab.preflight.findings import Finding
from lab.web.recording import Recording
from pages.run import Chapter, Failure, Run, Scenario


@dataclass(frozen=True)
class ChapterFailure:
    """The failure because of which later scenarios are skipped.

    Args:
        scenario: The name of the scenario that failed.
        is_layer_failure: Whether a layer could not be installed, so that the rest of the chapter is skipped, too.
    """

    scenario: str
    is_layer_failure: bool


@dataclass
class RunState:
    """The state of a run.

    Args:
        context: The context of the run.
        directory: The directory of the run's reports.
        lab: The lab; None until it is open.
        ledger: The results of the layers.
        comparisons: The compared versions by component.
        findings: The preflight findings.
        preflight_error: The text of the error with which the preflight checks failed; empty if they passed.
        chapters: The selected features by file, in the order of the run.
        chapter_by_test: The feature of each selected scenario, by pytest's node ID.
        scenarios: The selected scenarios by node ID.
        failures: The failures of scenarios by node ID.
        chapter_failures: The failure of each failed chapter, by the chapter's tag.
        inapplicable: The scenarios that do not apply to this run, by the reason.
        deselected: The number of scenarios that were deselected for any reason.
        has_started: Whether at least one scenario was started.
        recordings: The recordings of the open browser contexts.
        facts: The facts of the run; None until it has ended.
    """

    context: RunContext
    directory: Path
    lab: Lab | None = None
    ledger: Ledger = field(default_factory=Ledger)
    comparisons: dict[str, Comparison] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    preflight_error: str = ""
    chapters: dict[str, Chapter] = field(default_factory=dict)
    chapter_by_test: dict[str, Chapter] = field(default_factory=dict)
    scenarios: dict[str, Scenario] = field(default_factory=dict)
    failures: dict[str, Failure] = field(default_factory=dict)
    chapter_failures: dict[str, ChapterFailure] = field(default_factory=dict)
    inapplicable: dict[str, list[pytest.Item]] = field(default_factory=dict)
    deselected: int = 0
    has_started: bool = False
    recordings: list[Recording] = field(default_factory=list)
    facts: Run | None = None


RUN_STATE = pytest.StashKey[RunState]()


def run_state(config: pytest.Config) -> RunState:
    """Return the state of the run, which plugins.options creates in its pytest_configure."""
    return config.stash[RUN_STATE]
