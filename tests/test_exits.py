"""fixtures/exits.py: the exit status of each way in which a run can end."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.exit_status import ExitStatus
from tests.small_suite import CONFTEST, run

FEATURE = """@network
Feature: A lamp
  Scenario: It is there
    Given a lamp
"""
STEPS = """
from lab.errors import LabError

@given("a lamp")
def lamp(request):
    {does}
"""
NO_LAYER = "error = LabError('no power'); error.layer = 'power'; raise error"
UNFIT = """
from fixtures.exits import NOT_FIT

@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtestloop(session):
    session.config.stash[NOT_FIT] = "there is too little memory"
    if session.config.stash[NOT_FIT]:
        raise pytest.UsageError("there is too little memory")
    return (yield)
"""
WITHOUT_SITE = "def pytest_sessionstart(session): pass"


def test_they_do_not_collide_with_pytest_s() -> None:
    """Where a number is pytest's, it means the same."""
    same = {
        ExitStatus.GREEN: pytest.ExitCode.OK,
        ExitStatus.FAILED: pytest.ExitCode.TESTS_FAILED,
        ExitStatus.INTERRUPTED: pytest.ExitCode.INTERRUPTED,
        ExitStatus.INTERNAL_ERROR: pytest.ExitCode.INTERNAL_ERROR,
        ExitStatus.WRONG_OPTIONS: pytest.ExitCode.USAGE_ERROR,
        ExitStatus.NOTHING_CHOSEN: pytest.ExitCode.NO_TESTS_COLLECTED,
    }
    assert all(int(mine) == int(theirs) for mine, theirs in same.items())
    assert {int(status) for status in set(ExitStatus) - same.keys()}.isdisjoint(map(int, pytest.ExitCode))


@pytest.mark.parametrize(
    ("does", "options", "status", "result"),
    [
        ("pass", (), ExitStatus.GREEN, "passed"),
        ("assert False, 'dark'", (), ExitStatus.FAILED, "failed"),
        ("raise LabError('no light')", (), ExitStatus.FAILED, "failed"),
        ("raise KeyboardInterrupt", (), ExitStatus.INTERRUPTED, "interrupted"),
        (NO_LAYER, (), ExitStatus.NO_LAB, "the lab could not be had"),
        (NO_LAYER, ("--verify-only",), ExitStatus.FAILED, "failed"),
    ],
)
def test_a_run_tells_by_its_exit_status_and_its_report_how_it_ended(
    does: str, options: tuple[str, ...], status: ExitStatus, result: str, tmp_path: Path
) -> None:
    ran = run(tmp_path, FEATURE, STEPS.format(does=does), "--lab=k3d", *options)
    assert ran.exit_status == status, ran.printed
    assert (ran.facts.exit_status, ran.facts.result) == (status, result)
    assert f"<em>{result}</em>" in (ran.latest / "report.html").read_text()


def test_where_there_is_no_site_at_all_there_is_no_lab(tmp_path: Path) -> None:
    steps = STEPS.format(does=NO_LAYER)
    ran = run(tmp_path, FEATURE, steps, "--lab=k3d", "--verify-only", conftest=WITHOUT_SITE)
    assert ran.exit_status == ExitStatus.NO_LAB
    assert ran.facts.layers == []
    assert "the lab could not be had" in (ran.latest / "report.html").read_text()


@pytest.mark.parametrize(
    ("options", "status"),
    [(("--release=0.1",), ExitStatus.WRONG_OPTIONS), (("-k", "nothing"), ExitStatus.NOTHING_CHOSEN)],
)
def test_a_run_that_tries_nothing_leaves_no_report(
    options: tuple[str, ...], status: ExitStatus, tmp_path: Path
) -> None:
    ran = run(tmp_path, FEATURE, STEPS.format(does="pass"), "--lab=k3d", *options)
    assert ran.exit_status == status
    assert not (ran.latest / "report.html").exists()


def test_a_machine_that_is_not_fit_has_a_status_of_its_own_and_says_why_once(tmp_path: Path) -> None:
    ran = run(tmp_path, FEATURE, STEPS.format(does="pass"), "--lab=k3d", conftest=CONFTEST + UNFIT)
    assert ran.exit_status == ExitStatus.NOT_FIT
    assert ran.printed.count("there is too little memory") == 1
    assert not (ran.folder / "reports/latest").exists()


def test_a_job_is_told_that_nothing_was_tried(tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    environment = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary)}
    steps = STEPS.format(does="pass")
    ran = run(tmp_path, FEATURE, steps, "--lab=k3d", conftest=CONFTEST + UNFIT, environment=environment)
    told = "The environment is not fit, nothing was tried"
    assert f"::error title={told.replace(',', '%2C')}::there is too little memory\n" in ran.printed
    assert summary.read_text() == f"## {told}\n\n```text\nthere is too little memory\n```\n"
