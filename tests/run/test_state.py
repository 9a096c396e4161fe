"""lab/run/state.py: the saved state of a lab, with real processes and programs."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.config.paths import Paths
from lab.errors import LabError
from lab.run import state
from lab.run.shell import Shell
from lab.run.state import LabState, ProcessId
from tests.conftest import WriteProgram


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """A process in place of the first process of an enclosure."""
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process
        process.kill()


def test_without_a_lab_there_is_no_state(paths: Paths) -> None:
    assert state.load(paths) is None


def test_saved_state_is_loaded(paths: Paths, sleeper: subprocess.Popen[bytes]) -> None:
    saved = LabState(
        kind="embedded",
        keep=True,
        environment={"KUBECONFIG": "/lab/kubeconfig"},
        first_process=ProcessId.from_pid(sleeper.pid),
        cgroup="kubeflow-lab-test",
        undo=[["docker", "network", "rm", "lab-network"]],
    )
    saved.save(paths)
    assert state.load(paths) == saved


def test_state_is_saved_in_one_file(paths: Paths) -> None:
    for kind in ("embedded", "k3d"):
        LabState(kind=kind).save(paths)
    assert state.load(paths) == LabState(kind="k3d")
    assert [file.name for file in paths.lab.iterdir()] == [state.FILE]


def test_unfinished_file_is_ignored(paths: Paths) -> None:
    """As after a SIGKILL while it is written."""
    LabState(kind="k3d").save(paths)
    (paths.lab / f"{state.FILE}.unfinished").write_text('{"kind": "embed')
    assert state.load(paths) == LabState(kind="k3d")


def test_removing_runs_the_undo_commands_last_first(
    tmp_path: Path, paths: Paths, shell: Shell, write_program: WriteProgram
) -> None:
    write_program("docker", f'echo "$@, $DOCKER_HOST" >> {tmp_path}/removed')
    undo = [["docker", "network", "rm", "lab-network"], ["docker", "rm", "kit-web"]]
    LabState(kind="k3d", undo=undo).remove(paths, shell.with_environment(DOCKER_HOST="unix:///lab.sock"))
    assert (tmp_path / "removed").read_text().splitlines() == [
        "rm kit-web, unix:///lab.sock",
        "network rm lab-network, unix:///lab.sock",
    ]


def test_removing_kills_the_first_process(paths: Paths, shell: Shell, sleeper: subprocess.Popen[bytes]) -> None:
    LabState(kind="embedded", first_process=ProcessId.from_pid(sleeper.pid)).remove(paths, shell)
    assert sleeper.wait(5) == -9


def test_removing_leaves_no_file(paths: Paths, shell: Shell) -> None:
    saved = LabState(kind="k3d")
    saved.save(paths)
    engine = paths.lab / "engine"
    engine.mkdir(parents=True)
    (engine / "trace").write_text("")
    saved.remove(paths, shell)
    assert state.load(paths) is None
    assert not paths.lab.exists()


def test_failed_removal_keeps_the_state(paths: Paths, shell: Shell) -> None:
    saved = LabState(kind="k3d", undo=[["false"]])
    saved.save(paths)
    with pytest.raises(LabError, match="could not be removed completely"):
        saved.remove(paths, shell)
    assert state.load(paths) == saved


def test_object_that_is_gone_already_is_no_failure(paths: Paths, shell: Shell) -> None:
    undo = [["sh", "-c", "echo Error: No such network: lab-network >&2; exit 1"]]
    LabState(kind="k3d", undo=undo).remove(paths, shell)
    assert state.load(paths) is None


def test_lab_of_another_kind_is_not_used(paths: Paths) -> None:
    LabState(kind="k3d").save(paths)
    with pytest.raises(LabError, match="of another kind"):
        state.load_kind(paths, "embedded")
    assert state.load_kind(paths, "k3d") == state.load(paths)


def test_state_of_another_version_is_reported(paths: Paths) -> None:
    LabState(kind="embedded").save(paths)
    file = paths.lab / state.FILE
    file.write_text(file.read_text().replace("kind", "sort"))
    with pytest.raises(LabError, match="cannot be read"):
        state.load(paths)


def test_lab_whose_process_has_ended_is_removed(paths: Paths, shell: Shell, sleeper: subprocess.Popen[bytes]) -> None:
    saved = LabState(kind="embedded", first_process=ProcessId.from_pid(sleeper.pid))
    saved.save(paths)
    sleeper.kill()
    sleeper.wait()
    saved.remove(paths, shell)
    assert state.load(paths) is None


def test_zombie_is_not_running(sleeper: subprocess.Popen[bytes]) -> None:
    first = ProcessId.from_pid(sleeper.pid)
    assert first.is_running()
    sleeper.kill()
    os.waitid(os.P_PID, sleeper.pid, os.WEXITED | os.WNOWAIT)  # it is a zombie now
    assert not first.is_running()
    sleeper.wait()
    assert not first.is_running()


def test_later_process_with_the_same_number_is_another_one(
    paths: Paths, shell: Shell, sleeper: subprocess.Popen[bytes]
) -> None:
    first = ProcessId.from_pid(sleeper.pid)
    earlier = first.model_copy(update={"started": first.started - 3600})
    assert not earlier.is_running()
    LabState(kind="embedded", first_process=earlier).remove(paths, shell)
    assert first.is_running()


def test_process_is_recognized_from_the_file(paths: Paths, sleeper: subprocess.Popen[bytes]) -> None:
    LabState(kind="embedded", first_process=ProcessId.from_pid(sleeper.pid)).save(paths)
    loaded = state.load(paths)
    assert loaded
    assert loaded.first_process
    assert loaded.first_process.is_running()


def test_only_cgroups_of_the_name_are_deleted(tmp_path: Path) -> None:
    """On plain directories, for which rmdir works as for cgroups, because cgroups need root."""
    own = ["memory/lab/pod/container", "cpu/lab/pod", "lab"]
    for directory in [*own, "memory/lab-other", "cpu/user"]:
        (tmp_path / directory).mkdir(parents=True)
    state.delete_cgroup("lab", tmp_path)
    left = {str(directory.relative_to(tmp_path)) for directory in tmp_path.rglob("*")}
    assert left == {"memory", "cpu", "memory/lab-other", "cpu/user"}


def test_without_a_name_no_cgroup_is_deleted(tmp_path: Path) -> None:
    (tmp_path / "cpu").mkdir()
    state.delete_cgroup("", tmp_path)
    assert (tmp_path / "cpu").exists()


def test_interrupted_removal_keeps_the_state(paths: Paths, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """As after a SIGKILL during the removal."""
    saved = LabState(kind="k3d")
    saved.save(paths)
    for name in ("bin", "engine", "home"):
        (paths.lab / name).mkdir()
    removed = []

    def interrupt(directory: Path, ignore_errors: bool) -> None:
        removed.append(directory)
        if directory in (paths.lab / "home", paths.lab):
            raise KeyboardInterrupt

    monkeypatch.setattr(shutil, "rmtree", interrupt)
    with pytest.raises(KeyboardInterrupt):
        saved.remove(paths, shell)
    assert paths.lab not in removed
    assert state.load(paths) == saved
