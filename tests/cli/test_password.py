"""cli/password.py: the command `password`, on a terminal."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys

import bcrypt
import pytest


def type_passwords(*passwords: str) -> tuple[int, str, str]:
    """Answer the prompts of `python -m lab password` on a terminal.

    Returns:
        The exit status, standard output, and everything else: prompts, errors and the echo of the terminal.
    """
    keyboard, screen = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "lab", "password"],
        stdin=screen,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,  # without a controlling terminal of its own, it would prompt on that of this process
    ) as process:
        assert process.stdout
        assert process.stderr
        prompts = ""
        for number, password in enumerate(passwords, start=1):
            while prompts.count(": ") < number:  # characters that are typed before the prompt are discarded
                ready, _, _ = select.select([process.stderr], [], [], 20)
                character = os.read(process.stderr.fileno(), 1).decode() if ready else ""
                if not character:
                    process.kill()
                    pytest.fail(f"there was no prompt, but: {prompts}")
                prompts += character
            os.write(keyboard, f"{password}\n".encode())
        output, errors = process.stdout.read().decode(), process.stderr.read().decode()
    os.set_blocking(keyboard, False)
    try:
        echo = os.read(keyboard, 1000).decode()
    except BlockingIOError:
        echo = ""
    os.close(keyboard)
    os.close(screen)
    return process.returncode, output, prompts + errors + echo


def test_a_password_that_is_typed_twice_is_hashed_and_never_shown() -> None:
    status, output, rest = type_passwords("correct horse", "correct horse")
    assert status == 0
    assert bcrypt.checkpw(b"correct horse", output.strip().encode())
    assert "correct horse" not in output + rest


def test_two_different_passwords_are_an_error() -> None:
    status, output, rest = type_passwords("correct horse", "correct house")
    assert (status, output) == (1, "")
    assert "the two passwords differ" in rest
