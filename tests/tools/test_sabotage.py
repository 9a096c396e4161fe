"""tools/sabotage: the table is consistent, and only the expected error counts as a detection."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from pytest_bdd.feature import get_features

from lab import releases
from lab.errors import WaitTimeoutError
from tests.conftest import REPOSITORY
from tests.test_features import run_pytest_in_copy
from tools.features import FailedScenario, Outcome
from tools.sabotage.__main__ import main
from tools.sabotage.outcome import DETECTION_TIMEOUT, expected_test, explain_miss, list_expected_tests
from tools.sabotage.sabotage import FIRST_USE_OF_ENTRY_POINTS, REPLACEMENTS, Sabotage
from tools.sabotage.table import SABOTAGES

CHAPTERS = {Path(feature.filename).stem: feature for feature in get_features([str(REPOSITORY / "features")])}
SABOTAGE = Sabotage(
    name="subnet-differs",
    fault="the network has another subnet",
    chapter="01_network",
    scenario="The network has the subnet and the gateway of the tutorial",
    expected_words=("seen 10.0.0.0/8",),
)
DETECTED = FailedScenario(
    f"{expected_test(SABOTAGE)}[row]", "expected 172.20.0.0/24, seen 10.0.0.0/8", AssertionError.__name__
)
RELEASE = releases.load("1.7")
OTHER_TEST = "steps/test_02_cluster.py::test_the_cluster_is_ready_for_use"


class TestTable:
    """The table of sabotages."""

    def test_names_are_distinct(self) -> None:
        assert [name for name, count in Counter(sabotage.name for sabotage in SABOTAGES).items() if count > 1] == []

    @pytest.mark.parametrize("sabotage", SABOTAGES, ids=lambda sabotage: sabotage.name)
    def test_expects_words_from_a_scenario_of_the_chapter(self, sabotage: Sabotage) -> None:
        assert sabotage.scenario in CHAPTERS[sabotage.chapter].scenarios
        assert sabotage.fault
        assert sabotage.expected_words
        assert all(sabotage.expected_words)
        assert sabotage.steps or sabotage.options

    @pytest.mark.parametrize("name", REPLACEMENTS)
    def test_replaces_scenarios_by_existing_ones(self, name: str) -> None:
        assert all(scenario in CHAPTERS[chapter].scenarios for chapter, scenario in REPLACEMENTS[name])

    def test_names_only_scenarios_that_pytest_collects(self, tmp_path: Path) -> None:
        result = run_pytest_in_copy(tmp_path, "--collect-only", "-qq")
        collected = {line.partition("[")[0] for line in result.stdout.splitlines() if "::" in line}
        missing = {expected_test(sabotage) for sabotage in SABOTAGES} - collected
        assert missing == set(), result.stdout + result.stderr

    def test_scenarios_of_one_chapter_have_distinct_tests(self) -> None:
        """pytest-bdd appends a number to the second of two scenarios whose names become the same function name."""
        tests = {(sabotage.chapter, sabotage.scenario): expected_test(sabotage) for sabotage in SABOTAGES}
        assert len(set(tests.values())) == len(tests)

    def test_has_a_sabotage_for_each_chapter(self) -> None:
        assert CHAPTERS.keys() == {sabotage.chapter for sabotage in SABOTAGES}


class TestSelection:
    """The selection of sabotages on the command line."""

    def test_rejects_an_unknown_name(self, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit, match="2"):
            main(["--only", "no-such-sabotage"])
        assert "no-such-sabotage" in capsys.readouterr().err


class TestDetection:
    """The conditions under which a sabotage counts as detected."""

    def test_accepts_the_expected_error_in_time(self) -> None:
        assert explain_miss(SABOTAGE, Outcome(0, [DETECTED], DETECTION_TIMEOUT), RELEASE) == ""

    def test_requires_the_expected_diagnosis(self) -> None:
        sabotage, recognized = replace(SABOTAGE, diagnosis="DNS"), replace(DETECTED, diagnoses=("DNS",))
        assert explain_miss(sabotage, Outcome(0, [recognized], 1), RELEASE) == ""
        assert (
            explain_miss(sabotage, Outcome(0, [DETECTED], 1), RELEASE) == "the known failure 'DNS' was not recognized"
        )

    @pytest.mark.parametrize(
        ("failed", "seconds", "reason"),
        [
            ([], 1, "no scenario failed"),
            ([FailedScenario(OTHER_TEST, DETECTED.message)], 1, "another scenario failed"),
            ([FailedScenario(OTHER_TEST, DETECTED.message), DETECTED], 1, "another scenario failed"),
            ([FailedScenario(DETECTED.test, "assert False")], 1, "the error does not contain 'seen 10.0.0.0/8'"),
            (
                [FailedScenario(DETECTED.test, DETECTED.message, WaitTimeoutError.__name__)],
                1,
                "the error is merely a time-out",
            ),
            ([DETECTED], DETECTION_TIMEOUT + 1, "too late"),
        ],
    )
    def test_rejects_any_other_outcome(self, failed: list[FailedScenario], seconds: float, reason: str) -> None:
        assert explain_miss(SABOTAGE, Outcome(3, failed, seconds), RELEASE).startswith(reason)

    def test_accepts_another_scenario_only_in_releases_that_lack_the_expected_one(self) -> None:
        sabotage = replace(SABOTAGE, chapter="08_authservice", scenario=FIRST_USE_OF_ENTRY_POINTS)
        of_oauth2_proxy = list_expected_tests(sabotage, releases.load("1.10"))
        assert list_expected_tests(sabotage, RELEASE) == [expected_test(sabotage)]
        failed = replace(DETECTED, test=of_oauth2_proxy[0])
        assert explain_miss(sabotage, Outcome(0, [failed], 1), releases.load("1.10")) == ""
        assert explain_miss(sabotage, Outcome(0, [failed], 1), RELEASE).startswith("another scenario failed")
