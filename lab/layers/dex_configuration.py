"""The configuration of Dex in the cluster: the redirect URIs of its clients.

The manifests have it in a ConfigMap; Dex's own Helm chart has it in a Secret. Clients may also be elsewhere, such as in
objects of the API that Dex's gRPC API creates.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import yaml

from lab.errors import LabError
from lab.k8s.client import Kube
from lab.k8s.objects import Object, get_nested

NAMESPACE, NAME = "auth", "dex"
FILES = ("config.yaml", "config.yml", "config.json")
"""The possible names of Dex's configuration file."""
REMEDY = f"read the volumes and the arguments of Dex: `kubectl get -n {NAMESPACE} deployment/{NAME} -o yaml`"


def list_redirect_uris(kube: Kube) -> set[str] | None:
    """Return the redirect URIs that are registered for the clients in Dex's configuration.

    A public client may have none.

    Args:
        kube: The API of the cluster.

    Returns:
        The redirect URIs; None if the configuration lists no clients, so that they are elsewhere.

    Raises:
        LabError: If there is no configuration, or it is not valid YAML.
    """
    clients = read_configuration(kube).get("staticClients")
    if not clients:
        return None
    return {str(uri) for client in clients if isinstance(client, dict) for uri in client.get("redirectURIs") or []}


def read_configuration(kube: Kube) -> dict[str, Any]:
    """Return the configuration of Dex.

    Raises:
        LabError: If there is no configuration, or it is not a YAML mapping.
    """
    origins = list(dict.fromkeys([*_list_mounted(kube), ("ConfigMap", NAME), ("Secret", NAME)]))
    for kind, name in origins:
        text = _read_file(kube.get(kind, name, NAMESPACE), kind)
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
    raise LabError(
        "the configuration of Dex was not found",
        expected=f"a file {FILES[0]} in a ConfigMap or a Secret that the Deployment {NAME} in {NAMESPACE} mounts",
        seen=f"no such file in {', '.join(f'the {kind} {name}' for kind, name in origins)}",
        remedy=REMEDY,
    )


def _list_mounted(kube: Kube) -> Iterator[tuple[str, str]]:
    """Yield kind and name of the ConfigMaps and Secrets that Dex's Deployment mounts."""
    deployment = kube.get("Deployment", NAME, NAMESPACE)
    volumes = get_nested(deployment, "spec", "template", "spec", "volumes") or []
    for volume in volumes:
        for source in [volume, *(get_nested(volume, "projected", "sources") or [])]:
            if name := get_nested(source, "configMap", "name"):
                yield "ConfigMap", name
            if name := get_nested(source, "secret", "secretName") or get_nested(source, "secret", "name"):
                yield "Secret", name


def _read_file(obj: Object | None, kind: str) -> str | None:
    """Return the text of Dex's configuration file in a ConfigMap or a Secret; None if it has no such file."""
    data = get_nested(obj, "data") or {}
    key = next((key for key in FILES if key in data), None)
    if key is None:
        return None
    if kind == "ConfigMap":
        return str(data[key])
    with suppress(ValueError):
        return base64.b64decode(data[key]).decode()
    return None
