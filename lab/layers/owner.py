"""The owner: the user who logs in, and the user's namespace, which is that of a Profile of Kubeflow."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import requests

from lab.config.origins import Origin
from lab.config.settings import TUTORIAL_NAMESPACE, TUTORIAL_USER, Settings
from lab.context import Lab
from lab.errors import LabError
from lab.k8s.objects import Object
from lab.layers.dex_configuration import find_unknown_user

API_GROUP = "kubeflow.org/"
REJECTED = (requests.codes.unauthorized, requests.codes.forbidden)
LIST_PROFILES = "`kubectl get profiles -o custom-columns=NAME:.metadata.name,OWNER:.spec.owner.name`"
WAYS = (
    "the environment variable KUBEFLOW_LAB_PASSWORD, a file that only you can read (--password-file=FILE), or the "
    "prompt of a run with --lab existing in a terminal"
)
"""The ways in which a user gives the password."""


@dataclass(frozen=True)
class Owner:
    """A user of Dex, and the namespace of the user's Profile.

    Args:
        user: The email address with which the user logs in, and by which the Profile names its owner.
        namespace: The namespace.
        password: The password.
    """

    user: str
    namespace: str
    password: str = field(repr=False)

    def translate(self, text: str) -> str:
        """Return a text of the features with this owner's user and namespace in place of the tutorial's.

        If another user of the features, such as the one whom a client claims to be, is this owner, the tutorial's user
        takes its place.
        """
        values = {
            TUTORIAL_NAMESPACE: self.namespace,
            TUTORIAL_USER: self.user,
            self.user: TUTORIAL_USER if self.user != TUTORIAL_USER else self.user,
        }
        longest_first = sorted(values, key=lambda value: -len(value))
        return re.sub("|".join(map(re.escape, longest_first)), lambda found: values[found[0]], text)


def list_profiles(objects: Iterable[Object]) -> list[tuple[str, str]]:
    """Return name and owner of each Profile among objects that a user owns."""
    owned = []
    for obj in objects:
        if obj.get("kind") == "Profile" and str(obj.get("apiVersion", API_GROUP)).startswith(API_GROUP):
            owner = (obj.get("spec") or {}).get("owner") or {}
            if owner.get("kind", "User") == "User" and owner.get("name"):
                owned.append((str(obj["metadata"]["name"]), str(owner["name"])))
    return owned


def find_in_manifests(objects: Iterable[Object], settings: Settings) -> Owner:
    """Return the owner of the Profile in the manifests: the user of the settings, or the only one if none is given.

    Args:
        objects: The objects of the manifests.
        settings: The settings.

    Raises:
        LabError: If there is no Profile, or none of this user.
    """
    profiles = list_profiles(objects)
    users = {owner for name, owner in profiles if settings.profile in ("", name)}
    user, is_given = settings.user, "user" in settings.model_fields_set
    if not is_given and user not in users and len(users) == 1:
        [user] = users
    if error := _check_profile(user, profiles, settings, "the manifests"):
        raise error
    if user in users:
        return _create_owner(user, profiles, settings)
    if not profiles:
        raise LabError(
            "the manifests contain no Profile; the features need a user who owns one",
            expected=f"a Profile of {user}",
            seen="no object of the kind Profile in the build of `example`",
            remedy="add `- ../common/user-namespace/base` to the resources of example/kustomization.yaml, with a user "
            "that Dex knows",
        )
    raise LabError(
        f"the manifests contain no Profile of {user}",
        seen=_describe(profiles),
        remedy=f"give one of these users with --user, or KUBEFLOW_LAB_USER: {', '.join(sorted(users))}; the password "
        "comes from KUBEFLOW_LAB_PASSWORD or --password-file",
    )


def find_in_cluster(profiles: Sequence[Object], settings: Settings) -> Owner:
    """Return the owner of a Profile of a cluster: the user of the settings.

    Args:
        profiles: The Profiles of the cluster.
        settings: The settings.

    Raises:
        LabError: If there is no Profile of this user.
    """
    owned, user = list_profiles(profiles), settings.user
    if error := _check_profile(user, owned, settings, "the cluster"):
        raise error
    if user not in {owner for _, owner in owned}:
        raise LabError(
            f"the cluster has no Profile of {user}",
            seen=_describe(owned),
            remedy="select the owner of a Profile with --user, or KUBEFLOW_LAB_USER, and give the password with "
            f"KUBEFLOW_LAB_PASSWORD or --password-file; this lists the Profiles: {LIST_PROFILES}",
        )
    return _create_owner(user, owned, settings)


def wrong_password(owner: Owner, message: str, lab: Lab) -> LabError:
    """Return the error for a login that Dex has rejected.

    It is treated like a failed layer: no other scenario that logs in can pass.

    Args:
        owner: The owner.
        message: The message of Dex.
        lab: The lab.
    """
    settings = lab.settings
    sources = {
        Origin.ENVIRONMENT: "the environment variable KUBEFLOW_LAB_PASSWORD",
        Origin.SEPARATE_FILE: f"the file {settings.password_file}",
        Origin.PROMPT: "the prompt",
    }
    source = sources.get(settings.get_origin("password"), "the tutorial, as none was given")
    error = find_unknown_user(lab.kube.get, owner.user) or LabError(
        f"login failed: {owner.user} has another password than the one given; set KUBEFLOW_LAB_PASSWORD",
        expected=f"Dex to accept the login of {owner.user}",
        seen=f'Dex answers "{message}"; the password is that of {source}',
        remedy=f"give the password of this user by {WAYS}; if it is right, check that Dex has this user, and "
        "was restarted since its configuration was changed (`kubectl rollout restart -n auth deployment/dex`)",
    )
    error.layer = "login"
    return error


def check_session(
    answer: requests.Response, owner: Owner, file: Path, diagnose: Callable[[], list[str]]
) -> LabError | None:
    """Return an error if cookies that a user has copied give no session of the owner, or None.

    It is treated like a failed layer: no other scenario that needs a session can pass.

    Args:
        answer: The answer of the dashboard's API about the user, to a request with these cookies.
        owner: The owner.
        file: The file with the cookies.
        diagnose: Returns the problems of the auth proxy and of Dex.
    """
    user, shown = read_user(answer), f"{answer.url} returns {answer.status_code}"
    if user == owner.user:
        return None
    expected = f"a session of {owner.user}"
    if user:
        error = LabError(
            f"the session of {file} belongs to another user",
            expected=expected,
            seen=f"the dashboard identifies {user}",
            remedy=f"give this user with --user {user}, or log in as {owner.user} with a browser and copy the cookies",
        )
    elif answer.is_redirect or answer.ok or answer.status_code in REJECTED:
        error = LabError(
            f"the session of {file} has expired, or its cookies are not those of a session",
            expected=expected,
            seen=f"{shown}{', a redirect to the login' if answer.is_redirect else ''}",
            remedy="log in with a browser again, and copy the cookies of a request to the dashboard",
        )
    else:
        error = LabError(
            f"the session of {file} cannot be checked",
            expected=expected,
            seen="\n".join([shown, *diagnose()]),
            remedy="open the entry point in a browser; if it works there, copy the cookies again",
        )
    error.layer = "login"
    return error


def read_user(answer: requests.Response) -> str:
    """Return the user that the dashboard's API names in an answer; empty if it names none."""
    try:
        content = answer.json() if answer.ok else None
    except requests.JSONDecodeError:
        return ""
    return str(content.get("user") or "") if isinstance(content, dict) else ""


def _check_profile(user: str, profiles: Sequence[tuple[str, str]], settings: Settings, where: str) -> LabError | None:
    """Return an error if the Profile of the settings does not exist, or is not the user's; or None.

    Args:
        user: The user.
        profiles: Name and owner of each Profile.
        settings: The settings.
        where: Where the Profiles are.
    """
    if not settings.profile:
        return None
    owner = dict(profiles).get(settings.profile)
    if owner == user:
        return None
    own = ", ".join(name for name, other in profiles if other == user)
    choice = f"select a Profile of {user} with --profile: {own}" if own else f"{user} owns no Profile"
    headline = f"the Profile {settings.profile} belongs to {owner}, and not to {user}"
    return LabError(
        headline if owner else f"there is no Profile {settings.profile} of a user in {where}",
        seen=_describe(profiles),
        remedy=f"{choice}{f', or its owner with --user {owner}' if owner else ''}; this lists the Profiles: "
        f"{LIST_PROFILES}",
    )


def _create_owner(user: str, profiles: Sequence[tuple[str, str]], settings: Settings) -> Owner:
    namespaces = [name for name, owner in profiles if owner == user]
    preferred = settings.profile or TUTORIAL_NAMESPACE
    namespace = preferred if preferred in namespaces else namespaces[0]
    return Owner(user, namespace, settings.password.get_secret_value())


def _describe(profiles: Sequence[tuple[str, str]]) -> str:
    return "\n".join(f"the Profile {name} belongs to {owner}" for name, owner in profiles) or "no Profile"
