"""Kubernetes objects as the API returns them, and references to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Any

Object = dict[str, Any]
"""A Kubernetes object, as the API returns it."""


@dataclass(frozen=True, order=True)
class ObjectRef:
    """A reference to an object.

    Args:
        kind: The kind, as in Deployment.
        name: The name.
        namespace: The namespace; empty for an object without one.
    """

    kind: str
    name: str
    namespace: str = ""

    @classmethod
    def parse(cls, text: str) -> ObjectRef:
        """Return the reference that NAMESPACE/KIND/NAME or KIND/NAME describes.

        Raises:
            ValueError: If the text has another form.
        """
        match text.split("/"):
            case [kind, name]:
                return cls(kind, name)
            case [namespace, kind, name]:
                return cls(kind, name, namespace)
        raise ValueError(f"{text} is neither NAMESPACE/KIND/NAME nor KIND/NAME")

    @classmethod
    def from_object(cls, obj: Object) -> ObjectRef:
        """Return the reference to an object."""
        return cls(obj["kind"], obj["metadata"]["name"], obj["metadata"].get("namespace", ""))

    @property
    def kubectl_name(self) -> str:
        """The name for kubectl, KIND/NAME."""
        return f"{self.kind}/{self.name}"

    def __str__(self) -> str:
        return f"{self.kind} {self.name}" + (f" in {self.namespace}" if self.namespace else "")


def qualified_name(obj: Object) -> str:
    """Return NAMESPACE/NAME of an object."""
    return f"{obj['metadata']['namespace']}/{obj['metadata']['name']}"


def find_by_name(objects: Iterable[Object], name: str) -> Object | None:
    """Return the object with a name, or None."""
    return next((obj for obj in objects if obj["metadata"]["name"] == name), None)


def names_with_annotation(objects: Iterable[Object], annotation: str) -> list[str]:
    """Return the names of the objects that have an annotation with the value "true"."""
    return [
        str(obj["metadata"]["name"])
        for obj in objects
        if (obj["metadata"].get("annotations") or {}).get(annotation) == "true"
    ]


def label_selector(labels: Mapping[str, str]) -> str:
    """Return the label selector that matches all of the labels."""
    return ",".join(f"{key}={value}" for key, value in labels.items())


def is_terminated(pod: Object) -> bool:
    """Return whether a pod has succeeded or is being deleted, so that it need not be ready."""
    return (pod.get("status") or {}).get("phase") == "Succeeded" or "deletionTimestamp" in pod["metadata"]


def load_balancer_ip(obj: Object | None) -> IPv4Address | None:
    """Return the external address in the status of a Service or an Ingress, or None while it is pending."""
    status = (obj or {}).get("status") or {}
    addresses = (status.get("loadBalancer") or {}).get("ingress") or []
    return IPv4Address(addresses[0]["ip"]) if addresses and addresses[0].get("ip") else None
