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
from lab.settings import Settings
from tests.conftest import REPOSITORY

FEATURES: list[Feature] = get_features([str(REPOSITORY / "features")])


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


def test_the_chapter_of_versions_names_every_component_of_the_default_release() -> None:
    """Those that it installs in one table, the others in another."""
    [chapter] = [feature for feature in FEATURES if "versions" in feature.tags]
    tables = [
        [row["component"] for examples in scenario.examples for row in examples.as_contexts()]
        for scenario in chapter.scenarios.values()
    ]
    components = releases.load(Settings.model_fields["release"].default).components
    installed = [component.name for component in components if component.workload]
    left_out = [component.name for component in components if not component.workload]
    assert tables == [installed, left_out, []]


def test_every_sentence_has_a_step_and_every_scenario_is_bound(tmp_path: Path) -> None:
    """As pytest-bdd itself finds it; in a copy, since the reports of this project's last run must stay the latest."""
    for name in ("features", "steps"):
        shutil.copytree(REPOSITORY / name, tmp_path / name)
    for name in ("conftest.py", "pytest.ini"):
        shutil.copy(REPOSITORY / name, tmp_path)
    command = [sys.executable, "-m", "pytest", "--generate-missing", "--feature", "features", "steps"]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    result = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    missing = [line for line in result.stdout.splitlines() if " is not defined" in line or " is not bound" in line]
    assert missing == []
    assert result.returncode == 0, result.stdout + result.stderr  # it is 0 also where something is missing
