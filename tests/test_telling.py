"""fixtures/terminal.py and fixtures/github.py: how a failed scenario is told, on a terminal and in a job."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.known_failures import Diagnosis
from tests.small_suite import CONFTEST, Ran, run

FEATURE = """@network
Feature: A lamp
  Scenario: It is there
    Given a lamp
  Scenario: It shines, 100%: bright
    Given a lamp
    Then its light is
      | color |
      | red   |
    And it is warm
"""
STEPS = """
from lab.errors import LabError

@given("a lamp")
def lamp():
    pass

@then("its light is")
def light(datatable):
    raise LabError("no light", expected="red", seen="dark", remedy="change | the bulb")

@then("it is warm")
def warm():
    pass
"""
KEEPS = """
from fixtures.evidence import FAILURES, Failure
from lab.known_failures import Diagnosis
from pathlib import Path

@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.failed:
        known = Diagnosis("bulb", "the bulb is burnt", "take another", "lamps/lamps#7", "a black bulb")
        kept = Failure("Then its light is", "no light [masked]", (known,), (Path("failures/lamp/events.txt"),))
        item.config.stash.setdefault(FAILURES, {})[item.nodeid] = kept
    return report
"""
SHOWN = """
    Scenario: It shines, 100%: bright
      ✓ Given a lamp (0.0 s)
      ✗ Then its light is (0.0 s)
          | color |
          | red |
          no light
            expected:   red
            seen:       dark
            what to do: change | the bulb
      – And it is warm
"""


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """A run on a terminal."""
    return run(tmp_path_factory.mktemp("suite"), FEATURE, STEPS, "--lab=k3d")


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """A run in a job of GitHub Actions, in which the bulb is known to burn."""
    folder = tmp_path_factory.mktemp("suite")
    environment = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(folder / "summary.md")}
    return run(folder, FEATURE, STEPS, "--lab=k3d", conftest=CONFTEST + KEEPS, environment=environment)


def test_a_scenario_that_failed_is_shown_with_its_steps_and_the_finding_at_the_one_that_failed(failed: Ran) -> None:
    assert SHOWN in failed.printed


def test_a_scenario_that_passed_takes_one_line(failed: Ran) -> None:
    assert "    Scenario: It is there PASSED\n" in failed.printed
    assert "✓ Given a lamp" not in failed.printed.partition("It is there PASSED")[0]


def test_a_fixture_that_fails_before_any_step_is_shown_with_no_step_tried(tmp_path: Path) -> None:
    fixture = "import pytest\n@pytest.fixture(autouse=True)\ndef power():\n    raise LabError('no power')\n"
    ran = run(tmp_path, FEATURE, STEPS + fixture, "--lab=k3d", "-k", "shines")
    lines = [
        "    Scenario: It shines, 100%: bright",
        "      no power",
        "      – Given a lamp",
        "      – Then its light is",
    ]
    assert "\n".join(lines) in ran.printed
    [scenario] = ran.facts.failed
    assert scenario.failure is not None
    assert scenario.failure.error == "no power"


def test_what_follows_a_broken_chapter_is_skipped_with_the_reason(tmp_path: Path) -> None:
    above = FEATURE.replace("  Scenario: It is there", "  @cluster\n  Scenario: It is there")
    swapped = above.replace("@network\n", "", 1).replace("  Scenario: It shines", "  @network\n  Scenario: It shines")
    head, _, rest = swapped.partition("  @cluster")
    first, _, second = rest.partition("  @network")
    ran = run(tmp_path, f"{head}  @network{second}  @cluster{first}", STEPS, "--lab=k3d")
    skipped = ran.facts.scenarios[1]
    assert skipped.status == "skipped"
    assert skipped.reason == "not tried: the chapter network failed in the scenario “It shines, 100%: bright”"
    assert [step.status for step in skipped.steps] == ["not tried"]


def test_outside_of_a_job_nothing_is_said_to_a_runner(failed: Ran) -> None:
    assert "\n::" not in failed.printed


def test_a_job_s_log_has_a_group_for_the_chapter(job: Ran) -> None:
    lines = job.printed.splitlines()
    begin, end = lines.index("::group::A lamp"), lines.index("::endgroup::")
    assert begin < lines.index("    Scenario: It is there PASSED") < end
    assert begin < next(n for n, line in enumerate(lines) if line.startswith("::error ")) < end


def test_a_job_gets_an_annotation_at_the_scenario_s_line_with_the_finding_and_what_is_known(job: Ran) -> None:
    [line] = [line for line in job.printed.splitlines() if line.startswith("::error ")]
    assert line == (
        "::error file=lamp.feature,line=5,title=It shines%2C 100%25%3A bright::"
        "no light [masked]%0Athe bulb is burnt%0A  what to do: take another"
    )


@pytest.mark.parametrize(
    "words",
    [
        "## Kubeflow 1.7: failed",
        "1 passed, 1 failed in ",
        "| A lamp | 1 passed, 1 failed | ",
        "### It shines, 100%: bright",
        "The step that failed: Then its light is",
        "```text\nno light [masked]\n```",
        "- **bulb**: the bulb is burnt\n  - seen: a black bulb\n  - what to do: take another",
        "  - reference: lamps/lamps\\#7",
    ],
)
def test_a_job_gets_a_summary(job: Ran, words: str) -> None:
    assert words in (job.folder / "summary.md").read_text()


def test_what_was_kept_of_a_failure_is_in_the_facts_and_on_the_page(job: Ran) -> None:
    [scenario] = job.facts.failed
    assert scenario.failure is not None
    assert scenario.failure.files == ["failures/lamp/events.txt"]
    assert scenario.failure.diagnoses == [
        Diagnosis("bulb", "the bulb is burnt", "take another", "lamps/lamps#7", "a black bulb")
    ]
    page = (job.latest / "report.html").read_text()
    assert '<a href="failures/lamp/events.txt">' in page
    assert "the bulb is burnt" in page
