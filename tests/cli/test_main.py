"""cli/main.py: the command line as a whole, its errors, and its small commands."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from cli.invocation import CommandGroup, Invocation
from cli.main import main
from lab import releases
from lab.config.paths import Paths
from lab.errors import LabError
from tests.cli.conftest import RunCli

COMMANDS = ["status", "exec", "shell", "down", "clean", "preflight", "password", "browser", "kit", "plan", "releases"]


def test_the_help_describes_every_command_in_one_line(run_cli: RunCli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = run_cli("--help").stdout.partition("Commands:\n")[2].splitlines()
    assert [line.split()[0] for line in lines] == COMMANDS
    assert all(line.endswith(".") and not line.endswith("...") for line in lines)


def test_the_help_of_exec_has_examples(run_cli: RunCli) -> None:
    assert "kubeflow-lab exec -- kubectl get pods -A\n" in run_cli("exec", "--help").stdout


@pytest.mark.parametrize("command", [["kubeflow-lab"], ["python", "-m", "lab"]])
def test_both_names_of_the_command_line_are_the_same(command: list[str]) -> None:
    command = [str(Path(sys.executable).parent / command[0]), *command[1:], "releases", "1.9"]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(result.stdout)[0]["release"] == "1.9"


def test_an_unknown_command_is_a_usage_error(run_cli: RunCli) -> None:
    result = run_cli("no-such-command")
    assert result.exit_code == 2
    assert "No such command 'no-such-command'" in result.stderr


def test_an_invalid_name_is_an_error(run_cli: RunCli) -> None:
    result = run_cli("--name=Not_A_Name", "status")
    assert result.exit_code == 1
    assert "--name Not_A_Name: a name has at most 20 characters" in result.stderr


def test_errors_show_commands_that_work_in_the_lab() -> None:
    @click.group(cls=CommandGroup)
    @click.pass_context
    def group(ctx: click.Context) -> None:
        ctx.obj = Invocation("second")

    @group.command("fail")
    @click.pass_obj
    def fail(invocation: Invocation) -> None:
        invocation.create_context(lab="k3d")
        raise LabError("it failed", remedy="`kubectl get pods`")

    result = CliRunner().invoke(group, ["fail"])
    assert result.exit_code == 1
    assert result.stderr == "it failed\n  what to do: `python -m lab --name second exec -- kubectl get pods`\n"


def test_releases_are_printed_as_one_line_of_json(run_cli: RunCli) -> None:
    result = run_cli("releases")
    assert result.exit_code == 0
    [line] = result.stdout.splitlines()
    rows = json.loads(line)
    assert [row["release"] for row in rows] == releases.list_names()
    assert all({"k3d", "helm", "kubectl", "kustomize"} < set(row) for row in rows)


def test_given_releases_are_printed_in_the_given_order(run_cli: RunCli) -> None:
    assert [row["release"] for row in json.loads(run_cli("releases", "1.9", "1.8").stdout)] == ["1.9", "1.8"]


def test_an_unknown_release_is_an_error(run_cli: RunCli) -> None:
    result = run_cli("releases", "0.1")
    assert result.exit_code == 1
    assert result.stderr.startswith("Kubeflow 0.1 is not supported by this suite\n")


def test_kit_builds_the_given_items(run_cli: RunCli, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    monkeypatch.setattr("cli.kit.print_inventory", lambda context, items: calls.append((context.paths.name, items)))
    assert run_cli("--name=second", "kit", "programs/helm", "charts/metallb").exit_code == 0
    assert calls == [("second", ("programs/helm", "charts/metallb"))]


def test_all_commands_are_those_of_the_tests() -> None:
    assert list(main.commands) == COMMANDS


def test_kit_is_checked_without_building_it(run_cli: RunCli, paths: Paths) -> None:
    result = run_cli("kit", "--check", "--release=1.10")
    assert (result.exit_code, result.stdout) == (1, "the kit of Kubeflow 1.10 is not built completely\n")
    assert not list(paths.kit.glob("*"))
