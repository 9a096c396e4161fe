"""tests/sabotage: the table is sound, and only what names the break in the right scenario counts as caught."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from pytest_bdd.feature import get_features

from lab.kube import Kube
from lab.settings import Settings
from lab.terminal import Terminal
from pages.run import Failure
from tests import some_run
from tests.conftest import REPOSITORY, WriteProgram
from tests.sabotage.__main__ import main, part
from tests.sabotage.outcome import WITHIN, Failed, Outcome, missed, of_run, scenario_of
from tests.sabotage.steps import Ground, deleted, done, edited, made
from tests.sabotage.table import SABOTAGES, Sabotage

CHAPTERS = {Path(one.filename).stem: one for one in get_features([str(REPOSITORY / "features")])}
PARTS = 3
ONE = Sabotage(
    name="one",
    breaks="something",
    chapter="01_network",
    scenario="The network has the range that the tutorial counts on",
    words=("seen 10.0.0.0/8",),
)
NOTICED = Failed(f"{scenario_of(ONE)}[row]", "AssertionError: expected 172.20.0.0/24, seen 10.0.0.0/8")

# A kubectl that knows one object, in a file: `get` shows it, `replace` and `create` take what they are given.
KUBECTL = """
case "$1 $3" in
"get --output=name") test -e {file} && echo thing/one || true ;;
"get "*) cat {file} ;;
"delete "*) rm {file} ;;
*) cat > {file} ;;
esac
"""


class TestTheTable:
    """What is true of the table as it is."""

    def test_there_are_enough_and_their_names_are_their_own(self) -> None:
        assert len(SABOTAGES) >= 24
        assert [name for name, count in Counter(one.name for one in SABOTAGES).items() if count > 1] == []

    @pytest.mark.parametrize("sabotage", SABOTAGES, ids=lambda one: one.name)
    def test_each_expects_a_scenario_that_is_there_and_words(self, sabotage: Sabotage) -> None:
        assert sabotage.scenario in CHAPTERS[sabotage.chapter].scenarios
        assert sabotage.breaks
        assert sabotage.words
        assert all(sabotage.words)
        assert sabotage.steps or sabotage.options

    def test_scenarios_are_found_by_one_name(self) -> None:
        """pytest-bdd gives a number to the second of two whose names are the same for it."""
        names = {(one.chapter, one.scenario): scenario_of(one) for one in SABOTAGES}
        assert len(set(names.values())) == len(names)

    def test_all_chapters_are_broken(self) -> None:
        assert CHAPTERS.keys() == {one.chapter for one in SABOTAGES}

    def test_the_parts_are_all_of_it(self) -> None:
        parts = [part(f"{number}/{PARTS}") for number in range(1, PARTS + 1)]
        assert sorted(one.name for few in parts for one in few) == sorted(one.name for one in SABOTAGES)
        assert max(map(len, parts)) - min(map(len, parts)) <= 1

    @pytest.mark.parametrize("text", ["0/3", "4/3"])
    def test_a_part_that_is_none_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match=f"no part {text}"):
            part(text)

    def test_a_name_that_is_none_is_refused(self, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit, match="2"):
            main(["--only", "no-such-sabotage"])
        assert "no-such-sabotage" in capsys.readouterr().err


class TestWhatCounts:
    """What counts as caught."""

    def test_the_right_scenario_with_the_right_words_in_time(self) -> None:
        assert missed(ONE, Outcome(0, [NOTICED], WITHIN)) == ""

    @pytest.mark.parametrize(
        ("failed", "seconds", "why"),
        [
            ([], 1, "nothing failed"),
            ([Failed("steps/test_02_cluster.py::test_other", NOTICED.words)], 1, "another scenario failed"),
            ([Failed("steps/test_02_cluster.py::test_other", NOTICED.words), NOTICED], 1, "another scenario failed"),
            ([Failed(NOTICED.test, "AssertionError")], 1, "it does not say 'seen 10.0.0.0/8'"),
            ([Failed(NOTICED.test, "waited 20.1 s in vain: it\n  seen: seen 10.0.0.0/8")], 1, "a mere time-out"),
            ([NOTICED], WITHIN + 1, "too late"),
        ],
    )
    def test_nothing_else(self, failed: list[Failed], seconds: float, why: str) -> None:
        assert missed(ONE, Outcome(3, failed, seconds)).startswith(why)


class TestReading:
    """What a run of the features left."""

    def test_a_run_is_told_by_its_facts(self) -> None:
        """The order is the run's: what failed first is what a person meets."""
        green, first, second = (
            some_run.scenario(test="green"),
            some_run.scenario(test="first", status="failed", failure=Failure("what was seen")),
            some_run.scenario(test="second", status="failed", failure=Failure("no ground")),
        )
        outcome = of_run(some_run.run(chapters=[some_run.chapter(green, first, second)], exit_status=1), 1.5)
        assert outcome == Outcome(1, [Failed("first", "what was seen"), Failed("second", "no ground")], 1.5)
        assert not outcome.is_green

    def test_a_run_that_left_nothing_is_not_green(self) -> None:
        assert not of_run(None, 1).is_green

    def test_a_run_that_failed_outside_of_its_scenarios_is_not_green(self) -> None:
        assert not of_run(some_run.run(exit_status=3), 1).is_green


class TestSteps:
    """What is done is taken back, whatever comes between."""

    @pytest.fixture
    def thing(self, tmp_path: Path, write_program: WriteProgram) -> Path:
        """The one object of the cluster."""
        file = tmp_path / "thing.json"
        file.write_text('{"kind": "Thing", "metadata": {"name": "one", "uid": "1"}, "is": "right", "status": {}}')
        write_program("kubectl", KUBECTL.format(file=file))
        return file

    @pytest.fixture
    def ground(self, terminal: Terminal, kube: Kube) -> Ground:
        """The cluster."""
        return Ground(terminal, kube, Settings())

    def test_an_edit(self, thing: Path, ground: Ground) -> None:
        with edited("thing/one", '"right"', '"wrong"')(ground):
            assert thing.read_text() == '{"kind": "Thing", "metadata": {"name": "one"}, "is": "wrong"}'
        assert thing.read_text() == '{"kind": "Thing", "metadata": {"name": "one"}, "is": "right"}'

    def test_an_edit_that_would_change_nothing_is_refused(self, thing: Path, ground: Ground) -> None:
        with pytest.raises(ValueError, match="has no 'left'"), edited("thing/one", "left", "wrong")(ground):
            pass

    def test_a_deletion_also_when_the_run_is_interrupted(self, thing: Path, ground: Ground) -> None:
        def interrupted() -> None:
            with deleted("namespace/thing/one")(ground):
                assert not thing.exists()
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            interrupted()
        assert '"is": "right"' in thing.read_text()

    def test_a_command_that_failed_half_way(self, tmp_path: Path, terminal: Terminal, kube: Kube) -> None:
        file = tmp_path / "made"
        step = done(f"sh -c 'touch {file}; exit 1'", f"rm {file}")
        with pytest.raises(Exception, match="sh failed"), step(Ground(terminal, kube, Settings())):
            pass
        assert not file.exists()

    def test_what_is_made(self, tmp_path: Path, write_program: WriteProgram, ground: Ground) -> None:
        write_program("kubectl", f'echo "$1 $(cat)" >> {tmp_path / "asked"}')
        with made({"kind": "Thing"})(ground):
            pass
        assert (tmp_path / "asked").read_text() == "apply kind: Thing\ndelete kind: Thing\n"
