"""What is known of how this installation fails: a symptom that was observed, its cause, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Diagnosis:
    """A known failure that was recognised.

    Arguments:
        name: a short name for it.
        cause: why it happens.
        remedy: what to do about it.
        reference: where it is discussed, as in kubeflow/manifests#2087; empty where it is this suite's own finding.
        seen: what it was recognised by, in the words of the cluster or the machine.
    """

    name: str
    cause: str
    remedy: str
    reference: str
    seen: str
