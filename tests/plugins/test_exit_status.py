"""plugins/exit_status.py and plugins/preflight.py: the exit status for each way in which a run can end."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.config.exit_status import ExitStatus
from tests.small_suite import CONFTEST, CONFTEST_WITH_LAB, run

FEATURE = """@network
Feature: The nginx site
  Scenario: nginx is running
    Given nginx is running
"""
STEPS = """
from lab.errors import LabError

@given("nginx is running")
def check_nginx(request):
    {body}
"""
LAYER_ERROR = "error = LabError('there is no Deployment nginx'); error.layer = 'nginx site'; raise error"
PREFLIGHT_ERROR = """
import pytest
from plugins.run_state import run_state

@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtestloop(session):
    run_state(session.config).preflight_error = "there is too little memory"
    raise pytest.UsageError("there is too little memory")
    yield
"""


def test_exit_statuses_agree_with_pytest() -> None:
    """A number that pytest uses has pytest's meaning."""
    statuses_of_pytest = {
        ExitStatus.PASSED: pytest.ExitCode.OK,
        ExitStatus.FAILED: pytest.ExitCode.TESTS_FAILED,
        ExitStatus.INTERRUPTED: pytest.ExitCode.INTERRUPTED,
        ExitStatus.INTERNAL_ERROR: pytest.ExitCode.INTERNAL_ERROR,
        ExitStatus.USAGE_ERROR: pytest.ExitCode.USAGE_ERROR,
        ExitStatus.NO_SCENARIOS: pytest.ExitCode.NO_TESTS_COLLECTED,
    }
    assert all(int(status) == int(of_pytest) for status, of_pytest in statuses_of_pytest.items())
    own = {int(status) for status in set(ExitStatus) - statuses_of_pytest.keys()}
    assert own.isdisjoint(map(int, pytest.ExitCode))


@pytest.mark.parametrize(
    ("body", "options", "status", "result"),
    [
        ("pass", (), ExitStatus.PASSED, "passed"),
        ("assert False, 'not running'", (), ExitStatus.FAILED, "failed"),
        ("raise LabError('not running')", (), ExitStatus.FAILED, "failed"),
        ("raise KeyboardInterrupt", (), ExitStatus.INTERRUPTED, "interrupted"),
        (LAYER_ERROR, (), ExitStatus.INSTALL_FAILED, "the lab could not be installed"),
        (LAYER_ERROR, ("--verify-only",), ExitStatus.FAILED, "failed"),
    ],
)
def test_exit_status_and_report_agree(
    body: str, options: tuple[str, ...], status: ExitStatus, result: str, tmp_path: Path
) -> None:
    finished = run(tmp_path, FEATURE, STEPS.format(body=body), "--lab=k3d", *options)
    assert finished.exit_status == status, finished.output
    assert (finished.facts.exit_status, finished.facts.result) == (status, result)
    assert f"<em>{result}</em>" in (finished.latest / "report.html").read_text()


def test_missing_lab_is_install_failure_even_if_only_verified(tmp_path: Path) -> None:
    steps = STEPS.format(body=LAYER_ERROR)
    finished = run(tmp_path, FEATURE, steps, "--lab=k3d", "--verify-only", conftest=CONFTEST)
    assert finished.exit_status == ExitStatus.INSTALL_FAILED
    assert finished.facts.layers == []
    assert "the lab could not be installed" in (finished.latest / "report.html").read_text()


@pytest.mark.parametrize(
    ("options", "status"),
    [(("--release=0.1",), ExitStatus.USAGE_ERROR), (("-k", "nothing"), ExitStatus.NO_SCENARIOS)],
)
def test_run_without_scenarios_writes_no_report(options: tuple[str, ...], status: ExitStatus, tmp_path: Path) -> None:
    finished = run(tmp_path, FEATURE, STEPS.format(body="pass"), "--lab=k3d", *options)
    assert finished.exit_status == status
    assert not (finished.latest / "report.html").exists()


def test_preflight_failure_has_its_own_status_and_is_reported_once(tmp_path: Path) -> None:
    steps = STEPS.format(body="pass")
    finished = run(tmp_path, FEATURE, steps, "--lab=k3d", conftest=CONFTEST_WITH_LAB + PREFLIGHT_ERROR)
    assert finished.exit_status == ExitStatus.PREFLIGHT_FAILED
    assert finished.output.count("there is too little memory") == 1
    assert not finished.latest.exists()


def test_preflight_failure_is_reported_to_github(tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    environment = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary)}
    steps, conftest = STEPS.format(body="pass"), CONFTEST_WITH_LAB + PREFLIGHT_ERROR
    finished = run(tmp_path, FEATURE, steps, "--lab=k3d", conftest=conftest, environment=environment)
    title = "The preflight checks failed, nothing was changed"
    assert f"::error title={title.replace(',', '%2C')}::there is too little memory\n" in finished.output
    assert summary.read_text() == f"## {title}\n\n```text\nthere is too little memory\n```\n"
