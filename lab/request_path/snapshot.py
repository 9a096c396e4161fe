"""The objects of the cluster that decide where a request goes, listed once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from lab.errors import PermissionDeniedError
from lab.k8s.client import Kube
from lab.k8s.objects import Object, ObjectRef, get_nested, is_terminated

MESH_CONFIG = ObjectRef("ConfigMap", "istio", "istio-system")
"""Istio's configuration; its namespace is the root namespace, whose policies apply to all namespaces."""
ROOT_NAMESPACE = MESH_CONFIG.namespace
KINDS = (
    "Namespace",
    "Pod",
    "Service",
    "Endpoints",
    "EndpointSlice",
    "Event",
    "Deployment",
    "StatefulSet",
    "DaemonSet",
    "Ingress",
    "IngressClass",
    "NetworkPolicy",
    "Gateway",
    "VirtualService",
    "DestinationRule",
    "ServiceEntry",
    "EnvoyFilter",
    "AuthorizationPolicy",
)
"""The kinds that are listed; one that the API server does not serve has no objects."""


@dataclass(frozen=True)
class Snapshot:
    """The objects of a cluster at one moment.

    Args:
        objects: The objects by kind.
        secrets: Namespace and name of all Secrets, whose content is not read; None if the user may not list them.
    """

    objects: Mapping[str, list[Object]]
    secrets: frozenset[tuple[str, str]] | None = field(default_factory=frozenset)

    @classmethod
    def read(cls, kube: Kube) -> Snapshot:
        """Read the objects from a cluster.

        Raises:
            UnreachableError: If the API server does not answer.
            PermissionDeniedError: If the user may not list one of the kinds.
        """
        objects = {kind: kube.list_objects(kind) for kind in KINDS}
        mesh = kube.get(MESH_CONFIG.kind, MESH_CONFIG.name, MESH_CONFIG.namespace)
        try:
            secrets = frozenset(kube.list_names("v1", "Secret"))
        except PermissionDeniedError:
            secrets = None
        return cls({**objects, MESH_CONFIG.kind: [{"kind": MESH_CONFIG.kind, **mesh}] if mesh else []}, secrets)

    @classmethod
    def from_objects(cls, objects: Iterable[Object]) -> Snapshot:
        """Return the snapshot of a cluster that has only these objects."""
        by_kind: defaultdict[str, list[Object]] = defaultdict(list)
        for obj in objects:
            by_kind[obj["kind"]].append(obj)
        secrets = {(get_nested(obj, "metadata", "namespace"), obj["metadata"]["name"]) for obj in by_kind["Secret"]}
        return cls(by_kind, frozenset(secrets))

    def list_objects(self, kind: str, namespace: str | None = None) -> list[Object]:
        """Return the objects of a kind, in one namespace or in all."""
        return [
            obj
            for obj in self.objects.get(kind, [])
            if namespace is None or obj["metadata"].get("namespace") == namespace
        ]

    def get(self, ref: ObjectRef) -> Object | None:
        """Return an object, or None."""
        found = (obj for obj in self.objects.get(ref.kind, []) if obj["metadata"]["name"] == ref.name)
        return next((obj for obj in found if obj["metadata"].get("namespace", "") == ref.namespace), None)

    def list_pods(self, namespace: str, labels: Mapping[str, str]) -> list[Object]:
        """Return the pods with some labels that have not ended; all of the namespace if there are no labels."""
        pods = (pod for pod in self.list_objects("Pod", namespace) if not is_terminated(pod))
        return [pod for pod in pods if labels.items() <= labels_of(pod).items()]


def labels_of(obj: Object) -> Mapping[str, str]:
    """Return the labels of an object."""
    return obj["metadata"].get("labels") or {}
