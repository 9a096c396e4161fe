"""Asking a user for a password at the terminal of a run, whatever has become of its standard input."""

from __future__ import annotations

import os
from getpass import getpass
from pathlib import Path

TERMINAL = Path("/dev/tty")


def has_terminal() -> bool:
    """Return whether this process may read from its controlling terminal; a background process would be stopped."""
    try:
        terminal = os.open(TERMINAL, os.O_RDWR | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)


def ask_password(user: str) -> str:
    """Return the password that a user types, without showing it; empty if there is none.

    Args:
        user: The user whose password it is.
    """
    try:
        return getpass(f"Password of {user}: ")
    except EOFError:
        return ""
