"""Collects evidence while a failed scenario's fixtures still exist: diagnoses, browser recordings, and bundles.

The observation of the lab and its bundle are expensive, so scenarios that fail in a row share them.
"""

from __future__ import annotations

import re
import time
from collections.abc import Generator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from _pytest._code.code import ExceptionRepr

from lab.evidence import bundle, known_failures, observation
from lab.evidence.known_failures import Diagnosis
from lab.evidence.observation import NOT_OBSERVED
from lab.evidence.symptoms import Observation
from plugins.run_state import RunState, run_state

OBSERVATION_LIFETIME = 10.0
"""Seconds for which an observation of the lab is reused."""
BUNDLE_INTERVAL = 60.0
"""Seconds after which a new bundle may be collected; until then, failures refer to the last one."""
MAX_BUNDLES = 5
MAX_NAME = 80
"""Characters of a directory's name."""


class EvidenceCollector:
    """A plugin that collects the evidence of failed scenarios.

    Args:
        state: The state of the run.
    """

    def __init__(self, state: RunState) -> None:
        self._state = state
        self._diagnosed: set[str] = set()
        self._observation = Observation()
        self._observed_at = float("-inf")
        self._bundle: Path | None = None
        self._bundled_at = float("-inf")
        self._bundles = 0

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Collect the evidence of a failed scenario, and add diagnoses to its failure and to its report.

        At this time its browser pages are open, and its changes to Kubeflow are not reverted yet.
        """
        report = yield
        if report.failed and call.excinfo and item.nodeid not in self._diagnosed:
            self._diagnosed.add(item.nodeid)
            diagnoses = self._diagnose(call.excinfo.value)
            files = self._collect_files(item)
            failure = self._state.failures[item.nodeid]
            self._state.failures[item.nodeid] = replace(
                failure, diagnoses=diagnoses, files=[file.as_posix() for file in files]
            )
            _add_section(report, self._describe(diagnoses, files, item.config))
        return report

    def _diagnose(self, error: BaseException) -> list[Diagnosis]:
        """Return the known failures that the error and the lab show, with commands that work in the lab."""
        seen = Observation.merge([Observation.from_error(error), self._observe()])
        render = self._state.context.render_commands
        return [
            replace(diagnosis, cause=render(diagnosis.cause), remedy=render(diagnosis.remedy))
            for diagnosis in known_failures.diagnose(seen)
        ]

    def _observe(self) -> Observation:
        lab = self._state.lab
        if lab and time.monotonic() - self._observed_at > OBSERVATION_LIFETIME:
            self._observation = observation.observe(lab)
            self._observed_at = time.monotonic()
        return self._observation

    def _collect_files(self, item: pytest.Item) -> list[Path]:
        """Save the browser recordings and the bundle, and return the paths relative to the directory of the run."""
        name = re.sub(r"[^a-z0-9]+", "-", item.name.removeprefix("test_").lower()).strip("-")[:MAX_NAME]
        directory = self._state.directory / "failures" / name
        directory.mkdir(parents=True, exist_ok=True)
        for number, recording in enumerate(self._state.recordings, 1):
            recording.save(directory, number)
        self._collect_bundle(directory)
        files = [*_list_files(directory), *(_list_files(self._bundle) if self._bundle else [])]
        with suppress(OSError):  # the directory is not empty, unless there was no evidence
            directory.rmdir()
        return [file.relative_to(self._state.directory) for file in dict.fromkeys(files)]

    def _collect_bundle(self, directory: Path) -> None:
        """Collect a bundle, unless the last one is recent or the run has the maximum number of bundles."""
        now = time.monotonic()
        if self._state.lab and now - self._bundled_at >= BUNDLE_INTERVAL and self._bundles < MAX_BUNDLES:
            self._bundle, self._bundled_at, self._bundles = directory / "lab", now, self._bundles + 1
            bundle.collect(self._bundle, self._state.lab, self._observation.pods)

    def _describe(self, diagnoses: list[Diagnosis], files: list[Path], config: pytest.Config) -> str:
        lines = [str(diagnosis) for diagnosis in diagnoses]
        if not lines:
            symptoms = [symptom for symptom in self._observation.symptoms if symptom.subject == NOT_OBSERVED]
            lines = ["no known failure was recognized", *(f"{NOT_OBSERVED}: {symptom.text}" for symptom in symptoms)]
        if files:
            reports = self._state.directory.relative_to(config.rootpath)
            directories = dict.fromkeys(str(reports / Path(*file.parts[:2])) for file in files)
            lines.append(f"evidence: {', '.join(directories)}")
        return "\n".join(lines)


def pytest_configure(config: pytest.Config) -> None:
    """Register the collector."""
    config.pluginmanager.register(EvidenceCollector(run_state(config)))


def _add_section(report: pytest.TestReport, text: str) -> None:
    if isinstance(report.longrepr, ExceptionRepr):
        report.longrepr.addsection("diagnosis", text)
    else:
        report.longrepr = f"{report.longrepr}\ndiagnosis:\n{text}"


def _list_files(directory: Path) -> list[Path]:
    return sorted(file for file in directory.rglob("*") if file.is_file())
