"""The pod templates of objects that run pods."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import TypeVar

from lab.k8s.objects import Object, get_nested

Key = TypeVar("Key", bound=Hashable)
TEMPLATES = {
    "Deployment": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
    "DaemonSet": ("spec", "template"),
    "ReplicaSet": ("spec", "template"),
    "Job": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
    "Pod": (),
}
"""The path to the pod template in each kind of object that runs pods."""


def find_template(obj: Object) -> Object | None:
    """Return the pod template of an object, or None if it runs no pods."""
    path = TEMPLATES.get(obj["kind"])
    if path is None:
        return None
    template = get_nested(obj, *path) if path else obj
    return template if isinstance(template, dict) else None


def find_shared(uses: Iterable[tuple[Key, str]]) -> dict[Key, list[str]]:
    """Return the users of each thing that several users need, such as a port.

    Args:
        uses: Pairs of a thing and the name of a user.
    """
    users: dict[Key, list[str]] = {}
    for key, user in uses:
        users.setdefault(key, []).append(user)
    return {key: names for key, names in users.items() if len(names) > 1}
