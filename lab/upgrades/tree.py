"""One side of an upgrade: the objects that the manifests of a release contain."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from lab.k8s.objects import Object, ObjectRef, is_selected
from lab.k8s.pod_templates import find_template
from lab.releases import Release

GENERATED_NAME = re.compile(r"(?P<base>.+)-[0-9bcdfghkmt2456789]{10}")
"""Matches a name to which kustomize has added a hash of the content; kustomize writes hashes with these characters."""
HASHED_KINDS = ("ConfigMap", "Secret")


@dataclass(frozen=True, order=True)
class Key:
    """The identity of an object in a cluster. Its version is not part of it.

    Args:
        group: The API group; empty for Kubernetes' core.
        ref: Kind, name and namespace.
    """

    group: str
    ref: ObjectRef

    @classmethod
    def from_object(cls, obj: Object) -> Key:
        """Return the identity of an object."""
        group, separator, _ = str(obj["apiVersion"]).partition("/")
        return cls(group if separator else "", ObjectRef.from_object(obj))

    def __str__(self) -> str:
        return str(self.ref)


@dataclass(frozen=True)
class Tree:
    """The manifests of a release, built.

    Args:
        name: The name of the tree for users, such as a release or a directory.
        release: The release that the manifests belong to.
        objects: Its objects by their identity.
    """

    name: str
    release: Release
    objects: Mapping[Key, Object]

    @classmethod
    def from_objects(cls, name: str, release: Release, objects: Iterable[Object]) -> Tree:
        """Return the tree with these objects; of objects with the same identity, the last one is applied last."""
        return cls(name, release, {Key.from_object(obj): obj for obj in objects})

    def list_kind(self, *kinds: str) -> Iterator[tuple[Key, Object]]:
        """Yield the objects of some kinds."""
        return ((key, obj) for key, obj in self.objects.items() if key.ref.kind in kinds)

    def find(self, ref: ObjectRef) -> Object | None:
        """Return an object by its reference; None if there is none."""
        return self._by_ref.get(ref)

    def find_workloads(self, service: ObjectRef) -> list[ObjectRef]:
        """Return the workloads whose pods a Service selects; none if the Service is missing, or selects no pods."""
        selector = ((self.find(service) or {}).get("spec") or {}).get("selector")
        if not selector:
            return []
        return [
            key.ref
            for key, obj in self.objects.items()
            if key.ref.namespace == service.namespace
            and (template := find_template(obj))
            and is_selected({"metadata": template.get("metadata") or {}}, {"matchLabels": selector})
        ]

    @cached_property
    def _by_ref(self) -> Mapping[ObjectRef, Object]:
        return {key.ref: obj for key, obj in self.objects.items()}


def remove_hash(ref: ObjectRef) -> ObjectRef:
    """Return the reference without the hash that kustomize has added to the name of a ConfigMap or a Secret."""
    found = GENERATED_NAME.fullmatch(ref.name) if ref.kind in HASHED_KINDS else None
    return ObjectRef(ref.kind, found["base"], ref.namespace) if found else ref
