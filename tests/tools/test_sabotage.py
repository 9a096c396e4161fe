"""tools/sabotage: the table is consistent, steps are reverted, and only the expected error counts as a detection."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from pytest_bdd.feature import get_features

from lab.context import Lab
from lab.errors import ProgramError, WaitTimeoutError
from pages.run import Failure
from tests import some_run
from tests.conftest import REPOSITORY, MakeLab, WriteProgram
from tests.test_features import run_pytest_in_copy
from tools.sabotage.__main__ import main, select_part
from tools.sabotage.outcome import DETECTION_TIMEOUT, FailedScenario, Outcome, expected_test, explain_miss
from tools.sabotage.steps import create, delete, edit, run_command
from tools.sabotage.table import SABOTAGES, Sabotage

CHAPTERS = {Path(feature.filename).stem: feature for feature in get_features([str(REPOSITORY / "features")])}
PARTS = 3
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
OTHER_TEST = "steps/test_02_cluster.py::test_the_cluster_is_ready_for_use"

# A kubectl that knows one object, in a file: `get` prints it, `replace` and `create` write it.
KUBECTL = """
case "$1 $3" in
"get --output=name") test -e {file} && echo deployment.apps/nginx || true ;;
"get "*) cat {file} ;;
"delete "*) rm {file} ;;
*) cat > {file} ;;
esac
"""


class TestTable:
    """The table of sabotages."""

    def test_has_forty_sabotages_with_distinct_names(self) -> None:
        assert len(SABOTAGES) == 40
        assert [name for name, count in Counter(sabotage.name for sabotage in SABOTAGES).items() if count > 1] == []

    @pytest.mark.parametrize("sabotage", SABOTAGES, ids=lambda sabotage: sabotage.name)
    def test_expects_words_from_a_scenario_of_the_chapter(self, sabotage: Sabotage) -> None:
        assert sabotage.scenario in CHAPTERS[sabotage.chapter].scenarios
        assert sabotage.fault
        assert sabotage.expected_words
        assert all(sabotage.expected_words)
        assert sabotage.steps or sabotage.options

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

    def test_parts_cover_the_table_evenly(self) -> None:
        parts = [select_part(f"{number}/{PARTS}") for number in range(1, PARTS + 1)]
        names = [sabotage.name for part in parts for sabotage in part]
        assert sorted(names) == sorted(sabotage.name for sabotage in SABOTAGES)
        assert max(map(len, parts)) - min(map(len, parts)) <= 1

    @pytest.mark.parametrize("text", ["0/3", "4/3"])
    def test_rejects_an_unknown_part(self, text: str) -> None:
        with pytest.raises(ValueError, match=f"no part {text}"):
            select_part(text)

    def test_rejects_an_unknown_name(self, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit, match="2"):
            main(["--only", "no-such-sabotage"])
        assert "no-such-sabotage" in capsys.readouterr().err


class TestDetection:
    """The conditions under which a sabotage counts as detected."""

    def test_accepts_the_expected_error_in_time(self) -> None:
        assert explain_miss(SABOTAGE, Outcome(0, [DETECTED], DETECTION_TIMEOUT)) == ""

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
        assert explain_miss(SABOTAGE, Outcome(3, failed, seconds)).startswith(reason)


class TestOutcome:
    """The outcome of a run, from its facts."""

    def test_has_the_failed_scenarios_in_the_order_of_the_run(self) -> None:
        passed, first, second = (
            some_run.scenario(test="passed"),
            some_run.scenario(
                test="first", status="failed", failure=Failure("not ready", error_type="WaitTimeoutError")
            ),
            some_run.scenario(test="second", status="failed", failure=Failure("no pods", error_type="AssertionError")),
        )
        run = some_run.run(chapters=[some_run.chapter(passed, first, second)], exit_status=1)
        outcome = Outcome.from_run(run, 1.5)
        failed = [
            FailedScenario("first", "not ready", "WaitTimeoutError"),
            FailedScenario("second", "no pods", "AssertionError"),
        ]
        assert outcome == Outcome(1, failed, 1.5)
        assert not outcome.is_green

    def test_is_not_green_without_facts(self) -> None:
        assert not Outcome.from_run(None, 1).is_green

    def test_is_not_green_after_a_failure_outside_of_scenarios(self) -> None:
        assert not Outcome.from_run(some_run.run(exit_status=3), 1).is_green


class TestSteps:
    """Steps revert their changes, whatever happens meanwhile."""

    @pytest.fixture
    def deployment(self, tmp_path: Path, write_program: WriteProgram) -> Path:
        """The file of the only object in the cluster."""
        file = tmp_path / "deployment.json"
        file.write_text(
            '{"kind": "Deployment", "metadata": {"name": "nginx", "uid": "1"}, "image": "v1", "status": {}}'
        )
        write_program("kubectl", KUBECTL.format(file=file))
        return file

    @pytest.fixture
    def lab(self, make_lab: MakeLab) -> Lab:
        """A lab with the programs of the test."""
        return make_lab()

    def test_an_edit_is_reverted(self, deployment: Path, lab: Lab) -> None:
        with edit("default/Deployment/nginx", '"v1"', '"v2"')(lab):
            assert deployment.read_text() == '{"kind": "Deployment", "metadata": {"name": "nginx"}, "image": "v2"}'
        assert deployment.read_text() == '{"kind": "Deployment", "metadata": {"name": "nginx"}, "image": "v1"}'

    def test_an_edit_without_effect_is_rejected(self, deployment: Path, lab: Lab) -> None:
        step = edit("default/Deployment/nginx", "v3", "v2")
        with pytest.raises(ValueError, match="Deployment nginx in default does not contain 'v3'"), step(lab):
            pass

    def test_a_deletion_is_reverted_after_an_interrupt(self, deployment: Path, lab: Lab) -> None:
        def delete_and_interrupt() -> None:
            with delete("default/Deployment/nginx")(lab):
                assert not deployment.exists()
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            delete_and_interrupt()
        assert '"image": "v1"' in deployment.read_text()

    def test_a_command_is_reverted_if_it_fails_halfway(self, tmp_path: Path, lab: Lab) -> None:
        file = tmp_path / "created"
        step = run_command(f"sh -c 'touch {file}; exit 1'", f"rm {file}")
        with pytest.raises(ProgramError, match="sh failed"), step(lab):
            pass
        assert not file.exists()

    def test_created_objects_are_deleted(self, tmp_path: Path, write_program: WriteProgram, lab: Lab) -> None:
        write_program("kubectl", f'echo "$1 $(cat)" >> {tmp_path / "commands"}')
        with create({"kind": "Deployment"})(lab):
            pass
        assert (tmp_path / "commands").read_text() == "apply kind: Deployment\ndelete kind: Deployment\n"
