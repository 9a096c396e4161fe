"""Permissions of the Kubernetes API: what a user may do, what was denied, and the roles that grant it."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

import yaml

from lab.errors import PermissionDeniedError

DENIED = re.compile(
    r'User "(?P<user>[^"]*)" cannot (?P<verb>\S+) resource "(?P<resource>[^"]+)" in API group "(?P<group>[^"]*)"'
    r'(?: in the namespace "(?P<namespace>[^"]*)")?'
)
"""The API server's words for a request that its authorizer denies; other rejections have the same status, 403."""
DENIED_PATH = re.compile(r'User \\?"(?P<user>[^"\\]*)\\?" cannot \S+ path')
"""The API server's words for a denied request that is about no resource, possibly inside of JSON."""
REMEDY = (
    "`kubeflow-lab preflight --lab existing`, with the options of the run, prints a role with all missing permissions, "
    "which an administrator of the cluster can apply"
)
SERVICE_ACCOUNT = re.compile(r"system:serviceaccount:(?P<namespace>[^:]+):(?P<name>[^:]+)")
RBAC = "rbac.authorization.k8s.io"


@dataclass(frozen=True, order=True)
class Permission:
    """A permission of the Kubernetes API.

    Args:
        group: The API group; empty for the core group.
        resource: The resource, as in pods or pods/log.
        verb: The verb, as in list.
        namespace: The only namespace in which it is needed; empty for all namespaces, and for resources without one.
    """

    group: str
    resource: str
    verb: str
    namespace: str = ""

    @property
    def full_resource(self) -> str:
        """The resource with its group, as in deployments.apps."""
        return f"{self.resource}.{self.group}" if self.group else self.resource

    def __str__(self) -> str:
        return f"{self.verb} {self.full_resource}" + (f" in {self.namespace}" if self.namespace else "")


def explain_denial(message: str) -> PermissionDeniedError:
    """Return the error for a denied request.

    Args:
        message: The message of the API server, or of a program that shows it.
    """
    if found := DENIED.search(message):
        denied = Permission(found["group"], found["resource"], found["verb"], found["namespace"] or "")
        headline = f"the user {found['user']} lacks a permission of the cluster: {denied}"
    else:
        headline = "the user of the kubeconfig lacks a permission of the cluster"
    return PermissionDeniedError(headline, seen=message.strip(), remedy=REMEDY)


def render_roles(permissions: Collection[Permission], user: str = "", name: str = "") -> str:
    """Return the roles that grant permissions as YAML documents, each with a binding for a user.

    Permissions for all namespaces are in a ClusterRole, those for one namespace in a Role there.

    Args:
        permissions: The permissions.
        user: The user; empty: there are no bindings.
        name: The name of all objects; empty: one that depends on the permissions, so that an earlier role of the same
            user is not overwritten.
    """
    name = name or f"kubeflow-lab-{hashlib.sha256(' '.join(map(str, sorted(permissions))).encode()).hexdigest()[:8]}"
    by_namespace: dict[str, list[Permission]] = defaultdict(list)
    for permission in permissions:
        by_namespace[permission.namespace].append(permission)
    documents = []
    for namespace, granted in sorted(by_namespace.items()):
        prefix = "" if namespace else "Cluster"
        metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
        documents.append(_document(f"{prefix}Role", metadata, {"rules": _build_rules(granted)}))
        if user:
            reference = {"apiGroup": RBAC, "kind": f"{prefix}Role", "name": name}
            binding = {"subjects": [_build_subject(user)], "roleRef": reference}
            documents.append(_document(f"{prefix}RoleBinding", metadata, binding))
    return "---\n".join(documents)


def _document(kind: str, metadata: dict[str, str], content: dict[str, Any]) -> str:
    obj = {"apiVersion": f"{RBAC}/v1", "kind": kind, "metadata": metadata, **content}
    return str(yaml.safe_dump(obj, sort_keys=False, width=120, default_flow_style=None))


def _build_rules(permissions: Iterable[Permission]) -> list[dict[str, list[str]]]:
    """Return one rule for each group and each set of verbs."""
    verbs: dict[tuple[str, str], list[str]] = defaultdict(list)
    for permission in sorted(permissions):
        verbs[permission.group, permission.resource].append(permission.verb)
    resources: dict[tuple[str, tuple[str, ...]], list[str]] = defaultdict(list)
    for (group, resource), allowed in verbs.items():
        resources[group, tuple(dict.fromkeys(allowed))].append(resource)
    return [
        {"apiGroups": [group], "resources": names, "verbs": [*allowed]} for (group, allowed), names in resources.items()
    ]


def _build_subject(user: str) -> dict[str, str]:
    if found := SERVICE_ACCOUNT.fullmatch(user):
        return {"kind": "ServiceAccount", "name": found["name"], "namespace": found["namespace"]}
    return {"apiGroup": RBAC, "kind": "User", "name": user}
