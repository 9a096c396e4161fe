"""lab/record.py: the record of the lab that is there, with real processes and real programs."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab import folders, record
from lab.errors import LabError
from lab.record import ProcessId, Record
from tests.conftest import WriteProgram


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """A process in the place of an enclosure's first one."""
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process
        process.kill()


def test_there_is_no_record_where_no_lab_was_made() -> None:
    assert record.load() is None


def test_what_was_saved_is_loaded(sleeper: subprocess.Popen[bytes]) -> None:
    there = Record(
        kind="embedded",
        keep=True,
        environment={"KUBECONFIG": "/lab/kubeconfig"},
        first_process=ProcessId.of(sleeper.pid),
        cgroup="kubeflow-lab-test",
        undo=[["docker", "network", "rm", "lab-network"]],
    )
    there.save()
    assert record.load() == there


def test_saving_again_leaves_one_file() -> None:
    for kind in ("embedded", "k3d"):
        Record(kind=kind).save()
    assert record.load() == Record(kind="k3d")
    assert [file.name for file in folders.lab().iterdir()] == [record.FILE]


def test_a_record_that_is_being_written_does_not_count() -> None:
    """As after a SIGKILL in the middle of it."""
    Record(kind="k3d").save()
    (folders.lab() / f"{record.FILE}.unfinished").write_text('{"kind": "embed')
    assert record.load() == Record(kind="k3d")


def test_a_terminal_has_the_lab_s_environment() -> None:
    terminal = Record(kind="k3d", environment={"KUBECONFIG": "/lab/kubeconfig"}).terminal
    assert terminal.run("sh", "-c", "echo $KUBECONFIG").output == "/lab/kubeconfig\n"


def test_what_is_about_to_be_made_is_in_the_record_before_it_is() -> None:
    there = Record(kind="k3d")
    there.will_make("rm", "lamp")
    assert record.load() == Record(kind="k3d", undo=[["rm", "lamp"]])


def test_what_is_made_a_second_time_is_undone_once() -> None:
    there = Record(kind="k3d")
    for name in ("lamp", "torch", "lamp"):
        there.will_make("rm", name)
    assert there.undo == [["rm", "lamp"], ["rm", "torch"]]


def test_removing_undoes_what_was_made_last_first_in_the_lab_s_environment(
    tmp_path: Path, write_program: WriteProgram, programs: Path
) -> None:
    write_program("docker", f'echo "$@, $DOCKER_HOST" >> {tmp_path}/removed')
    path = f"{programs}:{os.environ['PATH']}"
    there = Record(kind="k3d", environment={"PATH": path, "DOCKER_HOST": "unix:///lab.sock"})
    there.will_make("docker", "network", "rm", "lab-network")
    there.will_make("docker", "rm", "kit-web")
    there.remove()
    assert (tmp_path / "removed").read_text().splitlines() == [
        "rm kit-web, unix:///lab.sock",
        "network rm lab-network, unix:///lab.sock",
    ]


def test_removing_ends_the_first_process(sleeper: subprocess.Popen[bytes]) -> None:
    Record(kind="embedded", first_process=ProcessId.of(sleeper.pid)).remove()
    assert sleeper.wait(5) == -9


def test_removing_leaves_no_file(tmp_path: Path) -> None:
    there = Record(kind="k3d")
    there.save()
    engine = folders.lab() / "engine"
    engine.mkdir(parents=True)
    (engine / "trace").write_text("")
    there.remove()
    assert record.load() is None
    assert not folders.lab().exists()


def test_a_lab_that_could_not_be_removed_keeps_its_record_so_that_it_can_be_tried_again() -> None:
    there = Record(kind="k3d")
    there.will_make("false")
    with pytest.raises(LabError, match="could not be removed wholly"):
        there.remove()
    assert record.load() == there


def test_what_is_gone_already_need_not_be_removed() -> None:
    there = Record(kind="k3d")
    there.will_make("sh", "-c", "echo Error: No such network: lab-network >&2; exit 1")
    there.remove()
    assert record.load() is None


def test_a_lab_of_another_kind_is_left_alone() -> None:
    Record(kind="k3d").save()
    with pytest.raises(LabError, match="of another kind"):
        record.of_kind("embedded")
    assert record.of_kind("k3d") == record.load()


def test_a_record_of_another_version_is_told_of() -> None:
    Record(kind="embedded").save()
    file = folders.lab() / record.FILE
    file.write_text(file.read_text().replace("kind", "sort"))
    with pytest.raises(LabError, match="cannot be read"):
        record.load()


def test_a_lab_whose_process_has_ended_can_be_removed(sleeper: subprocess.Popen[bytes]) -> None:
    there = Record(kind="embedded", first_process=ProcessId.of(sleeper.pid))
    there.save()
    sleeper.kill()
    sleeper.wait()
    there.remove()
    assert record.load() is None


def test_a_process_runs_until_it_has_ended_even_if_nobody_has_taken_notice(sleeper: subprocess.Popen[bytes]) -> None:
    first = ProcessId.of(sleeper.pid)
    assert first.runs()
    sleeper.kill()
    os.waitid(os.P_PID, sleeper.pid, os.WEXITED | os.WNOWAIT)  # it is a zombie now
    assert not first.runs()
    sleeper.wait()
    assert not first.runs()


def test_a_later_process_with_the_same_number_is_another_one_and_is_left_alone(
    sleeper: subprocess.Popen[bytes],
) -> None:
    first = ProcessId.of(sleeper.pid)
    earlier = first.model_copy(update={"started": first.started - 3600})
    assert not earlier.runs()
    Record(kind="embedded", first_process=earlier).remove()
    assert first.runs()


def test_a_process_is_known_again_from_the_file(sleeper: subprocess.Popen[bytes]) -> None:
    Record(kind="embedded", first_process=ProcessId.of(sleeper.pid)).save()
    there = record.load()
    assert there
    assert there.first_process
    assert there.first_process.runs()


def test_no_cgroup_of_another_name_is_deleted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """On a tree of plain folders, which rmdir treats as the kernel does its cgroups, for want of root."""
    monkeypatch.setattr(record, "CGROUPS", tmp_path)
    mine = ["memory/lab/pod/container", "cpu/lab/pod", "lab"]
    for folder in [*mine, "memory/lab-of-another", "cpu/user"]:
        (tmp_path / folder).mkdir(parents=True)
    record.delete_cgroup("lab")
    left = {str(folder.relative_to(tmp_path)) for folder in tmp_path.rglob("*")}
    assert left == {"memory", "cpu", "memory/lab-of-another", "cpu/user"}


def test_without_a_cgroup_none_is_deleted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(record, "CGROUPS", tmp_path)
    (tmp_path / "cpu").mkdir()
    record.delete_cgroup("")
    assert (tmp_path / "cpu").exists()


def test_while_something_of_a_lab_is_left_its_record_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """As after a SIGKILL in the middle of a removal."""
    there = Record(kind="k3d")
    there.save()
    for name in ("bin", "engine", "home"):
        (folders.lab() / name).mkdir()
    removed = []

    def killed(folder: Path, ignore_errors: bool) -> None:
        removed.append(folder)
        if folder.name == "home" or folder == folders.lab():
            raise KeyboardInterrupt

    monkeypatch.setattr(shutil, "rmtree", killed)
    with pytest.raises(KeyboardInterrupt):
        there.remove()
    assert folders.lab() not in removed
    assert record.load() == there
