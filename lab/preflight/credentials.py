"""Checks of the settings, and of what the owner logs in with: the password, the Profile and the user of Dex."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import suppress

from lab.config.origins import Origin
from lab.config.settings import TUTORIAL_USER
from lab.context import Lab, RunContext
from lab.errors import LabError, PermissionDeniedError
from lab.k8s.client import TRANSIENT_ERRORS
from lab.k8s.kubeconfig import find_kubeconfig
from lab.layers.dex_configuration import find_unknown_user
from lab.layers.owner import WAYS, find_in_cluster
from lab.preflight.findings import Finding, error, warning
from lab.run.prompt import has_terminal
from lab.run.state import LabState
from lab.web.login_pages import OtherLoginError

LOGIN_TAGS = ("login_form", "session")
"""The tags of the scenarios for which a user must log in."""


def check_settings(context: RunContext) -> Iterator[Finding]:
    """Check that the command line, the environment and kubeflow-lab.toml do not contradict one another.

    Yields:
        A warning for each setting with several values; it says which one is used.
    """
    for text in context.settings.overridden:
        yield warning("a setting has contradictory values", seen=text, remedy="remove the values that are not used")


def check_password(context: RunContext, tags: Collection[str]) -> Iterator[Finding]:
    """Check that the password of a user in an existing cluster is known, or that the run can ask for it.

    Yields:
        An error if it is not known; the tutorial's user has the tutorial's password.
    """
    user = context.settings.user
    if user != TUTORIAL_USER and needs_password(context, tags) and not has_terminal():
        yield error(f"the password of {user} is not given", remedy=f"give it by {WAYS}")


def needs_password(context: RunContext, tags: Collection[str]) -> bool:
    """Return whether a run on an existing cluster needs the password of its owner, and does not have it.

    Args:
        context: The context of the run.
        tags: The tags of the selected scenarios.
    """
    settings = context.settings
    if settings.kind.is_installed or settings.session_cookie_file or not any(tag in tags for tag in LOGIN_TAGS):
        return False
    return settings.get_origin("password") == Origin.DEFAULT and not _is_login_elsewhere(context)


def check_owner(context: RunContext) -> Iterator[Finding]:
    """Check that the owner has a Profile in an existing cluster, and that Dex knows this user.

    Yields:
        A finding for each that is not so: an error if the user has chosen the owner, otherwise a warning, because
        scenarios report the same, and others need no owner.
    """
    settings = context.settings
    environment = {"KUBECONFIG": find_kubeconfig(context.environment)}
    kube = Lab.from_context(context, LabState(kind="existing", environment=environment)).kube
    is_chosen = any(settings.get_origin(name) != Origin.DEFAULT for name in ("user", "profile"))
    # Other checks report that the API server cannot be reached, or that the user may not list Profiles.
    with suppress(*TRANSIENT_ERRORS, PermissionDeniedError):
        profiles = kube.list_objects("Profile")
        try:
            find_in_cluster(profiles, settings)
        except LabError as problem:
            yield Finding("error" if is_chosen else "warning", problem)
            return
        if not settings.session_cookie_file and (unknown := find_unknown_user(kube.get, settings.user)):
            yield Finding("error" if is_chosen else "warning", unknown)


def _is_login_elsewhere(context: RunContext) -> bool:
    """Return whether an entry point that answers already leads to another identity provider than Dex's users."""
    lab = Lab.from_context(context, LabState(kind="existing"))
    for url in context.settings.entry_points:
        try:
            lab.http.follow(url)
        except OtherLoginError:
            return True
        except (LabError, OSError):
            continue
    return False
