"""fixtures/reports.py and fixtures/scenarios.py: what a run leaves, and the tables that it prints."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from lab.layers import LedgerRow
from lab.source import StandIn
from lab.versions import Comparison
from tests.small_suite import Ran, run

FEATURE = """
@network
Feature: A lamp
  It gives light.

  Scenario: It is there
    Given a lamp
  Scenario: It is new
    Given a lamp of this release
  @cluster
  Scenario Outline: It shines in a <color> light
    So one sees it.
    Given a lamp
    Then its light is
      | color   |
      | <color> |

    Examples:
      | color |
      | red   |
      | green |
"""
STEPS = """
import time
from lab.layers import LedgerRow
from lab.masking import SECRETS
from lab.terminal import Terminal
from lab.versions import Comparison
from lab.waiting import polling, wait_until

@given("a lamp")
def lamp(ledger):
    if ledger.rows:
        return
    ledger.rows.append(LedgerRow("lamp", "installed", 1.25, "no [lamp] yet"))
    wait_until(polling(lambda: True), bool, 5, "the lamp [a] is green")
    begin = time.monotonic()
    wait_until(polling(lambda: time.monotonic() - begin > 0.2, every=0.01), bool, 5, "the lamp is warm")
    SECRETS.add("hidden-away")
    Terminal().run("echo", "hidden-away", "lamp")

@given("a lamp of this release")
def of_this_release(comparisons):
    for name in ("bulb", "[wire]"):
        comparisons[name] = Comparison(name, "v1.7", "the tag with v2", "v2", "a candle", True)

@then("its light is")
def light(datatable):
    assert len(datatable) == 2
"""


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """One run, which several tests look at."""
    ran = run(tmp_path_factory.mktemp("suite"), FEATURE, STEPS, "--lab=k3d")
    assert ran.exit_status == 0, ran.printed
    return ran


def test_the_layers_the_waits_and_the_stand_ins_are_written_down(done: Ran) -> None:
    facts = done.facts
    assert (facts.lab, facts.release, facts.result, facts.exit_status) == ("k3d", "1.7", "passed", 0)
    assert facts.settings["subnet"] == "172.20.0.0/24"
    assert facts.layers == [LedgerRow("lamp", "installed", 1.25, "no [lamp] yet")]
    assert [wait.what for wait in facts.waits] == ["the lamp is warm", "the lamp [a] is green"]
    assert 0.2 <= facts.waits[0].seconds < facts.seconds
    assert facts.stand_ins == [StandIn(seat="a candle", taken_by="a lamp", images=("docker.io/candle:1",))]


def test_what_was_compared_is_written_down(done: Ran) -> None:
    said = ("v1.7", "the tag with v2", "v2", "a candle", True)
    assert done.facts.components == [Comparison("bulb", *said), Comparison("[wire]", *said)]


def test_chapters_scenarios_and_steps_are_written_down_as_the_feature_has_them(done: Ran) -> None:
    [chapter] = done.facts.chapters
    assert (chapter.file, chapter.name, chapter.description) == ("lamp.feature", "A lamp", "It gives light.")
    assert (chapter.tags, chapter.counts) == (["network"], {"passed": 4})
    assert [(one.name, one.example, one.tags) for one in chapter.scenarios] == [
        ("It is there", {}, []),
        ("It is new", {}, []),
        ("It shines in a red light", {"color": "red"}, ["cluster"]),
        ("It shines in a green light", {"color": "green"}, ["cluster"]),
    ]
    last = chapter.scenarios[-1]
    assert (last.line, last.description) == (11, "So one sees it.")
    assert [(step.keyword, step.sentence, step.table, step.status) for step in last.steps] == [
        ("Given", "a lamp", [], "passed"),
        ("Then", "its light is", [["color"], ["green"]], "passed"),
    ]


def test_the_time_of_a_step_has_what_is_waited_for_in_it(done: Ran) -> None:
    first = done.facts.scenarios[0]
    assert 0.2 <= first.steps[0].seconds <= first.seconds < done.facts.seconds


def test_commands_are_written_down_with_when_and_how_long(done: Ran) -> None:
    [command] = json.loads((done.latest / "commands.json").read_text())
    assert command.keys() == {"command", "layer", "begin", "seconds"}
    assert command["command"] == "echo '********' lamp"
    assert 0 < command["begin"] < command["begin"] + command["seconds"] < done.facts.seconds
    assert [one.command for one in done.facts.commands] == [command["command"]]


def test_the_suite_s_own_work_is_the_whole_without_waits_and_programs(done: Ran) -> None:
    facts = done.facts
    spent = sum(wait.seconds for wait in facts.waits) + sum(command.seconds for command in facts.commands)
    assert facts.own_seconds == pytest.approx(facts.seconds - spent)


@pytest.mark.parametrize(
    "line",
    [
        r"a candle\s+a lamp",
        r"bulb\s+v1\.7\s+v2\s+a candle\s+the tag with v2",
        r"\[wire\]\s+v1\.7\s+v2\s+the same\s+the tag with v2",
        r"lamp\s+installed\s+1\.2\s+no \[lamp\] yet",
        r"the lamp is warm\s+0\.[23]",
        r"the lamp \[a\] is green\s+0\.0",
        r"s in all, of which the suite's own work",
        r"reports: reports/\d{4}-[-_\d]+/report\.html",
    ],
)
def test_a_person_is_shown_the_same_as_it_is(done: Ran, line: str) -> None:
    assert re.search(line, done.printed)


def test_all_files_are_in_the_same_folder(done: Ran) -> None:
    expected = {"junit.xml", "cucumber.json", "run.json", "commands.json", "report.html"}
    assert {file.name for file in done.latest.iterdir()} == expected
    cases = re.findall(r'<testcase [^>]*\bname="([^"]*)"', (done.latest / "junit.xml").read_text())
    assert cases[:2] == ["test_it_is_there", "test_it_is_new"]
    [feature] = json.loads((done.latest / "cucumber.json").read_text())
    assert feature["name"] == "A lamp"


def test_where_no_versions_were_compared_there_is_no_table_of_them(tmp_path: Path, done: Ran) -> None:
    assert "Components" in done.printed
    ran = run(tmp_path, FEATURE, STEPS, "--lab=k3d", "-k", "there")
    assert "Components" not in ran.printed
    assert ran.facts.left_out == 3


def test_files_that_a_person_asked_for_elsewhere_are_there_and_the_last_run_is_the_latest(tmp_path: Path) -> None:
    earlier = tmp_path / "reports/2020-01-01_00-00-00"
    earlier.mkdir(parents=True)
    (tmp_path / "reports/latest").symlink_to(earlier.name)
    second = run(tmp_path, FEATURE, STEPS, "--lab=k3d", "--junitxml=elsewhere.xml")
    assert (tmp_path / "elsewhere.xml").is_file()
    assert "junit.xml" not in {file.name for file in second.latest.iterdir()}
    assert (second.latest / "cucumber.json").is_file()
    assert earlier.is_dir()
    assert list(earlier.iterdir()) == []
