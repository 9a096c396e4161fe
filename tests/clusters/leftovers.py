"""The objects that a run has left in a cluster that it only verifies."""

from __future__ import annotations

from collections.abc import Collection

from lab.context import Lab

CREATED_BY_CONTROLLERS = (
    "events",
    "leases",
    "endpoints",
    "endpointslices",
    "controllerrevisions",
    "replicasets",
    "pods",
)
"""The resources whose objects appear and disappear without anybody's doing."""
DEX_GROUP = "dex.coreos.com"
"""The API group in which Dex stores each attempt to log in, for a day."""


def list_objects(lab: Lab) -> frozenset[str]:
    """Return the objects of a cluster, each as RESOURCE NAMESPACE NAME, except those that controllers create."""
    listed = lab.shell.run("kubectl", "api-resources", "--verbs=list,delete", "--output=name").output.split()
    resources = [name for name in listed if _is_compared(*name.partition(".")[::2])]
    template = "{range .items[*]}{.kind} {.metadata.namespace} {.metadata.name}{'\\n'}{end}"
    command = ("kubectl", "get", ",".join(resources), "--all-namespaces", f"--output=jsonpath={template}")
    return frozenset(lab.shell.run(*command).output.splitlines())


def find(before: Collection[str], lab: Lab) -> list[str]:
    """Return the objects of a cluster that were not there before, sorted."""
    return sorted(list_objects(lab) - frozenset(before))


def _is_compared(resource: str, group: str) -> bool:
    return resource not in CREATED_BY_CONTROLLERS and group != DEX_GROUP
