"""cli/lab.py: the commands for the existing lab."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lab.config.paths import Paths
from lab.run import state
from lab.run.state import LabState, ProcessId
from tests.cli.conftest import RunCli
from tests.conftest import REPOSITORY, WriteProgram

HOLD_LAB = """
import os
from lab.config.paths import Paths
from lab.host.lock import hold_lab
with hold_lab(Paths.from_environment(os.environ)):
    print("holds the lab", flush=True)
    input()
"""


@pytest.fixture
def ended() -> ProcessId:
    """A process that has ended."""
    with subprocess.Popen(["sleep", "60"]) as process:
        identity = ProcessId.from_pid(process.pid)
        process.kill()
    return identity


@pytest.fixture
def running() -> Iterator[ProcessId]:
    """A process that is running."""
    with subprocess.Popen(["sleep", "60"]) as process:
        yield ProcessId.from_pid(process.pid)
        process.kill()


@pytest.fixture
def holder() -> Iterator[int]:
    """The ID of a process that uses the lab."""
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    with subprocess.Popen(
        [sys.executable, "-c", HOLD_LAB], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "holds the lab\n"
        yield process.pid
        process.kill()


def run_module(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m lab` with arguments."""
    command = [sys.executable, "-m", "lab", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_status_without_a_lab(run_cli: RunCli) -> None:
    result = run_cli("status")
    assert (result.exit_code, result.stdout) == (1, "there is no lab\n")


def test_status_shows_the_lab(run_cli: RunCli, paths: Paths, running: ProcessId) -> None:
    environment = {"KUBECONFIG": "/lab/kubeconfig"}
    LabState(kind="embedded", keep=True, first_process=running, environment=environment).save(paths)
    result = run_cli("status")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "kind: embedded; kept",
        f"private Docker Engine: process {running.pid} is running",
        "KUBECONFIG: /lab/kubeconfig",
        "not in use",
    ]


def test_status_shows_that_the_engine_has_ended(run_cli: RunCli, paths: Paths, ended: ProcessId) -> None:
    LabState(kind="embedded", first_process=ended).save(paths)
    assert f"process {ended.pid} has ended" in run_cli("status").stdout


def test_status_names_the_process_that_uses_the_lab(run_cli: RunCli, paths: Paths, holder: int) -> None:
    LabState(kind="k3d").save(paths)
    result = run_cli("status")
    assert result.exit_code == 0
    assert f"in use by process {holder}, since " in result.stdout


def test_status_creates_no_directory_of_a_lab(run_cli: RunCli, paths: Paths) -> None:
    run_cli("status")
    assert not paths.lab.exists()


def test_down_removes_the_lab(run_cli: RunCli, paths: Paths, running: ProcessId) -> None:
    LabState(kind="embedded", first_process=running).save(paths)
    result = run_cli("down")
    assert (result.exit_code, result.stdout) == (0, "the lab was removed\n")
    assert not running.is_running()
    assert state.load(paths) is None


def test_down_runs_the_undo_commands_in_the_environment_of_the_lab(
    run_cli: RunCli, paths: Paths, tmp_path: Path
) -> None:
    undo = [["sh", "-c", f"echo $DOCKER_HOST > {tmp_path}/removed"]]
    LabState(kind="k3d", environment={"DOCKER_HOST": "unix:///lab.sock"}, undo=undo).save(paths)
    assert run_cli("down").exit_code == 0
    assert (tmp_path / "removed").read_text() == "unix:///lab.sock\n"


def test_down_without_a_lab_succeeds(run_cli: RunCli) -> None:
    result = run_cli("down")
    assert (result.exit_code, result.stdout) == (0, "there is no lab\n")


def test_down_fails_while_a_run_uses_the_lab(run_cli: RunCli, paths: Paths, holder: int) -> None:
    LabState(kind="k3d").save(paths)
    result = run_cli("down")
    assert result.exit_code == 1
    assert f"process {holder}" in result.stderr
    assert state.load(paths)


def test_down_removes_files_of_a_run_that_was_killed_before_it_saved_a_state(run_cli: RunCli, paths: Paths) -> None:
    unfinished = paths.lab / f"{state.FILE}.unfinished"
    unfinished.parent.mkdir(parents=True)
    unfinished.write_text("{")
    assert run_cli("down").exit_code == 0
    assert not paths.lab.exists()


def test_down_removes_the_lab_of_the_given_name(run_cli: RunCli, paths: Paths) -> None:
    second = Paths(paths.cache, "second")
    for each in (paths, second):
        LabState(kind="k3d").save(each)
    assert run_cli("--name", "second", "down").exit_code == 0
    assert state.load(paths)
    assert state.load(second) is None


def test_an_empty_name_selects_the_lab_without_a_name(
    run_cli: RunCli, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBEFLOW_LAB_NAME", "second")
    LabState(kind="k3d").save(paths)
    assert run_cli("down").stdout == "there is no lab\n"
    assert run_cli("--name", "", "down").stdout == "the lab was removed\n"


@pytest.fixture
def write_kubectl(paths: Paths, programs: Path, write_program: WriteProgram) -> Callable[[str], None]:
    """A function that writes the script of kubectl in a lab."""

    def write(script: str) -> None:
        write_program("kubectl", script)
        path = f"{programs}:{os.environ['PATH']}"
        LabState(kind="k3d", environment={"PATH": path, "KUBECONFIG": "/lab/kubeconfig"}).save(paths)

    return write


@pytest.mark.parametrize("separator", [["--"], []])
def test_exec_runs_a_program_with_the_lab_environment(
    write_kubectl: Callable[[str], None], separator: list[str]
) -> None:
    write_kubectl('echo "$KUBECONFIG: $@"; exit 3')
    result = run_module("exec", *separator, "kubectl", "get", "pods", "-A", "--name", "web")
    assert (result.returncode, result.stdout) == (3, "/lab/kubeconfig: get pods -A --name web\n")


def test_shell_runs_the_shell_of_the_user(
    write_kubectl: Callable[[str], None], programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_kubectl('echo "$KUBECONFIG"')
    monkeypatch.setenv("SHELL", str(programs / "kubectl"))
    assert run_module("shell").stdout == "/lab/kubeconfig\n"


def test_exec_without_a_lab_explains_how_to_install_one(run_cli: RunCli) -> None:
    result = run_cli("exec", "--", "kubectl", "get", "pods")
    assert result.exit_code == 1
    assert result.stderr.startswith("there is no lab to run a program in\n")
    assert "--keep-lab" in result.stderr


def test_a_lab_whose_engine_has_ended_runs_no_program(run_cli: RunCli, paths: Paths, ended: ProcessId) -> None:
    LabState(kind="embedded", first_process=ended).save(paths)
    result = run_cli("shell")
    assert result.exit_code == 1
    assert result.stderr.startswith("there is no lab to run a program in\n")
    assert "a lab whose Docker Engine has ended" in result.stderr


def test_a_missing_program_is_an_error(run_cli: RunCli, paths: Paths) -> None:
    LabState(kind="k3d").save(paths)
    result = run_cli("exec", "--", "no-such-program")
    assert result.exit_code == 1
    assert "no-such-program cannot be run in the lab" in result.stderr
