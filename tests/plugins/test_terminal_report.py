"""plugins/terminal_report.py, failures.py and github.py: a failed scenario on the terminal, in files and in a job."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lab.evidence.known_failures import Diagnosis
from pages.run import Failure
from tests.small_suite import CONFTEST_WITH_LAB, Result, run

FEATURE = """@network
Feature: The nginx site
  Scenario: nginx is running
    Given nginx is running
  Scenario: Its page is 100%: complete
    Given nginx is running
    Then its page is
      | title |
      | Hello |
    And it is fast
"""
ERROR = (
    'raise WaitTimeoutError("no page", expected="a page", seen="404", remedy="read `kubectl logs deployment/nginx`")'
)
STEPS = f"""
from lab.errors import WaitTimeoutError

@given("nginx is running")
def check_nginx():
    pass

@then("its page is")
def check_page(datatable):
    {ERROR}

@then("it is fast")
def check_speed():
    pass
"""
DIAGNOSIS = """
import pytest
from dataclasses import replace
from lab.evidence.known_failures import Diagnosis

@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    failures = run_state(item.config).failures
    if report.failed:
        diagnosis = Diagnosis("no-image", "the image is missing", "build it", "nginx/nginx#7", "ErrImagePull")
        failures[item.nodeid] = replace(
            failures[item.nodeid], error="no page", diagnoses=[diagnosis], files=["failures/page/events.txt"]
        )
    return report
"""
REMEDY = "read `python -m lab exec -- kubectl logs deployment/nginx`"
SHOWN = f"""
    Scenario: Its page is 100%: complete
      ✓ Given nginx is running (0.0 s)
      ✗ Then its page is (0.0 s)
          | title |
          | Hello |
          no page
            expected:   a page
            seen:       404
            what to do: {REMEDY}
      – And it is fast
"""


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """The result of a run on a terminal."""
    return run(tmp_path_factory.mktemp("suite"), FEATURE, STEPS, "--lab=k3d")


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """The result of a run in a job of GitHub Actions, with a diagnosis and evidence."""
    directory = tmp_path_factory.mktemp("suite")
    environment = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(directory / "summary.md")}
    conftest = CONFTEST_WITH_LAB + DIAGNOSIS
    return run(directory, FEATURE, STEPS, "--lab=k3d", conftest=conftest, environment=environment)


def test_failed_scenario_is_shown_with_steps_and_error(failed: Result) -> None:
    assert SHOWN in failed.output


def test_passed_scenario_is_shown_on_one_line(failed: Result) -> None:
    assert "    Scenario: nginx is running PASSED\n" in failed.output
    assert "✓ Given nginx is running" not in failed.output.partition("nginx is running PASSED")[0]


def test_failed_run_mentions_keep_lab(failed: Result) -> None:
    assert "\nthe lab was removed; run again with `--keep-lab` to keep it for inspection\n" in failed.output


def test_kept_lab_is_mentioned_with_its_commands(tmp_path: Path) -> None:
    keep = "    run_state(session.config).lab.state.save(state.context.paths)\n"
    options = ("--lab=k3d", "--name=other", "--subnet=172.21.0.0/24")
    finished = run(tmp_path, FEATURE, STEPS, *options, conftest=CONFTEST_WITH_LAB + keep)
    command = "python -m lab --name other"
    assert f"\nthe lab is kept: `{command} status` describes it, `{command} down` removes it\n" in finished.output


def test_error_is_recorded_with_its_parts(failed: Result) -> None:
    [scenario] = failed.facts.failed
    assert scenario.failure == Failure(
        error=f"no page\n  expected:   a page\n  seen:       404\n  what to do: {REMEDY}",
        error_type="WaitTimeoutError",
        headline="no page",
        seen="404",
        remedy=REMEDY,
    )


def test_remedy_is_adapted_once_in_every_file(failed: Result) -> None:
    [feature] = json.loads((failed.latest / "cucumber.json").read_text())
    files = [(failed.latest / name).read_text() for name in ("run.json", "report.html", "junit.xml")]
    for text in (failed.output, str(feature), *files):
        assert REMEDY in text
        assert text.count("kubectl logs") == text.count("python -m lab exec -- kubectl logs")


def test_commands_of_assertion_are_adapted(tmp_path: Path) -> None:
    steps = STEPS.replace(ERROR, 'assert False, "no page, see `kubectl get pods`"')
    finished = run(tmp_path, FEATURE, steps, "--lab=k3d")
    [scenario] = finished.facts.failed
    assert scenario.failure is not None
    assert (scenario.failure.error_type, scenario.failure.remedy) == ("AssertionError", "")
    assert scenario.failure.headline == "no page, see `python -m lab exec -- kubectl get pods`"
    assert "AssertionError: no page, see `python -m lab exec -- kubectl get pods`" in finished.output


def test_other_exception_is_recorded_with_its_type(tmp_path: Path) -> None:
    finished = run(
        tmp_path, FEATURE, STEPS.replace("raise WaitTimeoutError", "raise OSError(7, 'broken') #"), "--lab=k3d"
    )
    [scenario] = finished.facts.failed
    assert scenario.failure is not None
    assert scenario.failure.error_type == "OSError"
    assert scenario.failure.error == "OSError: [Errno 7] broken"


def test_failure_before_first_step_is_shown_above_steps(tmp_path: Path) -> None:
    fixture = "@pytest.fixture(autouse=True)\ndef network():\n    raise WaitTimeoutError('no network')\n"
    finished = run(tmp_path, FEATURE, STEPS + fixture, "--lab=k3d", "-k", "complete")
    lines = [
        "    Scenario: Its page is 100%: complete",
        "      no network",
        "      – Given nginx is running",
        "      – Then its page is",
    ]
    assert "\n".join(lines) in finished.output
    [scenario] = finished.facts.failed
    assert scenario.failure is not None
    assert scenario.failure.error == "no network"


def test_skipped_scenario_is_recorded_with_reason(tmp_path: Path) -> None:
    first, second = "  Scenario: nginx is running", "  Scenario: Its page"
    head, _, rest = FEATURE.replace("@network\n", "").partition(first)
    passing, _, failing = rest.partition(second)
    feature = f"{head}  @network\n{second}{failing}  @cluster\n{first}{passing}"
    finished = run(tmp_path, feature, STEPS, "--lab=k3d")
    skipped = finished.facts.scenarios[1]
    assert skipped.status == "skipped"
    assert skipped.reason == 'chapter network failed in scenario "Its page is 100%: complete"'
    assert [step.status for step in skipped.steps] == ["not run"]
    assert f": {skipped.reason}\n" in finished.output


def test_run_outside_of_job_writes_no_workflow_commands(failed: Result) -> None:
    assert "\n::" not in failed.output


def test_job_log_has_group_for_chapter(job: Result) -> None:
    lines = job.output.splitlines()
    begin, end = lines.index("::group::The nginx site"), lines.index("::endgroup::")
    assert begin < lines.index("    Scenario: nginx is running PASSED") < end
    assert begin < next(number for number, line in enumerate(lines) if line.startswith("::error ")) < end


def test_job_annotates_feature_at_line_of_scenario(job: Result) -> None:
    [line] = [line for line in job.output.splitlines() if line.startswith("::error ")]
    assert line == (
        "::error file=nginx.feature,line=5,title=Its page is 100%25%3A complete::"
        "no page%0Athe image is missing%0A  what to do: build it"
    )


@pytest.mark.parametrize(
    "text",
    [
        "## Kubeflow 1.7: failed",
        "1 passed, 1 failed in ",
        "| The nginx site | 1 passed, 1 failed | ",
        "### Its page is 100%: complete",
        "Failed step: Then its page is",
        "```text\nno page\n```",
        "- **no-image**: the image is missing\n  - seen: ErrImagePull\n  - what to do: build it",
        "  - reference: nginx/nginx\\#7",
    ],
)
def test_job_has_summary(job: Result, text: str) -> None:
    assert text in (job.directory / "summary.md").read_text()


def test_diagnosis_and_evidence_are_in_facts_and_report(job: Result) -> None:
    [scenario] = job.facts.failed
    assert scenario.failure is not None
    assert scenario.failure.files == ["failures/page/events.txt"]
    assert scenario.failure.diagnoses == [
        Diagnosis("no-image", "the image is missing", "build it", "nginx/nginx#7", "ErrImagePull")
    ]
    page = (job.latest / "report.html").read_text()
    assert '<a href="failures/page/events.txt">' in page
    assert "the image is missing" in page
