"""Files that contain a secret: a password, or the cookies of a session. Only their owner may read them."""

from __future__ import annotations

import shlex
from pathlib import Path

OTHERS = 0o077
"""The permissions of other users, as bits of a file's mode."""
BYTE_ORDER_MARK = "\ufeff"


def read_secret_file(path: Path) -> str:
    """Return the text of a file that contains a secret.

    Args:
        path: The path; `~` is the home directory.

    Raises:
        ValueError: If the file cannot be read, others can read it, or it is empty or no text; the message is meant for
            users, and contains nothing of the text.
    """
    try:
        file = path.expanduser()
        if not file.exists():
            raise ValueError("there is no such file")
        if not file.is_file():
            raise ValueError("this is a directory, and not a file" if file.is_dir() else "this is not a regular file")
        mode = file.stat().st_mode & 0o777
        if mode & OTHERS:
            raise ValueError(
                f"other users can use this file (its mode is {mode:04o}), and it contains a secret: "
                f"`chmod 600 {shlex.quote(str(file))}`"
            )
        content = file.read_bytes()
    except (OSError, RuntimeError) as error:
        raise ValueError(f"the file cannot be read: {getattr(error, 'strerror', None) or error}") from None
    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise ValueError("this is not a text file in UTF-8") from None
    if not text.strip():
        raise ValueError("the file is empty")
    if text.startswith(BYTE_ORDER_MARK) or "\0" in text:
        raise ValueError("this is not a text file in UTF-8 without a byte order mark")
    return text


def read_password(path: Path) -> str:
    """Return the password in a file.

    A line break at its end is rejected and not removed: it may be a part of what the file is for elsewhere, such as a
    Secret that was created from the same file, with which another program would then not agree.

    Raises:
        ValueError: As read_secret_file, or if the text is not one line without a line break.
    """
    text = read_secret_file(path)
    password = text.rstrip("\r\n")
    if number := len(text) - len(password):
        raise ValueError(
            "the file ends in a newline, which echo and editors add, and which is no part of a password: "
            f"`truncate --size=-{number} {shlex.quote(str(path.expanduser()))}` removes it, and "
            "`printf %s PASSWORD > FILE` does not write it"
        )
    if len(password.splitlines()) > 1:
        raise ValueError("the file has several lines, and a password is one")
    return password
