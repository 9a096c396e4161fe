"""tools/variants: the table is consistent, and only a green run with intact reports counts."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from _pytest.mark.expression import Expression
from pytest_bdd.feature import get_features

from lab.config.paths import Paths
from lab.context import Lab
from lab.errors import LabError
from lab.run.redaction import MASK
from lab.run.state import LabState
from tests import some_run
from tests.conftest import REPOSITORY, MakeLab
from tools.features import FailedScenario, Outcome
from tools.kept_lab import NotAppliedError, apply_steps, hold_changes
from tools.steps import edit, run_command
from tools.variants.outcome import explain_damage_after_failure, explain_red, find_damage
from tools.variants.table import VARIANTS, Variant, list_missing_kubeconfig_first, split_kubeconfig

SCENARIO_TAGS = [
    feature.tags | scenario.tags
    for feature in get_features([str(REPOSITORY / "features")])
    for scenario in feature.scenarios.values()
]
TEST = "steps/test_04_ingress.py::test_an_http_client_reaches_the_test_site"
JUNIT = """<?xml version="1.0" encoding="utf-8"?>
<testsuites><testsuite name="pytest" errors="0" failures="1" tests="1">
<testcase classname="steps.test_04_ingress" name="test_an_http_client_reaches_the_test_site" time="0.1"/>
</testsuite></testsuites>"""
CUCUMBER = [
    {
        "uri": "features/04_ingress.feature",
        "id": "the-ingress-controller",
        "name": "The Ingress controller",
        "keyword": "Feature",
        "elements": [{"id": "test_site", "name": "An HTTP client reaches the test site", "keyword": "Scenario"}],
    }
]
KUBECONFIG: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Config",
    "clusters": [{"name": "lab", "cluster": {"server": "https://127.0.0.1:6443"}}],
    "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": "admin"}}],
    "users": [{"name": "admin", "user": {}}],
    "current-context": "lab",
}


def find_variant(name: str) -> Variant:
    """Return a variant by its name."""
    return next(variant for variant in VARIANTS if variant.name == name)


def is_selected(markers: str, tags: set[str]) -> bool:
    """Return whether -m selects a scenario with these tags."""

    def has_tag(name: str, /, **_: str | int | bool | None) -> bool:
        return name in tags

    return Expression.compile(markers).evaluate(has_tag)


class TestTable:
    """The table of variants."""

    def test_has_enough_variants_with_distinct_names(self) -> None:
        assert len(VARIANTS) >= 25
        assert [name for name, count in Counter(variant.name for variant in VARIANTS).items() if count > 1] == []

    @pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.name)
    def test_changes_something_and_selects_scenarios(self, variant: Variant) -> None:
        assert variant.description
        assert variant.steps or variant.environment
        assert any(is_selected(f"({variant.chapters}) and not changes", tags) for tags in SCENARIO_TAGS)


class TestEnvironment:
    """The environment of a run."""

    @pytest.fixture
    def kubeconfig(self, tmp_path: Path) -> Path:
        """The kubeconfig of a lab."""
        file = tmp_path / "kubeconfig"
        file.write_text(yaml.safe_dump(KUBECONFIG))
        return file

    def test_the_files_of_a_split_kubeconfig_have_all_of_it(self, kubeconfig: Path, tmp_path: Path) -> None:
        first, second = (yaml.safe_load(file.read_text()) for file in split_kubeconfig(kubeconfig, tmp_path))
        assert {**first, **second} == KUBECONFIG
        assert "users" not in first
        assert "clusters" not in second

    def test_a_file_of_the_list_may_be_missing(self, kubeconfig: Path, tmp_path: Path) -> None:
        missing, other = list_missing_kubeconfig_first(kubeconfig, tmp_path)
        assert not missing.exists()
        assert other == kubeconfig

    def test_of_an_existing_cluster_selects_it(self, kubeconfig: Path, tmp_path: Path, make_lab: MakeLab) -> None:
        lab = make_lab(LabState(kind="embedded", environment={"KUBECONFIG": str(kubeconfig), "PATH": "/lab/bin"}))
        environment = find_variant("kubeconfig-in-several-files").environment
        assert environment
        variables = environment(lab, tmp_path)
        assert variables["KUBECONFIG"] == f"{tmp_path / 'clusters.yaml'}:{tmp_path / 'contexts.yaml'}"
        assert (variables["KUBEFLOW_LAB_LAB"], variables["PATH"]) == ("existing", "/lab/bin")

    def test_of_a_proxy_names_it_and_the_exceptions(self, tmp_path: Path, make_lab: MakeLab) -> None:
        environment = find_variant("http-proxy").environment
        assert environment
        assert environment(make_lab(), tmp_path) == {
            "http_proxy": "http://127.0.0.1:9",
            "HTTP_PROXY": "http://127.0.0.1:9",
            "no_proxy": "localhost",
            "NO_PROXY": "localhost",
        }


class TestOutcome:
    """The conditions under which a run counts as green."""

    @pytest.fixture
    def directory(self, tmp_path: Path) -> Path:
        """The directory of a run with intact reports."""
        (tmp_path / "junit.xml").write_text(JUNIT)
        (tmp_path / "cucumber.json").write_text(json.dumps(CUCUMBER))
        some_run.run(chapters=[some_run.chapter(some_run.scenario(test=TEST))]).save(tmp_path)
        return tmp_path

    def test_accepts_a_green_run_with_intact_reports(self, directory: Path) -> None:
        assert explain_red(Outcome(3, [], 1, directory)) == ""

    @pytest.mark.parametrize(
        ("outcome", "reason"),
        [
            (Outcome(3, [FailedScenario(TEST, "404")], 1), f"failed: {TEST}"),
            (Outcome(3, [FailedScenario("", "interrupted")], 1), "failed: outside of scenarios"),
            (Outcome(0, [], 1), "no scenario passed"),
            (Outcome(3, [], 1), "the run has written no reports"),
        ],
    )
    def test_rejects_any_other_outcome(self, outcome: Outcome, reason: str) -> None:
        assert explain_red(outcome) == reason

    @pytest.mark.parametrize(
        ("file", "damage", "reason"),
        [
            ("junit.xml", lambda text: text.replace("test", MASK), "a report cannot be read: "),
            ("junit.xml", lambda text: text.replace("steps.test", f"steps.{MASK}"), "a name in junit.xml is redacted"),
            ("junit.xml", lambda _: "<testsuites/>", "junit.xml has no testcase"),
            ("cucumber.json", lambda text: text.replace('"', MASK), "a report cannot be read: "),
            ("cucumber.json", lambda text: text.replace("test site", f"{MASK} site"), "a name in cucumber.json is"),
            ("run.json", lambda text: text.replace('"test"', f'"{MASK}"'), "run.json cannot be read"),
            ("run.json", lambda text: text.replace("steps/test_", f"steps/{MASK}_"), "run.json has a test 'steps/*"),
            ("run.json", lambda text: text.replace("nginx is", f"{MASK} is"), "a name in run.json is redacted"),
        ],
    )
    def test_finds_a_damaged_report(
        self, directory: Path, file: str, damage: Callable[[str], str], reason: str
    ) -> None:
        """A redacted "test", which is Katib's default password, damages each of the three files."""
        report = directory / file
        report.write_text(damage(report.read_text()))
        assert find_damage(directory).startswith(reason)
        assert explain_red(Outcome(3, [], 1, directory)).startswith(reason)

    def test_a_provoked_failure_must_occur(self, directory: Path) -> None:
        failed = [FailedScenario(TEST, "seen 172.20.0.0/24")]
        assert explain_damage_after_failure(Outcome(3, failed, 1, directory)) == ""
        assert explain_damage_after_failure(Outcome(3, [], 1, directory)) == "the run that must fail was green"


class TestLock:
    """Only one tool at a time changes the lab."""

    def test_a_second_change_waits_for_the_first(self, paths: Paths) -> None:
        with (
            hold_changes(paths),
            pytest.raises(LabError, match="waiting for: another tool that changes the lab to end"),
            hold_changes(paths, timeout=0.1),
        ):
            pass
        with hold_changes(paths, timeout=0.1):
            pass


class TestApplication:
    """The steps of a variant on a lab."""

    @pytest.fixture
    def lab(self, make_lab: MakeLab) -> Lab:
        """A lab with the programs of the test."""
        return make_lab()

    def test_steps_are_reverted_in_the_opposite_order(self, lab: Lab, tmp_path: Path) -> None:
        file = tmp_path / "log"
        steps = [run_command("true", f"sh -c 'echo {name} >> {file}'") for name in ("first", "second")]
        with apply_steps(steps, None, lab):
            assert not file.exists()
        assert file.read_text() == "second\nfirst\n"

    def test_a_step_that_fails_is_reported_after_the_others_are_reverted(self, lab: Lab, tmp_path: Path) -> None:
        file = tmp_path / "log"
        steps = [run_command("true", f"touch {file}"), run_command("false", "true")]
        with pytest.raises(NotAppliedError, match="could not be applied: false failed"), apply_steps(steps, None, lab):
            pass
        assert file.exists()

    def test_an_error_of_the_revert_is_no_failure_to_apply(self, lab: Lab) -> None:
        with pytest.raises(LabError) as raised, apply_steps([run_command("true", "false")], None, lab):
            pass
        assert not isinstance(raised.value, NotAppliedError)

    def test_an_edit_of_an_unknown_object_is_reported(self, lab: Lab, write_program: Callable[..., Path]) -> None:
        write_program("kubectl", 'echo "Error from server (NotFound): configmaps \\"dex\\" not found" >&2; exit 1')
        steps = [edit("auth/ConfigMap/dex", "a", "b")]
        with pytest.raises(NotAppliedError, match="NotFound"), apply_steps(steps, None, lab):
            pass
