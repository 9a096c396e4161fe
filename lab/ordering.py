"""The order in which the objects of manifests are applied, so that what others wait for comes soon."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from enum import IntEnum

from lab.applying import joined, with_texts
from lab.kube import Object
from lab.obstacles import full_name
from lab.rollout import WORKLOADS

SETTINGS = ("ConfigMap", "Secret")
CRD = "CustomResourceDefinition"
Place = tuple[str, str, str]
"""Kind, namespace, or nothing where there is none, and name of an object."""


class Part(IntEnum):
    """The parts of the new order."""

    NEEDED, FIRST, BEFORE_WORKLOADS, WORKLOADS, LAST, AFTER_WORKLOADS = range(6)


def in_order(manifests: str, first: Collection[str], last: Collection[str]) -> str:
    """Manifests with some workloads ahead of all others, and some behind them; else in their own order.

    Before those that are put ahead come all CRDs, without a pause, and what they need: the API server makes its OpenAPI
    anew in every second in which CRDs come. Behind the others is also put what mounts something that is not of the
    manifests: somebody has to make that, and the kubelet, which looks for it ever more rarely, may find it half a
    minute after it is there.

    Arguments:
        manifests: YAML documents, one object each.
        first: the NAMESPACE/NAME of what is put ahead; some may be in no document.
        last: that of what is put behind.
    """
    whole = with_texts(manifests)
    objects = [one for one, _ in whole]
    there = {_place(one) for one in objects}
    begin = next((number for number, one in enumerate(objects) if one["kind"] in WORKLOADS), len(objects))
    needed = {
        _place(need)
        for one in objects
        if one["kind"] in WORKLOADS and full_name(one) in first
        for need in _needed(one, objects)
    }

    def part(numbered: tuple[int, tuple[Object, str]]) -> Part:
        number, (one, _) = numbered
        if one["kind"] not in WORKLOADS:
            if one["kind"] == CRD or _place(one) in needed:
                return Part.NEEDED
            return Part.BEFORE_WORKLOADS if number < begin else Part.AFTER_WORKLOADS
        if full_name(one) in first:
            return Part.FIRST
        return Part.LAST if full_name(one) in last or not there.issuperset(_mounted(one)) else Part.WORKLOADS

    return joined(text for _, (_, text) in sorted(enumerate(whole), key=part))


def _needed(workload: Object, objects: Sequence[Object]) -> Iterator[Object]:
    """What a workload needs to start: its namespace, its account, what that may do, and settings.

    Those are all of its namespace: some are read through the API, as istiod does, which has no sidecars without them.
    """
    namespace, pod = workload["metadata"]["namespace"], workload["spec"]["template"]["spec"]
    account = {"kind": "ServiceAccount", "namespace": namespace, "name": pod.get("serviceAccountName", "default")}
    bindings = [one for one in objects if account.items() <= _subject(one, account["name"]).items()]
    roles = {_role(one) for one in bindings}
    places = {("Namespace", "", namespace), tuple(account.values()), *roles}
    for one in objects:
        is_setting = one["kind"] in SETTINGS and one["metadata"].get("namespace") == namespace
        if is_setting or one in bindings or _place(one) in places:
            yield one


def _subject(binding: Object, name: str) -> dict[str, str]:
    """The subject of a binding that has a name; nothing where there is none, or where it is no binding."""
    return next((one for one in binding.get("subjects") or [] if one["name"] == name), {})


def _role(binding: Object) -> Place:
    """The role that a binding gives."""
    kind, name = binding["roleRef"]["kind"], binding["roleRef"]["name"]
    return kind, binding["metadata"]["namespace"] if kind == "Role" else "", name


def _mounted(workload: Object) -> Iterator[Place]:
    """The ConfigMaps and Secrets without which no pod of a workload starts."""
    for volume in workload["spec"]["template"]["spec"].get("volumes") or []:
        for field, kind, name in (("configMap", "ConfigMap", "name"), ("secret", "Secret", "secretName")):
            if field in volume and not volume[field].get("optional"):
                yield kind, workload["metadata"]["namespace"], volume[field][name]


def _place(one: Object) -> Place:
    return one["kind"], one["metadata"].get("namespace", ""), one["metadata"]["name"]
