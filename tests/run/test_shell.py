"""lab/run/shell.py: running programs, with real programs."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from lab.errors import ProgramError, ProgramTimeoutError
from lab.run.shell import LAST_LINES, Shell
from tests.conftest import REPOSITORY, WriteProgram

INTERRUPT = f"sleep 0.1; kill -INT {os.getpid()}"
"""A script that interrupts the tests as Ctrl-C does, a moment later."""


def test_result_has_exit_status_output_and_errors(shell: Shell) -> None:
    result = shell.run("sh", "-c", "echo said; echo complained >&2")
    assert (result.exit_status, result.output, result.errors) == (0, "said\n", "complained\n")
    assert result.arguments == ("sh", "-c", "echo said; echo complained >&2")


def test_arguments_are_passed_without_a_command_line(shell: Shell) -> None:
    assert shell.run("printf", "%s|", "a b", "$HOME", "*", "'").output == "a b|$HOME|*|'|"


def test_failure_shows_command_status_last_lines_and_remedy(shell: Shell) -> None:
    with pytest.raises(ProgramError) as caught:
        shell.run("sh", "-c", "echo the reason >&2; exit 7", remedy="fix the reason")
    error = caught.value
    assert "sh -c 'echo the reason >&2; exit 7'" in error.headline
    assert error.seen == "exit status 7\nthe reason"
    assert error.remedy == "fix the reason"


def test_failure_has_a_default_remedy(shell: Shell) -> None:
    with pytest.raises(ProgramError) as caught:
        shell.run("false")
    assert "make shell" in caught.value.remedy


def test_allowed_failure_is_returned(shell: Shell) -> None:
    assert shell.run("sh", "-c", "exit 3", allow_failure=True).exit_status == 3


def test_program_killed_by_a_signal_has_failed(shell: Shell) -> None:
    with pytest.raises(ProgramError, match="exit status -9"):
        shell.run("sh", "-c", "kill -KILL $$")


def test_last_lines_are_the_end_of_the_output(shell: Shell) -> None:
    result = shell.run("seq", "100")
    assert result.last_lines.splitlines() == [str(number) for number in range(101 - LAST_LINES, 101)]


def test_last_lines_prefer_standard_error(shell: Shell) -> None:
    assert shell.run("sh", "-c", "echo said; echo complained >&2").last_lines == "complained"


def test_undecodable_output_is_replaced(shell: Shell) -> None:
    assert shell.run("printf", r"a\377b").output == "a\ufffdb"


def test_missing_program_is_named_with_the_search_path(programs: Path) -> None:
    with pytest.raises(ProgramError) as caught:
        Shell({"PATH": str(programs)}).run("no-such-program", "--version")
    assert caught.value.headline == "no-such-program cannot be run"
    assert str(programs) in caught.value.seen


def test_file_that_is_not_executable_is_named(shell: Shell, programs: Path) -> None:
    (programs / "notes").write_text("not for running")
    with pytest.raises(ProgramError, match="Permission denied"):
        shell.run(programs / "notes")


def test_programs_on_the_path_of_the_shell_are_found_first(shell: Shell, write_program: WriteProgram) -> None:
    write_program("ls", "echo of the lab")
    assert shell.run("ls").output == "of the lab\n"


def test_programs_get_the_environment_of_the_shell_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FROM_THE_PROCESS", "process")
    shell = Shell({"PATH": os.environ["PATH"]}).with_environment(FROM_THE_LAB="lab")
    assert shell.run("sh", "-c", "echo $FROM_PROCESS $FROM_THE_LAB").output == "lab\n"
    assert "FROM_THE_LAB" not in os.environ


def test_programs_run_in_the_directory_of_the_shell(tmp_path: Path) -> None:
    assert Shell(os.environ, directory=tmp_path).run("pwd").output == f"{tmp_path}\n"


def test_standard_input_is_passed(shell: Shell) -> None:
    assert shell.run("cat", stdin="line\n" * 20_000).output == "line\n" * 20_000


def test_standard_input_is_empty_by_default(shell: Shell) -> None:
    assert shell.run("cat", timeout=5).output == ""


def test_program_may_ignore_its_input(shell: Shell) -> None:
    assert shell.run("true", stdin="line\n" * 100_000).exit_status == 0


def test_program_that_exceeds_its_time_is_killed(shell: Shell, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    with pytest.raises(ProgramError) as caught:
        shell.run("sh", "-c", f"echo $$ > {pid}; echo working; exec sleep 60", timeout=0.3)
    assert caught.value.headline.startswith("timed out after 0.3 s waiting for: sh to end")
    assert "working" in caught.value.seen
    assert not psutil.pid_exists(int(pid.read_text()))


def test_children_are_killed_with_the_program(shell: Shell, tmp_path: Path) -> None:
    """Otherwise the compilers of a killed build would continue, and keep its output open."""
    pid, begin = tmp_path / "pid", time.monotonic()
    with pytest.raises(ProgramTimeoutError):
        shell.run("sh", "-c", f"sleep 20 & echo $! > {pid}; wait", timeout=0.3)
    assert time.monotonic() - begin < 10
    assert _ends(int(pid.read_text()))


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Handle SIGINT as on a terminal: a script that runs the tests in the background ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_interrupt_kills_the_program(shell: Shell, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    with pytest.raises(KeyboardInterrupt):
        shell.run("sh", "-c", f"echo $$ > {pid}; {INTERRUPT}; exec sleep 60")
    assert _ends(int(pid.read_text()))


@pytest.mark.usefixtures("interruptible")
def test_interrupt_kills_children(shell: Shell, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    with pytest.raises(KeyboardInterrupt):
        shell.run("sh", "-c", f"sleep 60 & echo $! > {pid}; {INTERRUPT}; wait")
    assert _ends(int(pid.read_text()))


def test_log_file_receives_output_while_the_program_runs(shell: Shell, tmp_path: Path) -> None:
    log_file, reached = tmp_path / "build.log", tmp_path / "reached"
    # The program itself searches the log for its own output.
    script = f"echo compiling; grep --quiet compiling {log_file} && touch {reached}; echo warned >&2"
    result = shell.run("sh", "-c", script, log_file=log_file)
    assert reached.exists()
    assert result.output == log_file.read_text() == "compiling\nwarned\n"


def test_failure_with_a_log_file_shows_its_last_lines(shell: Shell, tmp_path: Path) -> None:
    with pytest.raises(ProgramError, match="no space left"):
        shell.run("sh", "-c", "echo no space left >&2; exit 1", log_file=tmp_path / "build.log")


def test_log_file_of_an_earlier_run_is_replaced(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "build.log").write_text("from yesterday, and longer\n" * 3)
    assert shell.run("echo", "new", log_file=tmp_path / "build.log").output == "new\n"


@pytest.mark.parametrize("secret", ["hunter2", "two words", "it's", '"$`\\'])
def test_secrets_are_redacted_in_errors_and_journal(shell: Shell, secret: str) -> None:
    shell.secrets.add(secret)
    with pytest.raises(ProgramError) as caught:
        shell.run("sh", "-c", 'echo "password: $1"; exit 1', "sh", secret)
    shown = [str(caught.value), shell.journal.entries[-1].text]
    assert all("********" in text for text in shown)
    assert not [text for text in shown if secret in text or "it'" in text]


def test_secrets_are_redacted_in_time_outs(shell: Shell) -> None:
    shell.secrets.add("hunter2")
    with pytest.raises(ProgramError) as caught:
        shell.run("sh", "-c", "echo password hunter2; exec sleep 60", timeout=0.3)
    assert "hunter2" not in str(caught.value)
    assert "password ********" in str(caught.value)


def test_secret_that_begins_like_another_is_redacted_completely(shell: Shell) -> None:
    shell.secrets.add("hunter", "hunter2000")
    with pytest.raises(ProgramError) as caught:
        shell.run("sh", "-c", "echo hunter2000; exit 1")
    assert "2000" not in str(caught.value)


@pytest.mark.parametrize("script", ["exit 0", "exit 1"])
def test_journal_records_every_program(shell: Shell, script: str) -> None:
    shell.run("sh", "-c", script, allow_failure=True)
    [entry] = shell.journal.entries
    assert (entry.kind, entry.text) == ("program", f"sh -c '{script}'")


def test_started_program_has_a_session_of_its_own(shell: Shell, tmp_path: Path) -> None:
    log_file = tmp_path / "daemon.log"
    process = shell.start("sh", "-c", "echo up; echo trouble >&2; exec sleep 60", log_file=log_file)
    try:
        assert os.getsid(process.pid) == process.pid != os.getsid(0)
    finally:
        process.kill()
        process.wait()


def test_started_program_writes_to_its_log_file(shell: Shell, tmp_path: Path) -> None:
    log_file = tmp_path / "daemon.log"
    assert shell.start("sh", "-c", "echo up; echo trouble >&2", log_file=log_file).wait(10) == 0
    assert log_file.read_text() == "up\ntrouble\n"


def test_program_that_cannot_be_started_is_named(shell: Shell, tmp_path: Path) -> None:
    with pytest.raises(ProgramError, match="no-such-daemon cannot be run"):
        shell.start("no-such-daemon", log_file=tmp_path / "daemon.log")


def test_program_ends_with_a_killed_run(tmp_path: Path) -> None:
    """Otherwise it would interfere with the next run that uses the lab."""
    pid = tmp_path / "pid"
    program = f"echo $$ > {pid}; kill -KILL $PPID; exec sleep 60"
    script = f"import os; from lab.run.shell import Shell; Shell(os.environ).run('sh', '-c', {program!r})"
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    run = subprocess.run([sys.executable, "-c", script], env=environment, check=False)
    assert run.returncode == -signal.SIGKILL
    assert _ends(int(pid.read_text()))


def _ends(pid: int) -> bool:
    """Return whether a process ends within five seconds; a zombie has ended."""
    with contextlib.suppress(psutil.NoSuchProcess, psutil.TimeoutExpired):
        process = psutil.Process(pid)
        if process.status() != psutil.STATUS_ZOMBIE:
            process.wait(5)
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
