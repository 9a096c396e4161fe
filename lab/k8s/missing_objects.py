"""The objects of manifests that a cluster does not have, or that run nothing there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator

from lab.errors import PermissionDeniedError
from lab.k8s.client import Kube
from lab.k8s.objects import Object, get_nested, qualified_name
from lab.k8s.workloads import WORKLOADS


def find_missing_objects(objects: Iterable[Object], kube: Kube, note: Callable[[str], None]) -> Iterator[Object]:
    """Yield the objects that a cluster does not have, one kind after another.

    Args:
        objects: The objects of the manifests.
        kube: The API of the cluster.
        note: Receives a note if the user may not list Secrets, which are left out then.

    Raises:
        PermissionDeniedError: If the user may not list another kind.
    """
    by_kind: dict[tuple[str, str], list[Object]] = defaultdict(list)
    for obj in objects:
        by_kind[obj["apiVersion"], obj["kind"]].append(obj)
    for (api_version, kind), required in by_kind.items():
        try:
            existing = kube.list_names(api_version, kind)
        except PermissionDeniedError as error:
            if kind != "Secret":
                raise
            note(f"the Secrets of the manifests were not looked for: {error.headline}")
            continue
        for obj in required:
            name, namespace = obj["metadata"]["name"], obj["metadata"].get("namespace", "")
            # A manifest may lack the namespace where the cluster uses the default one, or name one for a kind without.
            if not {(namespace or "default", name), ("", name)} & existing:
                yield obj


def describe_object(obj: Object) -> str:
    """Return an object of the manifests as KIND/NAME and namespace."""
    metadata = obj["metadata"]
    return f"{obj['kind']}/{metadata['name']} {metadata.get('namespace', '')}".rstrip()


def find_stopped_workloads(objects: Iterable[Object], kube: Kube) -> list[str]:
    """Return a text for each workload that has 0 replicas in a cluster, and more in the manifests.

    Such a workload has all replicas that it should have, and therefore counts as ready.

    Args:
        objects: The objects of the manifests.
        kube: The API of the cluster.
    """
    replicas = {
        (obj["kind"], qualified_name(obj)): 1 if (number := get_nested(obj, "spec", "replicas")) is None else number
        for obj in objects
        if obj["kind"] in WORKLOADS
    }
    return [
        f"{kind} {qualified_name(workload)} is set to 0 replicas, in the manifests to {number}"
        for kind in WORKLOADS
        for workload in kube.list_objects(kind)
        if workload["spec"].get("replicas") == 0 and (number := replicas.get((kind, qualified_name(workload))))
    ]
