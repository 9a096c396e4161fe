"""features/ and steps/: every step has a definition, and every scenario belongs to a chapter."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from pytest_bdd.feature import get_features
from pytest_bdd.parser import Feature, ScenarioTemplate

from lab import releases
from lab.config.loading import load as load_settings
from lab.config.selection import reason_to_deselect
from lab.config.settings import TUTORIAL_NAMESPACE as PROFILE
from lab.config.settings import Settings
from lab.layers.table import CHAPTERS
from tests.conftest import REPOSITORY

CREATING = (
    "exposed by a Service of type LoadBalancer|a user creates|a pod outside of the mesh|temporary route|they create a|"
    "API server would"
)
"""Matches the sentences whose steps create objects."""
FEATURES: list[Feature] = get_features([str(REPOSITORY / "features")])


def run_pytest_in_copy(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run pytest in a copy of the features, so that the reports of the last run in this repository stay the latest."""
    for name in ("features", "steps"):
        shutil.copytree(REPOSITORY / name, folder / name)
    for name in ("conftest.py", "pytest.ini"):
        shutil.copy(REPOSITORY / name, folder)
    command = [sys.executable, "-m", "pytest", *options]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_each_chapter_has_a_feature() -> None:
    assert len(FEATURES) >= len(CHAPTERS)


@pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: Path(feature.filename).stem)
class TestEveryFeature:
    """Rules that all features follow."""

    def test_has_the_tag_of_one_chapter(self, feature: Feature) -> None:
        assert len(feature.tags & set(CHAPTERS)) == 1

    def test_has_a_step_module_of_the_same_name(self, feature: Feature) -> None:
        assert (REPOSITORY / f"steps/test_{Path(feature.filename).stem}.py").is_file()

    def test_has_scenarios(self, feature: Feature) -> None:
        assert feature.scenarios

    def test_uses_only_addresses_that_settings_can_replace(self, feature: Feature) -> None:
        """With the default settings, the addresses in steps translate to themselves."""
        addresses = {
            word.rstrip(",.")
            for scenario in feature.scenarios.values()
            for step in scenario.steps
            for word in step.name.split()
            if word.startswith("172.")
        }
        assert {Settings().translate(address) for address in addresses} == addresses


LOGS_IN = re.compile(r"\blogs? in\b|empty login form|redirected to Dex|redirect URI")
NEEDS_SESSION = re.compile(r"owner is logged in|owner's (session|requests)")


@pytest.mark.parametrize(
    "scenario",
    [scenario for feature in FEATURES for scenario in feature.scenarios.values()],
    ids=lambda scenario: scenario.name,
)
def test_scenarios_that_need_a_login_have_the_tag(scenario: ScenarioTemplate) -> None:
    """Where login is elsewhere, or the session comes from a file, these scenarios are not run."""
    steps = "\n".join(step.name for step in scenario.steps)
    assert bool(LOGS_IN.search(steps)) == ("login_form" in scenario.tags)
    assert bool(NEEDS_SESSION.search(steps)) == ("session" in scenario.tags)


def test_scenarios_of_the_login_form_do_not_apply_with_a_session(tmp_path: Path) -> None:
    file = tmp_path / "session"
    file.touch(0o600)
    file.write_text("authservice_session=a")
    release, given = releases.load("1.7"), load_settings({"lab": "existing", "session_cookie_file": str(file)})
    assert "--session-cookie-file" in reason_to_deselect({"login_form"}, {}, given, release)
    assert reason_to_deselect({"session"}, {}, given, release) == ""
    assert reason_to_deselect({"login_form"}, {}, Settings(), release) == ""


def list_values(stem: str, column: str, release: releases.Release) -> list[str]:
    """Return the values in a column of a feature's tables, in the rows that a run of a release uses."""
    [feature] = [feature for feature in FEATURES if Path(feature.filename).stem == stem]
    return [
        row[column]
        for scenario in feature.scenarios.values()
        for examples in scenario.examples
        for row in examples.as_contexts()
        if column in row and not reason_to_deselect((), row, Settings(), release)
    ]


def test_scenarios_that_create_objects_have_the_marker() -> None:
    """With --read-only, they are deselected by it."""
    scenarios = [scenario for feature in FEATURES for scenario in feature.scenarios.values()]
    creating = [each.name for each in scenarios if any(re.search(CREATING, step.name) for step in each.steps)]
    assert [each.name for each in scenarios if "creates" in each.tags] == creating


def test_read_only_run_neither_creates_nor_changes_anything() -> None:
    release, read_only = releases.load("1.7"), Settings(lab="existing", read_only=True)
    reason = "creates or changes objects in the cluster, which --read-only excludes"
    assert reason_to_deselect({"metallb", "creates"}, {}, read_only, release) == reason
    assert reason_to_deselect({"metallb"}, {}, read_only, release) == ""
    assert reason_to_deselect({"metallb", "creates"}, {}, Settings(lab="existing"), release) == ""
    kept = Settings(verify_only=True, read_only=True)
    assert reason_to_deselect({"kubeflow", "changes"}, {}, kept, release) == reason


@pytest.mark.parametrize("name", releases.list_names())
class TestTablesForEveryRelease:
    """A run of a release uses exactly the rows that apply to the release."""

    def test_list_its_components(self, name: str) -> None:
        release = releases.load(name)
        installed = {component.name for component in release.components if component.workload}
        assert sorted(list_values("07_versions", "component", release)) == sorted(installed)
        others = {component.name for component in release.components} - installed
        assert sorted(list_values("07_versions", "uninstalled", release)) == sorted(others)

    def test_list_its_namespaces(self, name: str) -> None:
        release = releases.load(name)
        assert sorted(list_values("06_readiness", "namespace", release)) == sorted(release.namespaces)
        assert sorted(list_values("05_manifests", "namespace", release)) == sorted({*release.namespaces} - {PROFILE})

    def test_list_its_branch_and_workloads_created_by_controllers(self, name: str) -> None:
        release = releases.load(name)
        assert list_values("05_manifests", "branch", release) == [release.manifests.branch]
        assert [f"{PROFILE}/{workload}" for workload in list_values("06_readiness", "workload", release)] == [
            *release.created_by_controllers
        ]


def test_a_run_reports_deselected_scenarios_with_reasons(tmp_path: Path) -> None:
    result = run_pytest_in_copy(tmp_path, "--collect-only", "--release=1.9", "--lab=existing")
    deselected = [line for line in result.stdout.splitlines() if line.startswith("deselected, ")]
    assert [line.partition(": ")[2].partition(" (")[0] for line in deselected] == [
        "inspects the lab's own Docker, which an existing cluster need not have",
        "checks the webhook of the tutorial's Ingress controller, which that of an existing cluster need not have",
        "applies to other releases, and not to Kubeflow 1.9.1",
        "checks oidc-authservice, and Kubeflow 1.9.1 uses oauth2-proxy",
        "changes Kubeflow temporarily, which is not done to an existing cluster",
    ]
    assert "v1.7-branch; v1.8-branch;" in deselected[2]
    assert "test_all_pods_of_a_namespace_are_ready[oauth2-proxy]" in result.stdout
    assert "test_all_pods_of_a_namespace_are_ready[knative-eventing]" not in result.stdout


def test_every_step_is_defined_and_every_scenario_is_bound(tmp_path: Path) -> None:
    """Checked by pytest-bdd itself."""
    result = run_pytest_in_copy(tmp_path, "--generate-missing", "--feature", "features", "steps")
    missing = [line for line in result.stdout.splitlines() if " is not defined" in line or " is not bound" in line]
    assert missing == []
    assert result.returncode == 0, result.stdout + result.stderr  # it is 0 even if something is missing
