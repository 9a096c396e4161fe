"""Findings: the hop at which a request does not go on, and the field of the object that is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from lab.k8s.objects import ObjectRef, label_selector


@dataclass(frozen=True)
class Finding:
    """A hop that is wrong.

    Args:
        hop: The kind of the hop, as in "Service".
        ref: The object that must be changed.
        field: The field, as in spec.selector; empty if the object does not exist.
        expected: The expected value, or what it must fulfill.
        seen: The value.
        is_certain: Whether requests certainly fail because of it. An uncertain finding counts only if no hop of the
            request has a certain one.
        remedy: What to do; by default, to correct the field.
    """

    hop: str
    ref: ObjectRef
    field: str
    expected: str
    seen: str
    is_certain: bool = True
    remedy: str = ""

    def __str__(self) -> str:
        subject = f"{self.field} of {self.ref}" if self.field else str(self.ref)
        return f"{subject}: expected {self.expected}, seen {self.seen}"

    @property
    def advice(self) -> str:
        """The remedy, with a command."""
        if self.remedy:
            return self.remedy
        verb = "edit" if self.field else "get"
        namespace = f" -n {self.ref.namespace}" if self.ref.namespace else ""
        name = f"{self.ref.kubectl_name}" if self.field else self.ref.kind
        return f"correct it: `kubectl {verb}{namespace} {qualify_kind(name)}`"


def qualify_kind(name: str) -> str:
    """Return KIND or KIND/NAME for kubectl, with the group of kinds whose name other groups use, too."""
    kind, slash, rest = name.partition("/")
    group = {"Gateway": ".networking.istio.io", "Ingress": ".networking.k8s.io"}.get(kind, "")
    return f"{kind.lower()}{group}{slash}{rest}"


def list_texts(texts: Iterable[object]) -> str:
    """Return texts as a list in a sentence; "none" if there are none."""
    return ", ".join(dict.fromkeys(map(str, texts))) or "none"


def describe_labels(labels: Mapping[str, str], selector: Mapping[str, str]) -> str:
    """Return the labels of pods that a selector should require: those with its keys; without any, all."""
    same_keys = {key: value for key, value in labels.items() if key in selector}
    return label_selector(same_keys or labels)
