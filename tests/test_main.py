"""lab/__main__.py: `python -m lab`."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import bcrypt
import pytest

from lab import folders, record, releases
from lab.__main__ import main
from lab.exit_status import ExitStatus
from lab.findings import warning
from lab.record import ProcessId, Record
from tests.conftest import REPOSITORY, WriteProgram


@pytest.fixture
def ended() -> ProcessId:
    """A process that has ended."""
    with subprocess.Popen(["sleep", "60"]) as process:
        first = ProcessId.of(process.pid)
        process.kill()
    return first


@pytest.fixture
def running() -> Iterator[ProcessId]:
    """A process that runs."""
    with subprocess.Popen(["sleep", "60"]) as process:
        yield ProcessId.of(process.pid)
        process.kill()


def test_status_says_that_there_is_no_lab(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status"]) == 1
    assert capsys.readouterr().out == "there is no lab\n"


def test_status_shows_the_lab_that_is_there(capsys: pytest.CaptureFixture[str], running: ProcessId) -> None:
    environment = {"KUBECONFIG": "/lab/kubeconfig"}
    Record(kind="embedded", keep=True, first_process=running, environment=environment).save()
    assert main(["status"]) == 0
    said = capsys.readouterr().out
    assert "kind: embedded; kept" in said
    assert f"process {running.pid} runs" in said
    assert "KUBECONFIG: /lab/kubeconfig" in said


def test_status_shows_that_a_lab_s_engine_has_ended(capsys: pytest.CaptureFixture[str], ended: ProcessId) -> None:
    Record(kind="embedded", first_process=ended).save()
    main(["status"])
    assert f"process {ended.pid} has ended" in capsys.readouterr().out


def test_down_removes_the_lab_and_says_so(capsys: pytest.CaptureFixture[str], running: ProcessId) -> None:
    Record(kind="embedded", first_process=running).save()
    assert main(["down"]) == 0
    assert capsys.readouterr().out == "the lab is removed\n"
    assert not running.runs()
    assert record.load() is None


def test_down_where_there_is_no_lab_is_fine(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["down"]) == 0
    assert capsys.readouterr().out == "there is no lab\n"


def test_down_is_refused_while_a_run_is_at_the_lab(capsys: pytest.CaptureFixture[str]) -> None:
    Record(kind="k3d").save()
    script = "from lab import lock\nwith lock.held():\n    print('held', flush=True)\n    input()"
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    with subprocess.Popen(
        [sys.executable, "-c", script], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout
        run.stdout.readline()
        assert main(["down"]) == 1
        run.kill()
    assert f"process {run.pid}" in capsys.readouterr().err
    assert record.load()


def test_a_command_runs_with_the_lab_s_environment_and_gives_its_exit_status(
    write_program: WriteProgram, programs: Path
) -> None:
    write_program("kubectl", 'echo "$KUBECONFIG: $@"; exit 3')
    path = f"{programs}:{os.environ['PATH']}"
    Record(kind="k3d", environment={"PATH": path, "KUBECONFIG": "/lab/kubeconfig"}).save()
    command = [sys.executable, "-m", "lab", "exec", "--", "kubectl", "get", "pods", "-A"]
    result = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (3, "/lab/kubeconfig: get pods -A\n")


def test_without_a_lab_there_is_none_to_run_a_command_in(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["exec", "--", "kubectl", "get", "pods"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("there is no lab to run it in\n")
    assert "--keep-lab" in said


def test_a_lab_whose_engine_has_ended_is_none_to_run_a_command_in(
    capsys: pytest.CaptureFixture[str], ended: ProcessId
) -> None:
    Record(kind="embedded", first_process=ended).save()
    assert main(["shell"]) == 1
    assert "there is no lab" in capsys.readouterr().err


def test_a_command_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    Record(kind="k3d").save()
    assert main(["exec", "--", "no-such-program"]) == 1
    assert "no-such-program cannot be run in the lab" in capsys.readouterr().err


def test_looking_changes_nothing() -> None:
    main(["status"])
    assert not folders.lab().exists()


@pytest.mark.parametrize("program", ["kubectl", "kustomize"])
def test_preflight_tells_all_that_is_not_fit_for_a_run_with_these_options(
    program: str, programs: Path, write_program: WriteProgram, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write_program(program, "echo v0.0.1")
    monkeypatch.setenv("PATH", str(programs), prepend=":")
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "nowhere"))
    command = [sys.executable, "-m", "lab", "preflight", "--lab", "existing", "--release", "1.9"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == ExitStatus.NOT_FIT
    assert done.stdout.startswith("not fit, nothing was changed; ")
    assert f"{program} has the wrong version" in done.stdout
    assert "there is no cluster to verify" in done.stdout
    assert not folders.lab().exists()


def test_preflight_is_content_where_a_run_is_not_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lab.preflight.findings", lambda *_: [warning("the bulb is dim")])
    assert main(["preflight"]) == 0
    assert capsys.readouterr().out == "1 thing to be aware of:\n\nthe bulb is dim\n"


def test_releases_are_printed_in_one_line_with_the_tools_to_gate_them_with(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["releases"]) == 0
    [line] = capsys.readouterr().out.splitlines()
    assert [one["release"] for one in json.loads(line)] == releases.names()
    assert all({"k3d", "helm", "kubectl", "kustomize"} < set(one) for one in json.loads(line))
    assert main(["releases", "1.9", "1.8"]) == 0
    assert [one["release"] for one in json.loads(capsys.readouterr().out)] == ["1.9", "1.8"]
    assert main(["releases", "0.1"]) == 1


def type_passwords(*typed: str) -> tuple[int, str, str]:
    """Answers the prompts of `python -m lab password` on a terminal; gives exit status, output and other text."""
    keyboard, screen = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "lab", "password"],
        cwd=REPOSITORY,
        stdin=screen,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,  # without a terminal of its own to be asked on, it asks on this one
    ) as process:
        assert process.stdout
        assert process.stderr
        said = ""
        for number, one in enumerate(typed, start=1):
            while said.count(": ") < number:  # what is typed before the prompt is thrown away
                asks, _, _ = select.select([process.stderr], [], [], 20)
                character = os.read(process.stderr.fileno(), 1).decode() if asks else ""
                if not character:
                    process.kill()
                    pytest.fail(f"it did not ask, but said: {said}")
                said += character
            os.write(keyboard, f"{one}\n".encode())
        output, errors = process.stdout.read().decode(), process.stderr.read().decode()
    os.set_blocking(keyboard, False)
    try:
        echoed = os.read(keyboard, 1000).decode()
    except BlockingIOError:
        echoed = ""
    os.close(keyboard)
    os.close(screen)
    return process.returncode, output, said + errors + echoed


def test_a_password_typed_twice_is_hashed_and_never_shown() -> None:
    status, output, other = type_passwords("correct horse", "correct horse")
    assert status == 0
    assert bcrypt.checkpw(b"correct horse", output.strip().encode())
    assert "correct horse" not in output + other


def test_two_passwords_that_differ_make_no_hash() -> None:
    status, output, other = type_passwords("correct horse", "correct house")
    assert (status, output) == (1, "")
    assert "the two are not the same" in other


def test_of_several_labs_the_named_one_is_removed() -> None:
    Record(kind="k3d").save()
    status = subprocess.run([sys.executable, "-m", "lab", "--name", "other", "down"], cwd=REPOSITORY, check=False)
    assert status.returncode == 0
    assert record.load()
    assert main(["--name", "", "down"]) == 0
    assert record.load() is None


def test_down_removes_also_what_a_run_left_that_was_killed_before_its_record_was_written() -> None:
    unfinished = folders.lab() / f"{record.FILE}.unfinished"
    unfinished.parent.mkdir(parents=True)
    unfinished.write_text("{")
    assert main(["down"]) == 0
    assert not folders.lab().exists()
