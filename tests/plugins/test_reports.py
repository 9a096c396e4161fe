"""plugins/reports.py and plugins/scenarios.py: the reports of a run, and the tables that it prints."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from lab.config.source import StandIn
from lab.k8s.versions import Comparison
from lab.layers.base import LedgerRow
from tests.small_suite import Result, run

FEATURE = """
@network
Feature: The nginx site
  It serves a page.

  Scenario: nginx is running
    Given nginx is running
  Scenario: nginx has the version of this release
    Given nginx has the version of this release
  @cluster
  Scenario Outline: nginx serves the page in <language>
    All languages have a page.
    Given nginx is running
    Then its pages are
      | language   |
      | <language> |

    Examples:
      | language |
      | English  |
      | Italian  |
"""
STEPS = """
import time
from lab.k8s.versions import Comparison
from lab.layers.base import LedgerRow
from lab.run.waiting import poll, wait_until

@given("nginx is running")
def check_nginx(context, ledger):
    if ledger.rows:
        return
    ledger.rows.append(LedgerRow("nginx site", "installed", 1.25, "there is no Deployment [nginx]"))
    wait_until(poll(lambda: True), bool, 5, "the pod [nginx] to exist", journal=context.journal)
    begin = time.monotonic()
    wait_until(
        poll(lambda: time.monotonic() - begin > 0.2, every=0.01), bool, 5, "nginx to be ready", journal=context.journal
    )
    context.progress.note("the pod [mysql-1] has ended")
    context.secrets.add("secret-text")
    context.create_shell().run("echo", "secret-text", "nginx")

@given("nginx has the version of this release")
def check_version(comparisons):
    for name in ("nginx", "[mysql]"):
        comparisons[name] = Comparison(name, "v1.7", "the tag with v2", "v2", "sqlite", True)

@then("its pages are")
def check_pages(datatable):
    assert len(datatable) == 2
"""


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """The result of one run, which several tests inspect."""
    finished = run(tmp_path_factory.mktemp("suite"), FEATURE, STEPS, "--lab=k3d")
    assert finished.exit_status == 0, finished.output
    return finished


def test_layers_waits_and_stand_ins_are_recorded(result: Result) -> None:
    facts = result.facts
    assert (facts.lab, facts.release, facts.result, facts.exit_status) == ("k3d", "1.7", "passed", 0)
    assert facts.settings["subnet"] == "172.20.0.0/24"
    assert facts.layers == [LedgerRow("nginx site", "installed", 1.25, "there is no Deployment [nginx]")]
    assert [wait.waiting_for for wait in facts.waits] == ["nginx to be ready", "the pod [nginx] to exist"]
    assert 0.2 <= facts.waits[0].seconds < facts.seconds
    assert facts.notes == ["the pod [mysql-1] has ended"]
    for report in (result.output, (result.latest / "report.html").read_text()):
        assert "the pod [mysql-1] has ended" in report
    [stand_in] = facts.stand_ins
    assert stand_in == StandIn(component="mysql", implemented_by="sqlite", images=("docker.io/library/mysql:8",))


def test_comparisons_are_recorded(result: Result) -> None:
    values = ("v1.7", "the tag with v2", "v2", "sqlite", True)
    assert result.facts.components == [Comparison("nginx", *values), Comparison("[mysql]", *values)]


def test_chapters_scenarios_and_steps_are_recorded(result: Result) -> None:
    [chapter] = result.facts.chapters
    assert (chapter.file, chapter.name, chapter.description) == ("nginx.feature", "The nginx site", "It serves a page.")
    assert (chapter.tags, chapter.counts) == (["network"], {"passed": 4})
    assert [(scenario.name, scenario.example, scenario.tags) for scenario in chapter.scenarios] == [
        ("nginx is running", {}, []),
        ("nginx has the version of this release", {}, []),
        ("nginx serves the page in English", {"language": "English"}, ["cluster"]),
        ("nginx serves the page in Italian", {"language": "Italian"}, ["cluster"]),
    ]
    last = chapter.scenarios[-1]
    assert (last.line, last.description) == (11, "All languages have a page.")
    assert [(step.keyword, step.sentence, step.table, step.status) for step in last.steps] == [
        ("Given", "nginx is running", [], "passed"),
        ("Then", "its pages are", [["language"], ["Italian"]], "passed"),
    ]


def test_time_of_step_includes_its_waits(result: Result) -> None:
    first = result.facts.scenarios[0]
    assert 0.2 <= first.steps[0].seconds <= first.seconds < result.facts.seconds


def test_commands_are_recorded_with_begin_and_duration(result: Result) -> None:
    [command] = json.loads((result.latest / "commands.json").read_text())
    assert command.keys() == {"command", "layer", "begin", "seconds"}
    assert command["command"] == "echo '********' nginx"
    assert 0 < command["begin"] < command["begin"] + command["seconds"] < result.facts.seconds
    assert [fact.command for fact in result.facts.commands] == [command["command"]]


def test_own_seconds_exclude_waits_and_programs(result: Result) -> None:
    facts = result.facts
    others = sum(wait.seconds for wait in facts.waits) + sum(command.seconds for command in facts.commands)
    assert facts.own_seconds == pytest.approx(facts.seconds - others)


@pytest.mark.parametrize(
    "line",
    [
        r"mysql\s+sqlite",
        r"nginx\s+v1\.7\s+v2\s+sqlite\s+the tag with v2",
        r"\[mysql\]\s+v1\.7\s+v2\s+the same\s+the tag with v2",
        r"nginx site\s+installed\s+1\.2\s+there is no Deployment \[nginx\]",
        r"nginx to be ready\s+0\.[23]",
        r"the pod \[nginx\] to exist\s+0\.0",
        r"\d s in total, \d+\.\d s of it in the suite itself",
        r"the lab was removed\n",
        r"reports: reports/\d{4}-[-_\d]+/report\.html",
    ],
)
def test_terminal_shows_facts(result: Result, line: str) -> None:
    assert re.search(line, result.output)


@pytest.mark.parametrize(
    "columns",
    [
        "component implemented by",
        "component release installed implemented by compared",
        "layer status seconds reason",
        "waiting for seconds",
    ],
)
def test_terminal_shows_tables(result: Result, columns: str) -> None:
    assert columns in {" ".join(line.split()) for line in result.output.splitlines()}


def test_all_files_are_in_one_directory(result: Result) -> None:
    expected = {"junit.xml", "cucumber.json", "run.json", "commands.json", "report.html"}
    assert {file.name for file in result.latest.iterdir()} == expected
    cases = re.findall(r'<testcase [^>]*\bname="([^"]*)"', (result.latest / "junit.xml").read_text())
    assert cases[:2] == ["test_nginx_is_running", "test_nginx_has_the_version_of_this_release"]
    [feature] = json.loads((result.latest / "cucumber.json").read_text())
    assert feature["name"] == "The nginx site"


def test_table_of_components_requires_comparisons(tmp_path: Path, result: Result) -> None:
    assert "Components" in result.output
    finished = run(tmp_path, FEATURE, STEPS, "--lab=k3d", "-k", "running")
    assert "Components" not in finished.output
    assert finished.facts.deselected == 3


def test_requested_junit_file_is_written_elsewhere(tmp_path: Path) -> None:
    earlier = tmp_path / "reports/2020-01-01_00-00-00"
    earlier.mkdir(parents=True)
    (tmp_path / "reports/latest").symlink_to(earlier.name)
    second = run(tmp_path, FEATURE, STEPS, "--lab=k3d", "--junitxml=elsewhere.xml")
    assert (tmp_path / "elsewhere.xml").is_file()
    assert "junit.xml" not in {file.name for file in second.latest.iterdir()}
    assert (second.latest / "cucumber.json").is_file()
    assert earlier.is_dir()
    assert list(earlier.iterdir()) == []
