"""lab/passwords.py: hashes that Dex takes, and passwords that none can be made of."""

from __future__ import annotations

import bcrypt
import pytest

from lab.errors import LabError
from lab.passwords import hashed


def test_a_hash_is_of_the_form_that_dex_takes_and_fits_the_password() -> None:
    result = hashed("12341234", cost=10)
    assert result.startswith("$2y$10$")
    assert bcrypt.checkpw(b"12341234", result.encode())
    assert not bcrypt.checkpw(b"12341235", result.encode())


def test_the_cost_is_the_tutorial_s_by_default() -> None:
    assert hashed("pa$$wörd").startswith("$2y$12$")


def test_no_two_hashes_of_a_password_are_the_same() -> None:
    assert hashed("12341234", cost=10) != hashed("12341234", cost=10)


def test_72_bytes_are_taken_whole() -> None:
    assert not bcrypt.checkpw(b"a" * 71 + b"b", hashed("a" * 72, cost=10).encode())


@pytest.mark.parametrize(
    ("password", "words"), [("", "empty"), ("a" * 73, "73 bytes"), ("ä" * 37, "74 bytes"), ("a\0b", "cut")]
)
def test_a_password_that_bcrypt_would_cut_or_that_is_none_is_refused(password: str, words: str) -> None:
    with pytest.raises(LabError, match=words):
        hashed(password, cost=10)


@pytest.mark.parametrize("cost", [4, 9, 17, 31])
def test_a_cost_that_dex_refuses_is_refused(cost: int) -> None:
    with pytest.raises(LabError, match="from 10 to 16"):
        hashed("12341234", cost=cost)
