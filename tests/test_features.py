"""features/ and steps/: every sentence has a step, and every scenario a chapter."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from pytest_bdd.feature import get_features
from pytest_bdd.parser import Feature

from fixtures.layers import CHAPTERS
from lab import releases
from lab.applicable import reason_to_leave_out
from lab.kubeflow import PROFILE
from lab.settings import Settings
from tests.conftest import REPOSITORY

FEATURES: list[Feature] = get_features([str(REPOSITORY / "features")])


def pytest_in_copy(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Runs pytest in a copy of the features, since the reports of this project's last run must stay the latest."""
    for name in ("features", "steps"):
        shutil.copytree(REPOSITORY / name, folder / name)
    for name in ("conftest.py", "pytest.ini"):
        shutil.copy(REPOSITORY / name, folder)
    command = [sys.executable, "-m", "pytest", *options]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_there_are_features() -> None:
    assert len(FEATURES) >= len(CHAPTERS)


@pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: Path(feature.filename).stem)
class TestEveryFeature:
    """What is true of each feature."""

    def test_is_one_chapter_s(self, feature: Feature) -> None:
        assert len(feature.tags & set(CHAPTERS)) == 1

    def test_has_a_step_module_of_the_same_name(self, feature: Feature) -> None:
        assert (REPOSITORY / f"steps/test_{Path(feature.filename).stem}.py").is_file()

    def test_has_scenarios(self, feature: Feature) -> None:
        assert feature.scenarios

    def test_speaks_of_the_tutorial_s_addresses_only(self, feature: Feature) -> None:
        """Those are what other settings can stand for."""
        defaults = {str(field.default) for field in Settings.model_fields.values()}
        words = {
            word.rstrip(",.")
            for scenario in feature.scenarios.values()
            for step in scenario.steps
            for word in step.name.split()
            if word.startswith("172.")
        }
        assert words <= defaults


def rows_of(stem: str, column: str, release: releases.Release) -> list[str]:
    """What the tables of a feature have in a column, as far as a run of a release takes the rows."""
    [feature] = [feature for feature in FEATURES if Path(feature.filename).stem == stem]
    return [
        row[column]
        for scenario in feature.scenarios.values()
        for examples in scenario.examples
        for row in examples.as_contexts()
        if column in row and not reason_to_leave_out((), row, Settings(), release)
    ]


@pytest.mark.parametrize("name", releases.names())
class TestTheTablesOfEveryRelease:
    """A run of a release takes the rows that the release has, and lacks none."""

    def test_name_its_components(self, name: str) -> None:
        release = releases.load(name)
        installed = {component.name for component in release.components if component.workload}
        assert sorted(rows_of("07_versions", "component", release)) == sorted(installed)
        others = {component.name for component in release.components} - installed
        assert sorted(rows_of("07_versions", "uninstalled", release)) == sorted(others)

    def test_name_its_namespaces(self, name: str) -> None:
        release = releases.load(name)
        assert sorted(rows_of("06_readiness", "namespace", release)) == sorted(release.namespaces)
        assert sorted(rows_of("05_manifests", "namespace", release)) == sorted({*release.namespaces} - {PROFILE})

    def test_name_its_branch_and_what_is_created_later(self, name: str) -> None:
        release = releases.load(name)
        assert rows_of("05_manifests", "branch", release) == [release.manifests.branch]
        assert [f"{PROFILE}/{workload}" for workload in rows_of("06_readiness", "workload", release)] == [
            *release.created_later
        ]


def test_a_run_says_what_it_leaves_out_and_why(tmp_path: Path) -> None:
    result = pytest_in_copy(tmp_path, "--collect-only", "--release=1.9", "--lab=existing")
    left_out = [line for line in result.stdout.splitlines() if line.startswith("left out, ")]
    assert [line.partition(": ")[2].partition(" (")[0] for line in left_out] == [
        "about the lab's own Docker, which an existing cluster need not be in",
        "about what other releases have, and Kubeflow 1.9.1 has not in this way",
        "about oidc-authservice, and Kubeflow 1.9.1 has oauth2-proxy in its place",
        "changes Kubeflow for a moment, which is not done to an existing cluster",
    ]
    assert "v1.7-branch; v1.8-branch;" in left_out[1]
    assert "test_all_pods_of_a_namespace_are_ready[oauth2-proxy]" in result.stdout
    assert "test_all_pods_of_a_namespace_are_ready[knative-eventing]" not in result.stdout


def test_every_sentence_has_a_step_and_every_scenario_is_bound(tmp_path: Path) -> None:
    """As pytest-bdd itself finds it."""
    result = pytest_in_copy(tmp_path, "--generate-missing", "--feature", "features", "steps")
    missing = [line for line in result.stdout.splitlines() if " is not defined" in line or " is not bound" in line]
    assert missing == []
    assert result.returncode == 0, result.stdout + result.stderr  # it is 0 also where something is missing
