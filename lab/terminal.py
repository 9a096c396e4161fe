"""The one way to run a program: a list of arguments, never a shell; kept output, duration, and an error that helps."""

from __future__ import annotations

import errno
import logging
import os
import shlex
import shutil
import signal
import subprocess
from collections.abc import Mapping
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from lab import beside
from lab.errors import LabError
from lab.journal import JOURNAL
from lab.masking import SECRETS

log = logging.getLogger("lab.terminal")

LAST_LINES = 15
"""How many lines of a failed program's output its error shows."""
TIED_TO_STARTER = (shutil.which("setpriv") or "setpriv", "--pdeathsig", "KILL")
"""Before a program: it ends with the thread that has started it, however that ends.

So what a killed run was at does not go on beside the next run.
"""


class DidNotEndError(LabError):
    """A program ran out of time, and was ended."""


@dataclass(frozen=True)
class Result:
    """What a program left behind; output is text, undecodable bytes replaced."""

    arguments: tuple[str, ...]
    exit_status: int
    output: str
    errors: str

    @property
    def last_lines(self) -> str:
        """The end of what it printed, errors first, for a message."""
        lines = (self.errors.strip() or self.output.strip()).splitlines()
        return "\n".join(lines[-LAST_LINES:])


@dataclass(frozen=True)
class Terminal:
    """Where a person would type commands: environment variables and a working directory.

    Arguments:
        environment: added to the environment of this process; PATH among them finds the lab's own tools first.
        directory: the working directory; the process's own where None.
    """

    environment: Mapping[str, str] = field(default_factory=dict)
    directory: Path | None = None

    def run(
        self,
        *arguments: str | Path,
        stdin: str | None = None,
        timeout: float = 300,
        remedy: str = "",
        may_fail: bool = False,
        log_file: Path | None = None,
    ) -> Result:
        """Runs a program to its end.

        Arguments:
            arguments: the program and its arguments.
            stdin: text for its standard input; empty where None.
            timeout: seconds after which it is ended.
            remedy: what to do when it fails, for the error.
            may_fail: give the result of a failed program back instead of raising.
            log_file: where its output goes while it runs, so that a person can follow a long build.

        Raises LabError when the program is not there, exits non-zero (unless may_fail) or runs out of time.
        """
        command = [str(argument) for argument in arguments]
        shown = shlex.join(map(SECRETS.masked, command))
        with JOURNAL.entry("program", shown):
            result = self._finished(command, shown, stdin, timeout, log_file)
        log.debug("%s -> %d", shown, result.exit_status)
        if result.exit_status and not may_fail:
            raise LabError(
                f"{command[0]} failed: {shown}",
                expected="exit status 0",
                seen=f"exit status {result.exit_status}\n{SECRETS.masked(result.last_lines)}",
                remedy=remedy or "read its last lines above; `make shell` opens a shell to try the command by hand",
            )
        return result

    def start(self, *arguments: str | Path, log_file: Path, stdin: int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
        """Starts a program that goes on by itself, in a session of its own, its output in log_file.

        Arguments:
            stdin: its standard input, as subprocess has it.
        """
        command = [str(argument) for argument in arguments]
        with log_file.open("wb") as output:
            try:
                return subprocess.Popen(
                    command,
                    stdin=stdin,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    env=self._environment(),
                    cwd=self.directory,
                    start_new_session=True,
                )
            except OSError as error:
                raise self._not_runnable(command[0], error) from None

    def _finished(
        self, command: list[str], shown: str, stdin: str | None, timeout: float, log_file: Path | None
    ) -> Result:
        self._refuse_what_is_no_program(command[0])
        with log_file.open("w+") if log_file else nullcontext(subprocess.PIPE) as sink:
            process = subprocess.Popen(
                [*TIED_TO_STARTER, *command],
                stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
                stdout=sink,
                stderr=subprocess.STDOUT if log_file else subprocess.PIPE,
                env=self._environment(),
                cwd=self.directory,
                text=True,
                errors="replace",
                start_new_session=True,  # so that it can be ended with all that it has started
            )
            with process, beside.ended_by(partial(_end, process)):
                try:
                    output, errors = process.communicate(stdin, timeout)
                except subprocess.TimeoutExpired:
                    _end(process)
                    output, errors = process.communicate()
                    last = _result(command, process.returncode, output, errors, log_file).last_lines
                    raise DidNotEndError(
                        f"{command[0]} did not end: {shown}",
                        expected=f"an end within {timeout:g} s",
                        seen=f"it was still running, and was ended; its last lines:\n{SECRETS.masked(last)}",
                        remedy="run it by hand in `make shell` to see where it stays",
                    ) from None
                except BaseException:
                    _end(process)
                    raise
        return _result(command, process.returncode, output, errors, log_file)

    def _refuse_what_is_no_program(self, program: str) -> None:
        """Raises LabError for what cannot be run; what ties it to this process would say so in its own words."""
        if shutil.which(program, path=self._environment().get("PATH")) is None:
            number = errno.EACCES if Path(program).is_file() else errno.ENOENT
            raise self._not_runnable(program, OSError(number, os.strerror(number)))

    def _not_runnable(self, program: str, error: OSError) -> LabError:
        path = self._environment().get("PATH", "")
        return LabError(
            f"{program} cannot be run",
            expected=f"a program {program} on the lab's PATH",
            seen=f"{error.strerror or error}; PATH is {path}",
            remedy="with --lab embedded `make lab` builds it; with another lab, install it",
        )

    def _environment(self) -> dict[str, str]:
        return {**os.environ, **self.environment}


def _end(process: subprocess.Popen[str]) -> None:
    """Ends a program and what it has started, which would go on, and would keep its output open."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _result(
    command: list[str], exit_status: int, output: str | None, errors: str | None, log_file: Path | None
) -> Result:
    if log_file:
        output = log_file.read_text(errors="replace")
    return Result(tuple(command), exit_status, output or "", errors or "")
