"""The objects of a later release that the API server does not accept over those of an earlier one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from kubernetes.utils.quantity import parse_quantity

from lab.k8s.objects import Object, get_nested
from lab.upgrades.findings import Finding, Topic
from lab.upgrades.tree import Key, Tree

ANNOTATION_LIMIT = 256 * 1024
"""The size in bytes that all annotations of an object have at most; client-side apply stores the object in one."""
IMMUTABLE: dict[str, tuple[tuple[str, ...], ...]] = {
    "Deployment": (("spec", "selector"),),
    "DaemonSet": (("spec", "selector"),),
    "ReplicaSet": (("spec", "selector"),),
    "StatefulSet": (
        ("spec", "selector"),
        ("spec", "serviceName"),
        ("spec", "volumeClaimTemplates"),
        ("spec", "podManagementPolicy"),
    ),
    "Job": (("spec", "selector"), ("spec", "template"), ("spec", "completionMode")),
    "RoleBinding": (("roleRef",),),
    "ClusterRoleBinding": (("roleRef",),),
    "PersistentVolumeClaim": (("spec", "accessModes"), ("spec", "selector"), ("spec", "storageClassName")),
    "StorageClass": (("provisioner",), ("parameters",), ("reclaimPolicy",), ("volumeBindingMode",)),
    "PriorityClass": (("value",),),
    "Secret": (("type",),),
    "CustomResourceDefinition": (("spec", "scope"), ("spec", "names", "kind"), ("spec", "names", "plural")),
}
"""The fields that Kubernetes' API does not change in an existing object, by kind."""
CRD = "CustomResourceDefinition"
WITH_DATA = (CRD, "PersistentVolumeClaim")
"""The kinds of which an object is not deleted by advice; all others are complete in the manifests."""


def list_refusals(old: Tree, new: Tree) -> Iterator[Finding]:
    """Yield what the API server refuses when the new tree is applied over the old one, object by object.

    Args:
        old: The tree that was applied.
        new: The tree to be applied.
    """
    for key, obj in new.objects.items():
        before = old.objects.get(key)
        if before is not None:
            yield from _list_immutable(key, before, obj)
        if before is not None and key.ref.kind == CRD:
            yield from _list_dropped_versions(key, before, obj)
        if new.release.manifests.apply == "client":
            yield from _check_size(key, obj)


def _list_immutable(key: Key, old: Object, new: Object) -> Iterator[Finding]:
    kind, name = key.ref.kind, key.ref.kubectl_name
    paths = [path for path in IMMUTABLE.get(kind, ()) if _has_changed(get_nested(old, *path), get_nested(new, *path))]
    if kind == "Service" and _is_headless(old) != _is_headless(new):
        paths.append(("spec", "clusterIP"))
    if kind == "PersistentVolumeClaim" and _requests(new) < _requests(old):
        paths.append(("spec", "resources", "requests", "storage"))
    if kind in ("ConfigMap", "Secret") and old.get("immutable") and old.get("data") != new.get("data"):
        paths.append(("data",))
    namespace = f"-n {key.ref.namespace} " if key.ref.namespace else ""
    command = f"kubectl delete {namespace}{name} --ignore-not-found"
    for path in paths:
        yield Finding(
            Topic.REFUSED,
            f"{'.'.join(path)} of an existing {kind} cannot be changed, from {_show(get_nested(old, *path))} to "
            f"{_show(get_nested(new, *path))}",
            (str(key),),
            blocks=True,
            title="" if kind in WITH_DATA else f"delete {key}, so that it is created again",
            commands=() if kind in WITH_DATA else (command,),
            advice=f"keep the earlier value, or copy the content before `{command}`" if kind in WITH_DATA else "",
        )


def _list_dropped_versions(key: Key, old: Object, new: Object) -> Iterator[Finding]:
    """Yield that a CRD drops a version in which the API server may have stored objects."""
    kept = {version["name"] for version in new["spec"]["versions"]}
    stored = [version["name"] for version in old["spec"]["versions"] if version.get("storage")]
    dropped = [name for name in stored if name not in kept]
    if not dropped:
        return
    name, target = key.ref.name, next(v["name"] for v in new["spec"]["versions"] if v.get("storage"))
    patch = json.dumps({"status": {"storedVersions": [target]}})
    yield Finding(
        Topic.REFUSED,
        f"status.storedVersions of the CRD names {', '.join(dropped)}, which the later release drops",
        (str(key),),
        blocks=True,
        advice=f"first let the earlier release store its objects as {target}: set `storage: true` for {target} in the "
        f"CRD, write each object again (`kubectl get {name} -A -o yaml | kubectl replace -f -`), and remove the old "
        f"version: `kubectl patch crd {name} --subresource=status --type=merge -p '{patch}'`",
    )


def _check_size(key: Key, obj: Object) -> Iterator[Finding]:
    size = len(json.dumps(obj, separators=(",", ":"), ensure_ascii=False).encode())
    annotations = (obj["metadata"].get("annotations") or {}).items()
    size += sum(len(name.encode()) + len(str(value).encode()) for name, value in annotations)
    if size > ANNOTATION_LIMIT:
        yield Finding(
            Topic.REFUSED,
            f"an object of {size:,} bytes is too long for the annotation in which client-side apply stores it",
            (str(key),),
            blocks=True,
            advice="apply the manifests with `kubectl apply --server-side --force-conflicts`",
        )


def _has_changed(old: Any, new: Any) -> bool:
    """Return whether an immutable field differs; a field that the new object lacks keeps its value."""
    return new is not None and old != new


def _is_headless(service: Object) -> bool:
    return bool(get_nested(service, "spec", "clusterIP") == "None")


def _requests(claim: Object) -> Decimal:
    """Return the storage that a claim requests, in bytes."""
    return Decimal(parse_quantity(get_nested(claim, "spec", "resources", "requests", "storage") or 0))


def _show(value: Any) -> str:
    return json.dumps(value, sort_keys=True)[:200]
