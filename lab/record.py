"""The record of the lab that is there: how to get in, and all that must be undone to remove it.

It is written before anything is made, so that a run that was killed leaves nothing that the next one cannot find.
"""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel, ValidationError

from lab import folders
from lab.errors import LabError
from lab.terminal import Terminal
from lab.waiting import polling, wait_until

FILE = "lab.json"
END_TIMEOUT = 120
"""Seconds for the kernel to end some hundred processes, which a machine that is busy takes long for."""
ZOMBIE = "Z"
GONE = ("No such", "not found")
"""Docker's words for what is not there."""
CGROUPS = Path("/sys/fs/cgroup")


class ProcessId(BaseModel):
    """A process, told apart from a later one with the same number by when it started, in clock ticks since boot."""

    pid: int
    started: int

    @classmethod
    def of(cls, pid: int) -> ProcessId:
        """The process that has this number now; raises OSError when there is none."""
        return cls(pid=pid, started=_state_and_start(pid)[1])

    def runs(self) -> bool:
        """Tells whether it still runs."""
        try:
            state, started = _state_and_start(self.pid)
        except OSError:
            return False
        return started == self.started and state != ZOMBIE


def _state_and_start(pid: int) -> tuple[str, int]:
    """The fields 3 and 22 of proc(5)'s stat; unlike a time of day, ticks since boot stay as the clock is set."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return fields[0], int(fields[19])


class Record(BaseModel):
    """What there is of a lab.

    Arguments:
        kind: which kind of lab it is.
        keep: whether it stays when the run ends.
        environment: environment variables of a terminal in it.
        first_process: the first process of its enclosure, if it has one; its network is the lab's.
        cgroup: parent of its containers' cgroups, to be deleted.
        undo: commands that remove what was made outside of an enclosure, in the order in which it was made.
    """

    kind: str
    keep: bool = False
    environment: dict[str, str] = {}
    first_process: ProcessId | None = None
    cgroup: str = ""
    undo: list[list[str]] = []

    @property
    def terminal(self) -> Terminal:
        """A terminal in the lab."""
        return Terminal(self.environment)

    def save(self) -> None:
        """Writes the record, all or nothing."""
        folder = folders.lab()
        folder.mkdir(parents=True, exist_ok=True)
        unfinished = folder / f"{FILE}.unfinished"
        unfinished.write_text(self.model_dump_json(indent=1))
        unfinished.rename(folder / FILE)

    def will_make(self, *undo: str) -> None:
        """Notes, before something is made, the command that removes it again."""
        if list(undo) not in self.undo:
            self.undo.append(list(undo))
            self.save()

    def _undo(self) -> None:
        """Runs every command; what one removes may be gone already, or never have come to be."""
        results = [self.terminal.run(*command, may_fail=True) for command in reversed(self.undo)]
        failed = [one for one in results if one.exit_status and not any(sign in one.errors for sign in GONE)]
        if failed:
            raise LabError(
                "the lab could not be removed wholly",
                expected="what it made can be removed",
                seen="\n".join(f"{' '.join(one.arguments)}: {one.last_lines}" for one in failed),
                remedy="remove what is in the way, and run `python -m lab down` again",
            )

    def remove(self) -> None:
        """Removes the lab and all that the record says belongs to it.

        The record goes last, so that a removal that was interrupted can be taken up again.

        Raises LabError when something of it stays.
        """
        end_enclosure(self.first_process)
        self._undo()
        delete_cgroup(self.cgroup)
        shutil.rmtree(folders.sockets(folders.lab_id()), ignore_errors=True)
        parts = [part for part in folders.lab().glob("*") if part.is_dir()]
        for part in parts:
            shutil.rmtree(part, ignore_errors=True)
        if not any(part.exists() for part in parts):
            shutil.rmtree(folders.lab(), ignore_errors=True)
        if folders.lab().exists():
            raise LabError(
                "the lab could not be removed wholly",
                expected="no lab",
                seen=f"{folders.lab()} is still there",
                remedy="see what holds it (`fuser -v -m FOLDER`), and run `python -m lab down` again",
            )


def load() -> Record | None:
    """The record of the lab that is there, or None; raises LabError when it cannot be read."""
    file = folders.lab() / FILE
    try:
        return Record.model_validate_json(file.read_text())
    except FileNotFoundError:
        return None
    except ValidationError as error:
        raise LabError(
            "the record of the lab cannot be read",
            expected="a record that this version of the project wrote",
            seen=f"{file}: {error}",
            remedy="remove the lab with the version that made it; or end the process that the record names as "
            f"first_process, and delete {file.parent}",
        ) from None


def of_kind(kind: str) -> Record | None:
    """The record of the lab that is there, or None; raises LabError when that is a lab of another kind."""
    there = load()
    if there and there.kind != kind:
        raise LabError(
            "there is a lab of another kind; nothing was changed",
            expected=f"a lab of the kind {kind}, or none",
            seen=f"one of the kind {there.kind}",
            remedy=f"remove it (`python -m lab down`), or run with --lab {there.kind}",
        )
    return there


def end_enclosure(first_process: ProcessId | None) -> None:
    """Ends an enclosure: with its first process, the kernel ends all others in it."""
    if first_process is None or not first_process.runs():
        return
    os.kill(first_process.pid, signal.SIGKILL)
    wait_until(
        polling(first_process.runs, every=0.05),
        satisfied=lambda runs: not runs,
        timeout=END_TIMEOUT,
        what="the private Docker Engine's processes are gone",
    )


def delete_cgroup(name: str) -> None:
    """Deletes the cgroups of a name below every controller; they are empty once the enclosure has ended."""
    if not name:
        return
    for folder in _deepest_first(CGROUPS.glob(f"*/{name}")) + _deepest_first(CGROUPS.glob(name)):
        folder.rmdir()


def _deepest_first(folders: Iterable[Path]) -> list[Path]:
    found = [path for folder in folders for path in (folder, *folder.rglob("*/")) if path.is_dir()]
    return sorted(set(found), key=lambda path: -len(path.parts))
