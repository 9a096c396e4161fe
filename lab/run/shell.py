"""The one way to run a program: a list of arguments, never a command line; output, duration and a useful error."""

from __future__ import annotations

import errno
import os
import shlex
import shutil
import signal
import subprocess
from collections.abc import Mapping
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from lab.errors import ProgramError, ProgramTimeoutError
from lab.run import background
from lab.run.journal import Journal
from lab.run.redaction import Secrets

LAST_LINES = 15
"""The number of lines of a failed program's output in its error."""
KILL_WITH_PARENT = (shutil.which("setpriv") or "setpriv", "--pdeathsig", "KILL")
"""A command prefix: the program is killed when the thread that started it ends, for whatever reason.

So the programs of a killed run do not interfere with the next run. Note that it is the thread and not the process: a
program that is started from a pool thread ends with that thread.
"""


@dataclass(frozen=True)
class ProgramResult:
    """The result of a program; its output is text, with undecodable bytes replaced."""

    arguments: tuple[str, ...]
    exit_status: int
    output: str
    errors: str

    @property
    def last_lines(self) -> str:
        """The last lines of standard error, or of standard output if standard error is empty."""
        lines = (self.errors.strip() or self.output.strip()).splitlines()
        return "\n".join(lines[-LAST_LINES:])


@dataclass(frozen=True)
class Shell:
    """An environment to run programs in.

    Args:
        environment: All environment variables of the programs; its PATH lists the lab's own tools first.
        directory: The working directory; None for that of this process.
        journal: Records the programs.
        secrets: Redacted in errors and in the journal.
    """

    environment: Mapping[str, str]
    directory: Path | None = None
    journal: Journal = field(default_factory=Journal)
    secrets: Secrets = field(default_factory=Secrets)

    def with_environment(self, **variables: str) -> Shell:
        """Return a shell with some environment variables added or replaced."""
        return replace(self, environment={**self.environment, **variables})

    def run(
        self,
        *arguments: str | Path,
        stdin: str | None = None,
        timeout: float = 300,
        remedy: str = "",
        allow_failure: bool = False,
        log_file: Path | None = None,
    ) -> ProgramResult:
        """Run a program until it ends.

        Args:
            arguments: The program and its arguments.
            stdin: The text on its standard input; None for an empty standard input.
            timeout: Seconds after which it is killed.
            remedy: What to do if it fails.
            allow_failure: Return the result of a failed program instead of raising an error.
            log_file: Receives the output while the program runs, so that a user can follow a long build.

        Raises:
            ProgramError: If the program does not exist, or exits with another status than 0 (unless allow_failure).
            ProgramTimeoutError: If it does not end in time.
        """
        command = [str(argument) for argument in arguments]
        shown = shlex.join(map(self.secrets.redact, command))
        with self.journal.record("program", shown):
            result = self._communicate(command, shown, stdin, timeout, log_file)
        if result.exit_status and not allow_failure:
            raise self.describe_failure(result, remedy)
        return result

    def describe_failure(self, result: ProgramResult, remedy: str = "") -> ProgramError:
        """Return the error for a program that has failed.

        Args:
            result: The result of the program.
            remedy: What to do.
        """
        return ProgramError(
            f"{result.arguments[0]} failed: {shlex.join(map(self.secrets.redact, result.arguments))}",
            seen=f"exit status {result.exit_status}\n{self.secrets.redact(result.last_lines)}",
            remedy=remedy or "read its last lines above; `make shell` opens a shell to try the command by hand",
        )

    def start(self, *arguments: str | Path, log_file: Path, stdin: int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
        """Start a program that continues by itself, in a session of its own.

        Args:
            arguments: The program and its arguments.
            log_file: Receives its output.
            stdin: Its standard input, as for subprocess.
        """
        command = [str(argument) for argument in arguments]
        with log_file.open("wb") as output:
            try:
                return subprocess.Popen(
                    command,
                    stdin=stdin,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    env=self.environment,
                    cwd=self.directory,
                    start_new_session=True,
                )
            except OSError as error:
                raise self._cannot_run(command[0], error) from None

    def _communicate(
        self, command: list[str], shown: str, stdin: str | None, timeout: float, log_file: Path | None
    ) -> ProgramResult:
        self._check_program(command[0])
        with log_file.open("w+") if log_file else nullcontext(subprocess.PIPE) as sink:
            process = subprocess.Popen(
                [*KILL_WITH_PARENT, *command],
                stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
                stdout=sink,
                stderr=subprocess.STDOUT if log_file else subprocess.PIPE,
                env=self.environment,
                cwd=self.directory,
                text=True,
                errors="replace",
                start_new_session=True,  # so that it can be killed together with its children
            )
            with process, background.on_cancel(partial(_kill, process)):
                try:
                    output, errors = process.communicate(stdin, timeout)
                except subprocess.TimeoutExpired:
                    _kill(process)
                    output, errors = process.communicate()
                    last_lines = _result(command, process.returncode, output, errors, log_file).last_lines
                    shown_lines = self.secrets.redact(last_lines)
                    raise ProgramTimeoutError(
                        f"timed out after {timeout:g} s waiting for: {command[0]} to end ({shown})",
                        seen=f"it was still running, and was killed; its last lines:\n{shown_lines}",
                        remedy="run it by hand in `make shell` to see where it hangs",
                    ) from None
                except BaseException:
                    _kill(process)
                    raise
        return _result(command, process.returncode, output, errors, log_file)

    def _check_program(self, program: str) -> None:
        """Raise ProgramError if a program cannot be run; setpriv would report it in its own words."""
        if shutil.which(program, path=self.environment.get("PATH")) is None:
            number = errno.EACCES if Path(program).is_file() else errno.ENOENT
            raise self._cannot_run(program, OSError(number, os.strerror(number)))

    def _cannot_run(self, program: str, error: OSError) -> ProgramError:
        return ProgramError(
            f"{program} cannot be run",
            expected=f"a program {program} on PATH",
            seen=f"{error.strerror or error}; PATH is {self.environment.get('PATH', '')}",
            remedy=f"install {program}; with --lab embedded, `make lab` builds the lab's tools",
        )


def _kill(process: subprocess.Popen[str]) -> None:
    """Kill a program and its children, which would continue and keep its output open."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _result(
    command: list[str], exit_status: int, output: str | None, errors: str | None, log_file: Path | None
) -> ProgramResult:
    if log_file:
        output = log_file.read_text(errors="replace")
    return ProgramResult(tuple(command), exit_status, output or "", errors or "")
