"""lab/run/prompt.py: a password is asked for at the controlling terminal, whatever standard input is."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

ASK = """
from lab.run import prompt
print(prompt.has_terminal() and repr(prompt.ask_password("ada@corp.example")), flush=True)
"""


def test_without_a_terminal_nothing_is_asked() -> None:
    command = [sys.executable, "-c", ASK]
    output = subprocess.run(
        command, capture_output=True, text=True, check=True, start_new_session=True, timeout=30
    ).stdout
    assert output == "False\n"


def test_the_terminal_is_used_and_shows_no_password() -> None:
    child, terminal = pty.fork()
    if child == 0:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.execv(sys.executable, [sys.executable, "-c", ASK])
    shown = read_until(terminal, b"Password of ada@corp.example: ")
    os.write(terminal, b"correct horse\n")
    answer = read_until(terminal, b"'correct horse'")
    assert os.waitpid(child, 0)[1] == 0
    assert b"correct" not in shown + answer.partition(b"'")[0]


def read_until(terminal: int, text: bytes) -> bytes:
    """Return the output of a terminal up to a text."""
    output = b""
    while text not in output:
        output += os.read(terminal, 1000)
    return output
