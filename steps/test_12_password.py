"""Chapter 12: the owner's password is changed."""

from __future__ import annotations

from pytest_bdd import given, scenarios, when

from lab.layers.owner import Owner
from lab.web.browser_user import BrowserUser

scenarios("12_password.feature")


@given("the owner temporarily has a new password")
def change_password(new_password: str) -> None:
    """Ensure that Dex has restarted with the hash of the new password, until the scenario has ended."""


@when("they log in with the new password")
def log_in_with_new_password(user: BrowserUser, owner: Owner, new_password: str) -> None:
    """Log in as the owner."""
    user.log_in(owner.user, new_password)


@when("they log in with the tutorial's password")
def log_in_with_tutorial_password(user: BrowserUser, owner: Owner) -> None:
    """Log in as the owner with the password of the settings, by default the tutorial's."""
    user.log_in(owner.user, owner.password)
