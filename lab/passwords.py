"""Passwords of Dex's users: hashed with bcrypt, as the tutorial does with passlib."""

from __future__ import annotations

from passlib.hash import bcrypt

from lab.errors import LabError
from lab.masking import SECRETS

COST = 12
"""The tutorial's rounds: 2 to the power of 12."""
COSTS_DEX_TAKES = range(10, 17)
"""Dex refuses to start with a hash of another cost (its storage's static passwords check it)."""
MOST_BYTES = 72
"""bcrypt takes no notice of what comes after: two long passwords with the same beginning would be the same."""
IDENT = "2y"


def hashed(password: str, cost: int = COST) -> str:
    """A bcrypt hash of a password for Dex's configuration, of the form $2y$12$….

    Arguments:
        password: what the user types.
        cost: the logarithm, to base 2, of the number of rounds.

    Raises LabError for a password that is empty or would be cut, and for a cost that Dex refuses.
    """
    SECRETS.add(password)
    size = len(password.encode())
    if not password:
        raise LabError("an empty password is none", expected="at least one character", seen="none", remedy="choose one")
    if size > MOST_BYTES or "\0" in password:
        raise LabError(
            "bcrypt would cut this password",
            expected=f"at most {MOST_BYTES} bytes in UTF-8, none of them NUL",
            seen=f"{size} bytes",
            remedy="choose a shorter one",
        )
    if cost not in COSTS_DEX_TAKES:
        raise LabError(
            f"Dex refuses a bcrypt hash of cost {cost}",
            expected=f"a cost from {COSTS_DEX_TAKES[0]} to {COSTS_DEX_TAKES[-1]}",
            seen=str(cost),
            remedy=f"take {COST}, as the tutorial does",
        )
    result = str(bcrypt.using(rounds=cost, ident=IDENT).hash(password))
    if not bcrypt.verify(password, result):
        raise LabError(
            "the bcrypt library made a hash that does not fit the password",
            expected="a hash that verifies",
            seen="one that does not",
            remedy="see that the versions of libpass and bcrypt in uv.lock are installed: `uv sync`",
        )
    return result
