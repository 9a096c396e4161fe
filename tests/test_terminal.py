"""lab/terminal.py: running programs. Every program here is a real one."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from lab.errors import LabError
from lab.journal import JOURNAL
from lab.masking import SECRETS
from lab.terminal import LAST_LINES, Terminal
from tests.conftest import REPOSITORY, WriteProgram

INTERRUPT = f"sleep 0.1; kill -INT {os.getpid()}"
"""A program that runs this is interrupted as by Ctrl-C, a moment later."""


def test_the_result_has_exit_status_output_and_errors() -> None:
    result = Terminal().run("sh", "-c", "echo said; echo complained >&2")
    assert (result.exit_status, result.output, result.errors) == (0, "said\n", "complained\n")
    assert result.arguments == ("sh", "-c", "echo said; echo complained >&2")


def test_arguments_reach_the_program_as_they_are_without_a_shell() -> None:
    assert Terminal().run("printf", "%s|", "a b", "$HOME", "*", "'").output == "a b|$HOME|*|'|"


def test_a_failure_shows_command_exit_status_last_lines_and_remedy() -> None:
    with pytest.raises(LabError) as caught:
        Terminal().run("sh", "-c", "echo the reason >&2; exit 7", remedy="mend the reason")
    error = caught.value
    assert "sh -c 'echo the reason >&2; exit 7'" in error.what
    assert error.seen == "exit status 7\nthe reason"
    assert error.remedy == "mend the reason"


def test_a_failure_without_a_remedy_of_its_own_still_says_what_to_do() -> None:
    with pytest.raises(LabError) as caught:
        Terminal().run("false")
    assert "make shell" in caught.value.remedy


def test_a_failure_is_given_back_where_it_is_allowed() -> None:
    assert Terminal().run("sh", "-c", "exit 3", may_fail=True).exit_status == 3


def test_a_program_that_a_signal_ended_has_failed() -> None:
    with pytest.raises(LabError, match="exit status -9"):
        Terminal().run("sh", "-c", "kill -KILL $$")


def test_the_last_lines_are_the_end_of_what_was_printed() -> None:
    result = Terminal().run("seq", "100")
    assert result.last_lines.splitlines() == [str(number) for number in range(101 - LAST_LINES, 101)]


def test_the_last_lines_are_those_of_the_errors_if_there_are_any() -> None:
    assert Terminal().run("sh", "-c", "echo said; echo complained >&2").last_lines == "complained"


def test_output_that_is_no_text_does_not_stop_anything() -> None:
    assert Terminal().run("printf", r"a\377b").output == "a\ufffdb"


def test_a_program_that_is_not_there_is_named_with_the_path_that_was_searched(programs: Path) -> None:
    with pytest.raises(LabError) as caught:
        Terminal({"PATH": str(programs)}).run("no-such-program", "--version")
    assert caught.value.what == "no-such-program cannot be run"
    assert str(programs) in caught.value.seen


def test_a_file_that_is_no_program_is_named(programs: Path) -> None:
    (programs / "notes").write_text("not for running")
    with pytest.raises(LabError, match="Permission denied"):
        Terminal().run(programs / "notes")


def test_a_program_on_the_lab_s_path_comes_first(terminal: Terminal, write_program: WriteProgram) -> None:
    write_program("ls", "echo of the lab")
    assert terminal.run("ls").output == "of the lab\n"


def test_variables_are_added_to_those_of_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FROM_OUTSIDE", "outside")
    terminal = Terminal({"FROM_THE_LAB": "lab"})
    assert terminal.run("sh", "-c", "echo $FROM_OUTSIDE $FROM_THE_LAB").output == "outside lab\n"
    assert "FROM_THE_LAB" not in os.environ


def test_it_runs_in_the_terminal_s_directory(tmp_path: Path) -> None:
    assert Terminal(directory=tmp_path).run("pwd").output == f"{tmp_path}\n"


def test_standard_input_is_what_was_given() -> None:
    assert Terminal().run("cat", stdin="line\n" * 20_000).output == "line\n" * 20_000


def test_standard_input_is_empty_by_default_so_that_nothing_waits_for_a_person() -> None:
    assert Terminal().run("cat", timeout=5).output == ""


def test_a_program_that_does_not_read_its_input_does_no_harm() -> None:
    assert Terminal().run("true", stdin="line\n" * 100_000).exit_status == 0


def test_a_program_that_runs_out_of_time_is_ended_and_its_last_lines_are_shown(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    with pytest.raises(LabError) as caught:
        Terminal().run("sh", "-c", f"echo $$ > {pid}; echo working; exec sleep 60", timeout=0.3)
    assert caught.value.expected == "an end within 0.3 s"
    assert "working" in caught.value.seen
    assert not psutil.pid_exists(int(pid.read_text()))


def test_what_a_program_started_does_not_outlive_its_time(tmp_path: Path) -> None:
    """Else a build that is ended goes on in its compilers, and whoever reads their output waits for them."""
    pid, begin = tmp_path / "pid", time.monotonic()
    with pytest.raises(LabError, match="did not end"):
        Terminal().run("sh", "-c", f"sleep 20 & echo $! > {pid}; wait", timeout=0.3)
    assert time.monotonic() - begin < 10
    assert _ends(int(pid.read_text()))


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Has an interrupt be heard, as in a terminal: what a script has begun in the background does not hear it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_ends_the_program(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    with pytest.raises(KeyboardInterrupt):
        Terminal().run("sh", "-c", f"echo $$ > {pid}; {INTERRUPT}; exec sleep 60")
    assert _ends(int(pid.read_text()))


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_ends_also_what_the_program_started(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    with pytest.raises(KeyboardInterrupt):
        Terminal().run("sh", "-c", f"sleep 60 & echo $! > {pid}; {INTERRUPT}; wait")
    assert _ends(int(pid.read_text()))


def test_output_goes_to_the_log_file_while_the_program_runs(tmp_path: Path) -> None:
    log_file, reached = tmp_path / "build.log", tmp_path / "reached"
    # The program itself looks into the log for what it has just said.
    script = f"echo compiling; grep --quiet compiling {log_file} && touch {reached}; echo warned >&2"
    result = Terminal().run("sh", "-c", script, log_file=log_file)
    assert reached.exists()
    assert result.output == log_file.read_text() == "compiling\nwarned\n"


def test_a_failure_with_a_log_file_shows_its_last_lines(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="no space left"):
        Terminal().run("sh", "-c", "echo no space left >&2; exit 1", log_file=tmp_path / "build.log")


def test_the_log_file_of_an_earlier_run_is_not_mixed_in(tmp_path: Path) -> None:
    (tmp_path / "build.log").write_text("from yesterday, and longer\n" * 3)
    assert Terminal().run("echo", "new", log_file=tmp_path / "build.log").output == "new\n"


@pytest.mark.parametrize("secret", ["hunter2", "two words", "it's", '"$`\\'])
def test_secrets_are_masked_in_errors_log_and_journal(secret: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "lab.terminal")
    SECRETS.add(secret)
    with pytest.raises(LabError) as caught:
        Terminal().run("sh", "-c", 'echo "password: $1"; exit 1', "sh", secret)
    shown = [str(caught.value), caplog.text, JOURNAL.entries[-1].what]
    assert all("********" in text for text in shown)
    assert not [text for text in shown if secret in text or "it'" in text]


def test_secrets_are_masked_when_time_is_up() -> None:
    SECRETS.add("hunter2")
    with pytest.raises(LabError) as caught:
        Terminal().run("sh", "-c", "echo password hunter2; exec sleep 60", timeout=0.3)
    assert "hunter2" not in str(caught.value)
    assert "password ********" in str(caught.value)


def test_of_a_secret_that_begins_like_another_nothing_is_left() -> None:
    SECRETS.add("hunter", "hunter2000")
    with pytest.raises(LabError) as caught:
        Terminal().run("sh", "-c", "echo hunter2000; exit 1")
    assert "2000" not in str(caught.value)


@pytest.mark.parametrize("script", ["exit 0", "exit 1"])
def test_the_journal_gets_an_entry_for_every_program(script: str) -> None:
    before = len(JOURNAL.entries)
    Terminal().run("sh", "-c", script, may_fail=True)
    entry = JOURNAL.entries[-1]
    assert (len(JOURNAL.entries), entry.kind, entry.what) == (before + 1, "program", f"sh -c '{script}'")


def test_the_log_has_every_program_with_its_exit_status(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "lab.terminal")
    Terminal().run("sh", "-c", "exit 4", may_fail=True)
    assert "sh -c 'exit 4' -> 4" in caplog.text


def test_a_started_program_goes_on_by_itself_in_a_session_of_its_own(tmp_path: Path) -> None:
    log_file = tmp_path / "daemon.log"
    process = Terminal().start("sh", "-c", "echo up; echo trouble >&2; exec sleep 60", log_file=log_file)
    try:
        assert os.getsid(process.pid) == process.pid != os.getsid(0)
    finally:
        process.kill()
        process.wait()


def test_a_started_program_writes_to_its_log_file(tmp_path: Path) -> None:
    log_file = tmp_path / "daemon.log"
    assert Terminal().start("sh", "-c", "echo up; echo trouble >&2", log_file=log_file).wait(10) == 0
    assert log_file.read_text() == "up\ntrouble\n"


def test_a_program_that_cannot_be_started_is_named(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="no-such-daemon cannot be run"):
        Terminal().start("no-such-daemon", log_file=tmp_path / "daemon.log")


def test_a_program_does_not_outlive_a_run_that_is_killed(tmp_path: Path) -> None:
    """Else it goes on beside the next run, at the same lab."""
    pid = tmp_path / "pid"
    program = f"echo $$ > {pid}; kill -KILL $PPID; exec sleep 60"
    script = f"from lab.terminal import Terminal; Terminal().run('sh', '-c', {program!r})"
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    run = subprocess.run([sys.executable, "-c", script], env=environment, check=False)
    assert run.returncode == -signal.SIGKILL
    assert _ends(int(pid.read_text()))


def _ends(pid: int) -> bool:
    """Tells whether a process ends within a moment; one that only waits to be reaped has ended."""
    with contextlib.suppress(psutil.NoSuchProcess, psutil.TimeoutExpired):
        process = psutil.Process(pid)
        if process.status() != psutil.STATUS_ZOMBIE:
            process.wait(5)
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
