"""The configuration of Dex in the cluster or in the manifests: its users, and the redirect URIs of its clients.

The manifests have it in a ConfigMap; Dex's own Helm chart has it in a Secret. Clients may also be elsewhere, such as in
objects of the API that Dex's gRPC API creates.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any

import yaml

from lab.errors import LabError, PermissionDeniedError
from lab.k8s.client import TRANSIENT_ERRORS, Kube
from lab.k8s.objects import Object, ObjectRef, get_nested

NAMESPACE, NAME = "auth", "dex"
FILES = ("config.yaml", "config.yml", "config.json")
"""The possible names of Dex's configuration file."""
USERS, EMAIL = "staticPasswords", "email"
STORAGES_WITHOUT_USERS = ("kubernetes", "memory")
"""The storages of Dex in which only its gRPC API creates users."""
SHOWN_USERS = 5
Get = Callable[[str, str, str], Object | None]
"""A function that returns an object by kind, name and namespace, or None."""
REMEDY = f"read the volumes and the arguments of Dex: `kubectl get -n {NAMESPACE} deployment/{NAME} -o yaml`"


def list_redirect_uris(kube: Kube) -> set[str] | None:
    """Return the redirect URIs that are registered for the clients in Dex's configuration.

    A public client may have none.

    Args:
        kube: The API of the cluster.

    Returns:
        The redirect URIs; None if the configuration lists no clients, so that they are elsewhere, or is in a Secret
        that the user may not read.

    Raises:
        LabError: If there is no configuration, or it is not valid YAML.
    """
    try:
        clients = read_configuration(kube.get).get("staticClients")
    except PermissionDeniedError:
        return None
    if not clients:
        return None
    return {str(uri) for client in clients if isinstance(client, dict) for uri in client.get("redirectURIs") or []}


def find_unknown_user(get: Get, user: str) -> LabError | None:
    """Return an error if Dex certainly does not know a user; or None.

    Users of connectors, of Dex's gRPC API and of a database of Dex's own are not in its configuration.

    Args:
        get: Returns an object of the cluster or of the manifests.
        user: The email address of the user; Dex does not distinguish upper and lower case.
    """
    try:
        configuration = read_configuration(get)
    except (LabError, *TRANSIENT_ERRORS):
        return None  # the scenarios about Dex report it; a user of a cluster may not be allowed to read Secrets
    entries = [entry for entry in configuration.get("staticPasswords") or [] if isinstance(entry, dict)]
    users = [str(entry.get(EMAIL)) for entry in entries]
    storage = get_nested(configuration, "storage", "type")
    has_others = configuration.get("connectors") or configuration.get("grpc") or storage not in STORAGES_WITHOUT_USERS
    if has_others or user.lower() in map(str.lower, users):
        return None
    return LabError(
        f"login is impossible: Dex has no user {user}",
        expected=f"an entry of {USERS} with `{EMAIL}: {user}`",
        seen=f"{', '.join(users[:SHOWN_USERS]) or 'no users'}{' and others' if len(users) > SHOWN_USERS else ''}",
        remedy=f"select a user of Dex who owns a Profile with --user, or add this one to {USERS} in Dex's "
        f"configuration, and restart Dex: `kubectl rollout restart -n {NAMESPACE} deployment/{NAME}`",
    )


def read_configuration(get: Get) -> dict[str, Any]:
    """Return the configuration of Dex.

    Args:
        get: Returns an object of the cluster or of the manifests.

    Raises:
        PermissionDeniedError: If it may be in a Secret that the user may not read, and is nowhere else.
        LabError: If there is no configuration, or it is not a YAML mapping.
    """
    denied: PermissionDeniedError | None = None
    origins = list(dict.fromkeys([*_list_mounted(get), ("ConfigMap", NAME), ("Secret", NAME)]))
    for kind, name in origins:
        try:
            text = _read_file(get(kind, name, NAMESPACE), kind)
        except PermissionDeniedError as error:
            if kind != "Secret":
                raise
            denied = error
            continue
        if text is None:
            continue
        try:
            content = yaml.safe_load(text)
        except (yaml.YAMLError, ValueError) as error:
            # The error's own text contains lines of the configuration, which has secrets.
            mark = getattr(error, "problem_mark", None)
            raise LabError(
                f"the configuration of Dex in the {kind} {name} is not valid YAML",
                seen=f"an error in line {mark.line + 1}" if mark else type(error).__name__,
                remedy=f"correct the {kind}: `kubectl edit -n {NAMESPACE} {kind.lower()} {name}`",
            ) from None
        if isinstance(content, dict):
            return content
        raise LabError(
            f"the configuration of Dex in the {kind} {name} is not a mapping",
            seen=f"a YAML {type(content).__name__}",
            remedy=f"correct the {kind}: `kubectl edit -n {NAMESPACE} {kind.lower()} {name}`",
        )
    if denied:
        raise denied
    raise LabError(
        "the configuration of Dex was not found",
        expected=f"a file {FILES[0]} in a ConfigMap or a Secret that the Deployment {NAME} in {NAMESPACE} mounts",
        seen=f"no such file in {', '.join(f'the {kind} {name}' for kind, name in origins)}",
        remedy=REMEDY,
    )


def get_from(objects: Iterable[Object]) -> Get:
    """Return a function that returns one of the objects of manifests."""
    by_ref = {ObjectRef.from_object(obj): obj for obj in objects}
    return lambda kind, name, namespace: by_ref.get(ObjectRef(kind, name, namespace))


def _list_mounted(get: Get) -> Iterator[tuple[str, str]]:
    """Yield kind and name of the ConfigMaps and Secrets that Dex's Deployment mounts."""
    deployment = get("Deployment", NAME, NAMESPACE)
    volumes = get_nested(deployment, "spec", "template", "spec", "volumes") or []
    for volume in volumes:
        for source in [volume, *(get_nested(volume, "projected", "sources") or [])]:
            if name := get_nested(source, "configMap", "name"):
                yield "ConfigMap", name
            if name := get_nested(source, "secret", "secretName") or get_nested(source, "secret", "name"):
                yield "Secret", name


def _read_file(obj: Object | None, kind: str) -> str | None:
    """Return the text of Dex's configuration file in a ConfigMap or a Secret; None if it has no such file."""
    data, texts = get_nested(obj, "data") or {}, get_nested(obj, "stringData") or {}
    if text := next((texts[key] for key in FILES if key in texts), None):  # in the manifest of a Secret
        return str(text)
    key = next((key for key in FILES if key in data), None)
    if key is None:
        return None
    if kind == "ConfigMap":
        return str(data[key])
    with suppress(ValueError):
        return base64.b64decode(data[key]).decode()
    return None
