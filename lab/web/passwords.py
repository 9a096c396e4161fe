"""Passwords of Dex's users, hashed with bcrypt, as the tutorial does with passlib."""

from __future__ import annotations

from passlib.hash import bcrypt

from lab.errors import LabError
from lab.run.redaction import Secrets

COST = 12
"""The cost of the tutorial's hashes: 2 to the power of 12 rounds. Dex does not start with a cost below 10 or above 16
(the static passwords in its storage are checked for it)."""
MAX_BYTES = 72
"""bcrypt ignores the bytes after these: two long passwords with the same beginning would have the same hash."""
IDENT = "2y"


def hash_password(password: str, secrets: Secrets) -> str:
    """Return a bcrypt hash of a password for Dex's configuration, in the form $2y$12$….

    Args:
        password: The password that the user types.
        secrets: Receives the password.

    Raises:
        LabError: If the password is empty, or if bcrypt would truncate it.
    """
    secrets.add(password)
    size = len(password.encode())
    if not password:
        raise LabError("the password is empty", remedy="choose a password of at least one character")
    if size > MAX_BYTES or "\0" in password:
        raise LabError(
            "bcrypt would truncate this password",
            expected=f"at most {MAX_BYTES} bytes in UTF-8, none of them NUL",
            seen=f"{size} bytes",
            remedy="choose a shorter password without NUL characters",
        )
    result = str(bcrypt.using(rounds=COST, ident=IDENT).hash(password))
    if not bcrypt.verify(password, result):
        raise LabError(
            "the bcrypt library has returned a hash that does not match the password",
            remedy="check that the versions of libpass and bcrypt in uv.lock are installed: `uv sync`",
        )
    return result
