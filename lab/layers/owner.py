"""The owner: the user who logs in, and the user's namespace, which is that of a Profile of Kubeflow."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from lab.config.settings import TUTORIAL_NAMESPACE, TUTORIAL_USER, Settings
from lab.errors import LabError
from lab.k8s.objects import Object

API_GROUP = "kubeflow.org/"


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
    users = {owner for _, owner in profiles}
    user, is_given = settings.user, "user" in settings.model_fields_set
    if not is_given and user not in users and len(users) == 1:
        [user] = users
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
        remedy=f"select one of these users with --user, or KUBEFLOW_LAB_USER: {', '.join(sorted(users))}; the password "
        "is set with KUBEFLOW_LAB_PASSWORD",
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
    if user not in {owner for _, owner in owned}:
        raise LabError(
            f"the cluster has no Profile of {user}",
            seen=_describe(owned),
            remedy="select the owner of a Profile with --user, or KUBEFLOW_LAB_USER, and set the password with "
            "KUBEFLOW_LAB_PASSWORD; this lists the Profiles: `kubectl get profiles "
            "-o custom-columns=NAME:.metadata.name,OWNER:.spec.owner.name`",
        )
    return _create_owner(user, owned, settings)


def wrong_password(owner: Owner, message: str, settings: Settings) -> LabError:
    """Return the error for a login that Dex has rejected.

    It is treated like a failed layer: no other scenario that logs in can pass.

    Args:
        owner: The owner.
        message: The message of Dex.
        settings: The settings.
    """
    source = "the setting --password" if "password" in settings.model_fields_set else "the tutorial, as none was given"
    error = LabError(
        f"login failed: {owner.user} has another password than the one given; set KUBEFLOW_LAB_PASSWORD",
        expected=f"Dex to accept the login of {owner.user}",
        seen=f'Dex answers "{message}"; the password is that of {source}',
        remedy="set the environment variable KUBEFLOW_LAB_PASSWORD to the password of this user; if it is right, check "
        "that Dex has this user, and was restarted since its configuration was changed "
        "(`kubectl rollout restart -n auth deployment/dex`)",
    )
    error.layer = "login"
    return error


def _create_owner(user: str, profiles: Sequence[tuple[str, str]], settings: Settings) -> Owner:
    namespaces = [name for name, owner in profiles if owner == user]
    namespace = TUTORIAL_NAMESPACE if TUTORIAL_NAMESPACE in namespaces else namespaces[0]
    return Owner(user, namespace, settings.password.get_secret_value())


def _describe(profiles: Sequence[tuple[str, str]]) -> str:
    return "\n".join(f"the Profile {name} belongs to {owner}" for name, owner in profiles) or "no Profile"
