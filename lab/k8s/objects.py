"""Kubernetes objects as the API returns them, and references to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Any

from lab.config.addresses import parse_ipv4_addresses

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


def get_nested(obj: Any, *keys: str) -> Any:
    """Return a value inside an object; None if it, or a part on the way to it, is missing or no mapping.

    Args:
        obj: The object.
        keys: The keys that lead to the value, as in "spec", "template".
    """
    for key in keys:
        obj = obj.get(key) if isinstance(obj, dict) else None
    return obj


def namespace_of(obj: Object) -> str:
    """Return the namespace of an object of a kind with namespaces; without one, kubectl uses `default`."""
    return obj["metadata"].get("namespace") or "default"


def qualified_name(obj: Object) -> str:
    """Return NAMESPACE/NAME of an object."""
    return f"{namespace_of(obj)}/{obj['metadata']['name']}"


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


def is_selected(obj: Object, selector: Object) -> bool:
    """Return whether an object has the labels that a selector of Kubernetes' API requires.

    Args:
        obj: The object.
        selector: The selector, with matchLabels and matchExpressions; an empty one selects everything.
    """
    labels = obj["metadata"].get("labels") or {}
    expressions = selector.get("matchExpressions") or []
    return (selector.get("matchLabels") or {}).items() <= labels.items() and all(
        _meets(labels, expression) for expression in expressions
    )


def _meets(labels: Mapping[str, str], expression: Object) -> bool:
    key, values = expression["key"], expression.get("values") or []
    match expression["operator"]:
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
    return key not in labels


def has_ended(pod: Object) -> bool:
    """Return whether a pod has succeeded, has failed or is lost.

    A pod of the phase Failed remains after an eviction or a shutdown of its node, although another pod replaces it.
    """
    status = pod.get("status") or {}
    return status.get("phase") in ("Succeeded", "Failed") or status.get("reason") == "NodeLost"


def is_terminated(pod: Object) -> bool:
    """Return whether a pod has ended or is being deleted, so that it need not be ready."""
    return has_ended(pod) or "deletionTimestamp" in pod["metadata"]


def external_addresses(obj: Object | None) -> list[str]:
    """Return all external addresses in the status of a Service or an Ingress: IPv4, IPv6, and host names.

    A cloud's load balancer may have a host name only. The list is empty while the address is pending.
    """
    entries = get_nested(obj, "status", "loadBalancer", "ingress") or []
    texts = [str(entry.get("ip") or entry.get("hostname") or "") for entry in entries if isinstance(entry, dict)]
    return [text for text in texts if text]


def load_balancer_ips(obj: Object | None) -> list[IPv4Address]:
    """Return the external IPv4 addresses in the status of a Service or an Ingress."""
    return parse_ipv4_addresses(external_addresses(obj))


def load_balancer_ip(obj: Object | None) -> IPv4Address | None:
    """Return the first external IPv4 address in the status of a Service or an Ingress, or None if it has none."""
    return next(iter(load_balancer_ips(obj)), None)


def describe_external_addresses(obj: Object | None) -> str:
    """Return all external addresses of a Service or an Ingress as a text; "none" while the address is pending."""
    return ", ".join(external_addresses(obj)) or "none"
