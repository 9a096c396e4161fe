"""Chapter 12: the owner gets another password."""

from __future__ import annotations

from pytest_bdd import given, scenarios, when

from lab.visitor import Visitor

scenarios("12_password.feature")


@given("the owner has another password", target_fixture="password")
def another(another_password: str) -> str:
    """Hashed, written, applied, and Dex started anew; put back after the scenario."""
    return another_password


@when("they log in with the new password")
def log_in_with_new(person: Visitor, password: str) -> None:
    """As the owner."""
    person.log_in(password=password)


@when("they log in with the tutorial's password")
def log_in_with_old(person: Visitor) -> None:
    """As the owner."""
    person.log_in()
