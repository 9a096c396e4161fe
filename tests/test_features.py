"""features/ and steps/: every sentence has a step, and every scenario a chapter."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from pytest_bdd.feature import get_features
from pytest_bdd.parser import Feature

from fixtures.layers import CHAPTERS
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

    def test_has_scenarios_with_names_of_their_own(self, feature: Feature) -> None:
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


def test_every_sentence_has_a_step(tmp_path: Path) -> None:
    """As pytest-bdd itself finds it. Its report goes elsewhere, since that of this project's last run must stay."""
    command = [sys.executable, "-m", "pytest", "-c", REPOSITORY / "pytest.ini", f"--rootdir={tmp_path}"]
    options = ["--generate-missing", "--feature", REPOSITORY / "features", REPOSITORY / "steps"]
    result = subprocess.run([*command, *options], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert "is not defined" not in result.stdout
    assert "is not bound to any test" not in result.stdout
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
