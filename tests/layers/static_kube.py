"""A cluster with a fixed set of objects, for diagnoses that only read."""

from __future__ import annotations

from typing import Any

from lab.k8s.client import Kube
from lab.k8s.objects import Object, find_by_name


class StaticKube(Kube):
    """The API of a cluster that has some objects, and no others."""

    def __init__(self, *objects: Object) -> None:
        self._objects = objects

    def get(self, kind: str, name: str, namespace: str | None = None) -> Object | None:
        """Return an object, or None."""
        return find_by_name(self.list_objects(kind, namespace), name)

    def list_objects(
        self, kind: str, namespace: str | None = None, selector: str = "", *, api_version: str = ""
    ) -> list[Object]:
        """Return the objects of a kind in a namespace, by label selector."""
        labels = dict(part.split("=") for part in selector.split(",") if part)
        return [
            obj
            for obj in self._objects
            if (obj["kind"], obj["metadata"]["namespace"]) == (kind, namespace)
            and labels.items() <= obj["metadata"].get("labels", {}).items()
        ]


def make_object(kind: str, name: str, namespace: str, spec: Any = None) -> Object:
    """Return an object as the API returns it."""
    return {"kind": kind, "metadata": {"name": name, "namespace": namespace}, "spec": spec}
