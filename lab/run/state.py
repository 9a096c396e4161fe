"""The state of a lab: how to enter it, and everything that must be undone to remove it.

It is saved before anything is created, so that a killed run leaves nothing that the next run cannot find.
"""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterable, Sequence
from pathlib import Path

from pydantic import BaseModel, ValidationError

from lab.config.paths import Paths
from lab.errors import LabError
from lab.run.journal import Journal
from lab.run.shell import Shell
from lab.run.waiting import poll, wait_until

FILE = "lab.json"
KILL_TIMEOUT = 120
"""Seconds for the kernel to end some hundred processes, which takes long on a busy machine."""
ZOMBIE = "Z"
ABSENT = ("No such", "not found")
"""Parts of Docker's messages about an object that does not exist."""
CGROUPS = Path("/sys/fs/cgroup")


class ProcessId(BaseModel):
    """A process, distinguished from a later one with the same number by its start time in clock ticks since boot."""

    pid: int
    started: int

    @classmethod
    def from_pid(cls, pid: int) -> ProcessId:
        """Return the process that has this number now; raise OSError if there is none."""
        return cls(pid=pid, started=_read_state_and_start(pid)[1])

    def is_running(self) -> bool:
        """Return whether the process still runs."""
        try:
            state, started = _read_state_and_start(self.pid)
        except OSError:
            return False
        return started == self.started and state != ZOMBIE


def _read_state_and_start(pid: int) -> tuple[str, int]:
    """Return fields 3 and 22 of proc(5)'s stat; ticks since boot do not change when the clock is set."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return fields[0], int(fields[19])


class LabState(BaseModel):
    """The state of a lab, as it is saved.

    Args:
        kind: The kind of the lab.
        keep: Whether the lab is kept when the run ends.
        environment: Environment variables for programs in the lab, in addition to those of the process.
        first_process: The first process of its enclosure, if it has one; its network namespace is the lab's.
        cgroup: The parent of its containers' cgroups, to be deleted.
        undo: Commands that remove what was created outside an enclosure, in the order of creation.
    """

    kind: str
    keep: bool = False
    environment: dict[str, str] = {}
    first_process: ProcessId | None = None
    cgroup: str = ""
    undo: list[list[str]] = []

    def save(self, paths: Paths) -> None:
        """Write the state to the lab's directory, atomically."""
        paths.lab.mkdir(parents=True, exist_ok=True)
        unfinished = paths.lab / f"{FILE}.unfinished"
        unfinished.write_text(self.model_dump_json(indent=1))
        unfinished.rename(paths.lab / FILE)

    def remove(self, paths: Paths, shell: Shell) -> None:
        """Remove the lab and everything that belongs to it according to its state.

        The state file is deleted last, so that an interrupted removal can be continued.

        Args:
            paths: The directories of the lab.
            shell: Runs the undo commands.

        Raises:
            LabError: If something could not be removed.
        """
        kill_enclosure(self.first_process, shell.journal)
        _undo(self.undo, shell)
        delete_cgroup(self.cgroup)
        shutil.rmtree(paths.socket_dir(paths.lab_id), ignore_errors=True)
        parts = [part for part in paths.lab.glob("*") if part.is_dir()]
        for part in parts:
            shutil.rmtree(part, ignore_errors=True)
        if not any(part.exists() for part in parts):
            shutil.rmtree(paths.lab, ignore_errors=True)
        if paths.lab.exists():
            raise LabError(
                "the lab could not be removed completely",
                seen=f"{paths.lab} still exists",
                remedy=f"see which process uses it (`fuser -v -m {paths.lab}`), and run `python -m lab down` again",
            )


def load(paths: Paths) -> LabState | None:
    """Return the state of the existing lab, or None if there is no lab.

    Raises:
        LabError: If the state cannot be read.
    """
    file = paths.lab / FILE
    try:
        return LabState.model_validate_json(file.read_text())
    except FileNotFoundError:
        return None
    except ValidationError as error:
        raise LabError(
            "the state of the lab cannot be read",
            expected="a state that this version of the project has saved",
            seen=f"{file}: {error}",
            remedy="remove the lab with the version that created it; or kill the process that the file names as "
            f"first_process, and delete {file.parent}",
        ) from None


def load_kind(paths: Paths, kind: str) -> LabState | None:
    """Return the state of the existing lab, or None if there is no lab.

    Raises:
        LabError: If the existing lab is of another kind.
    """
    state = load(paths)
    if state and state.kind != kind:
        raise LabError(
            "there is a lab of another kind, nothing was changed",
            expected=f"a lab of the kind {kind}, or none",
            seen=f"a lab of the kind {state.kind}",
            remedy=f"remove it (`python -m lab down`), or run with --lab {state.kind}",
        )
    return state


def kill_enclosure(first_process: ProcessId | None, journal: Journal) -> None:
    """Kill the first process of an enclosure, so that the kernel ends all others in it, and wait until it is gone."""
    if first_process is None or not first_process.is_running():
        return
    os.kill(first_process.pid, signal.SIGKILL)
    wait_until(
        poll(first_process.is_running, every=0.05),
        satisfied=lambda is_running: not is_running,
        timeout=KILL_TIMEOUT,
        waiting_for="the processes of the private Docker Engine to end",
        journal=journal,
    )


def delete_cgroup(name: str, root: Path = CGROUPS) -> None:
    """Delete the cgroups of a name below every controller; they are empty once the enclosure has ended.

    Args:
        name: The name; empty for none.
        root: The directory in which the cgroup file systems are mounted.
    """
    if not name:
        return
    for directory in _deepest_first(root.glob(f"*/{name}")) + _deepest_first(root.glob(name)):
        directory.rmdir()


def _undo(commands: Sequence[Sequence[str]], shell: Shell) -> None:
    """Run the undo commands, last first; an object may be removed already, or never have been created."""
    results = [shell.run(*command, allow_failure=True) for command in reversed(commands)]
    failed = [result for result in results if result.exit_status and not any(sign in result.errors for sign in ABSENT)]
    if failed:
        raise LabError(
            "the lab could not be removed completely",
            seen="\n".join(f"{' '.join(result.arguments)}: {result.last_lines}" for result in failed),
            remedy="resolve the problem that these commands report, and run `python -m lab down` again",
        )


def _deepest_first(directories: Iterable[Path]) -> list[Path]:
    found = [path for directory in directories for path in (directory, *directory.rglob("*/")) if path.is_dir()]
    return sorted(set(found), key=lambda path: -len(path.parts))
