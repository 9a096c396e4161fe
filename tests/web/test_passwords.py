"""lab/web/passwords.py: hashes that Dex accepts, and passwords that cannot be hashed."""

from __future__ import annotations

import bcrypt
import pytest

from lab.errors import LabError
from lab.run.redaction import MASK, Secrets
from lab.web.passwords import hash_password


def test_the_hash_matches_the_password() -> None:
    result = hash_password("12341234", Secrets())
    assert bcrypt.checkpw(b"12341234", result.encode())
    assert not bcrypt.checkpw(b"12341235", result.encode())


def test_the_hash_has_the_form_and_the_cost_of_the_tutorial() -> None:
    assert hash_password("pa$$wörd", Secrets()).startswith("$2y$12$")


def test_two_hashes_of_a_password_differ() -> None:
    assert hash_password("12341234", Secrets()) != hash_password("12341234", Secrets())


def test_all_of_72_bytes_are_hashed() -> None:
    assert not bcrypt.checkpw(b"a" * 71 + b"b", hash_password("a" * 72, Secrets()).encode())


def test_the_password_becomes_a_secret() -> None:
    secrets = Secrets()
    hash_password("correct horse", secrets)
    assert secrets.redact("the password is correct horse") == f"the password is {MASK}"


@pytest.mark.parametrize(
    ("password", "text"), [("", "empty"), ("a" * 73, "73 bytes"), ("ä" * 37, "74 bytes"), ("a\0b", "truncate")]
)
def test_an_empty_or_truncated_password_is_rejected(password: str, text: str) -> None:
    with pytest.raises(LabError, match=text):
        hash_password(password, Secrets())
