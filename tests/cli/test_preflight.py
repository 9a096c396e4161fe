"""cli/preflight.py: the command `preflight`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from cli.preflight import create_options
from lab.config import loading
from lab.config.exit_status import ExitStatus
from lab.config.paths import Paths
from lab.context import RunContext
from lab.preflight.findings import Finding, error, warning
from tests.cli.conftest import RunCli
from tests.conftest import WriteProgram


@pytest.mark.parametrize("program", ["kubectl", "kustomize"])
def test_preflight_lists_all_problems_of_a_run_with_these_options(
    program: str,
    programs: Path,
    write_program: WriteProgram,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    paths: Paths,
) -> None:
    write_program(program, "echo v0.0.1")
    monkeypatch.setenv("PATH", str(programs), prepend=":")
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "no-kubeconfig"))
    command = [sys.executable, "-m", "lab", "preflight", "--lab", "existing", "--release", "1.9"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == ExitStatus.PREFLIGHT_FAILED
    assert result.stdout.startswith("preflight failed, nothing was changed. Fix ")
    kit_version = {"kubectl": "1.29.4", "kustomize": "5.7.1"}[program]
    assert f"{program} {kit_version} is built from its Go module" in result.stdout
    assert "that on PATH has version 0.0.1" in result.stdout
    assert "there is no cluster to verify" in result.stdout
    assert not paths.lab.exists()


def report(monkeypatch: pytest.MonkeyPatch, *findings: Finding) -> None:
    """Let the preflight checks return these findings."""
    monkeypatch.setattr("lab.preflight.checks.run_checks", lambda *_, **__: list(findings))


def test_preflight_passes_without_findings(run_cli: RunCli, monkeypatch: pytest.MonkeyPatch) -> None:
    report(monkeypatch)
    result = run_cli("preflight")
    assert (result.exit_code, result.stdout) == (0, "preflight passed\n")


def test_preflight_passes_with_warnings(run_cli: RunCli, monkeypatch: pytest.MonkeyPatch) -> None:
    report(monkeypatch, warning("the kernel is old"))
    result = run_cli("preflight")
    assert (result.exit_code, result.stdout) == (0, "1 warning:\n\nthe kernel is old\n\npreflight passed\n")


def test_remedies_are_commands_that_work_in_the_kind_of_lab(run_cli: RunCli, monkeypatch: pytest.MonkeyPatch) -> None:
    report(monkeypatch, error("a pod is not ready", remedy="`kubectl get pods` lists it"))
    in_lab, existing = (run_cli("preflight", "--lab", kind).stdout for kind in ("k3d", "existing"))
    assert "`python -m lab exec -- kubectl get pods` lists it" in in_lab
    assert "`kubectl get pods` lists it" in existing


def test_there_is_an_option_for_each_setting() -> None:
    assert [option.name for option in create_options()] == loading.list_options()


def test_an_option_that_is_not_given_is_read_from_the_environment(
    run_cli: RunCli, monkeypatch: pytest.MonkeyPatch
) -> None:
    contexts: list[RunContext] = []

    def run_checks(context: RunContext, *_: object, **__: object) -> list[Finding]:
        contexts.append(context)
        return []

    monkeypatch.setattr("lab.preflight.checks.run_checks", run_checks)
    monkeypatch.setenv("KUBEFLOW_LAB_KEEP_LAB", "true")
    monkeypatch.setenv("KUBEFLOW_LAB_RELEASE", "1.8")
    assert run_cli("preflight", "--release=1.9").exit_code == 0
    assert run_cli("--name=second", "preflight", "--subnet=10.9.0.0/24").exit_code == 0
    first, second = (context.settings for context in contexts)
    assert (first.keep_lab, first.release, first.name) == (True, "1.9", "")
    assert (second.keep_lab, second.release, second.name) == (True, "1.8", "second")


def test_an_invalid_option_is_an_error(run_cli: RunCli) -> None:
    result = run_cli("preflight", "--subnet=nonsense")
    assert result.exit_code == 1
    assert "--subnet nonsense: " in result.stderr
