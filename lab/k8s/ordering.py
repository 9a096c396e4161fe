"""The order in which the objects of manifests are applied, so that important workloads start early."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from enum import IntEnum

from lab.k8s.documents import join_documents, split_documents
from lab.k8s.objects import Object, ObjectRef, get_nested, namespace_of, qualified_name
from lab.k8s.workloads import WORKLOADS

SETTINGS = ("ConfigMap", "Secret")
CRD = "CustomResourceDefinition"
POD = ("spec", "template", "spec")
"""The path to the pod template's specification in a workload."""


class Part(IntEnum):
    """The parts of the manifests, in the order in which they are applied."""

    REQUIREMENTS, FIRST, BEFORE_WORKLOADS, WORKLOADS, LAST, AFTER_WORKLOADS = range(6)


def order_manifests(manifests: str, first: Collection[str], last: Collection[str]) -> str:
    """Return manifests with some workloads before all others, and some after them; the rest keeps its order.

    All CRDs and the requirements of the first workloads are applied before everything else: the API server rebuilds its
    OpenAPI document in every second in which CRDs are created, so CRDs are created without a pause. A workload that
    mounts an object that is not part of the manifests is applied after the others: a controller must create that
    object, and the kubelet, which retries ever more rarely, may notice it half a minute late.

    Args:
        manifests: YAML documents, one object each.
        first: NAMESPACE/NAME of the workloads to apply first; some may not be in the manifests.
        last: NAMESPACE/NAME of the workloads to apply last.
    """
    documents = split_documents(manifests)
    objects = [obj for obj, _ in documents]
    refs = {ObjectRef.from_object(obj) for obj in objects}
    begin = next((number for number, obj in enumerate(objects) if obj["kind"] in WORKLOADS), len(objects))
    required = {
        ObjectRef.from_object(requirement)
        for obj in objects
        if obj["kind"] in WORKLOADS and qualified_name(obj) in first
        for requirement in _list_requirements(obj, objects)
    }

    def select_part(numbered: tuple[int, tuple[Object, str]]) -> Part:
        number, (obj, _) = numbered
        if obj["kind"] not in WORKLOADS:
            if obj["kind"] == CRD or ObjectRef.from_object(obj) in required:
                return Part.REQUIREMENTS
            return Part.BEFORE_WORKLOADS if number < begin else Part.AFTER_WORKLOADS
        if qualified_name(obj) in first:
            return Part.FIRST
        is_last = qualified_name(obj) in last or not refs.issuperset(list_mounted_objects(obj))
        return Part.LAST if is_last else Part.WORKLOADS

    return join_documents(text for _, (_, text) in sorted(enumerate(documents), key=select_part))


def _list_requirements(workload: Object, objects: Sequence[Object]) -> Iterator[Object]:
    """Yield the objects that a workload needs to start: namespace, ServiceAccount, permissions and settings.

    All settings of its namespace count, since some are read through the API: istiod injects no sidecars without them.
    """
    namespace, name = namespace_of(workload), get_nested(workload, *POD, "serviceAccountName")
    account = ObjectRef("ServiceAccount", name or "default", namespace)
    bindings = [obj for obj in objects if account in _list_subjects(obj)]
    refs = {ObjectRef("Namespace", namespace), account, *map(_bound_role, bindings)}
    for obj in objects:
        is_setting = obj["kind"] in SETTINGS and namespace_of(obj) == namespace
        if is_setting or obj in bindings or ObjectRef.from_object(obj) in refs:
            yield obj


def _list_subjects(obj: Object) -> list[ObjectRef]:
    """Return the subjects of a role binding; none for any other object."""
    subjects = obj.get("subjects") or []
    return [
        ObjectRef(str(subject.get("kind")), str(subject.get("name")), subject.get("namespace") or "")
        for subject in subjects
        if isinstance(subject, dict)
    ]


def _bound_role(binding: Object) -> ObjectRef:
    kind, name = get_nested(binding, "roleRef", "kind"), get_nested(binding, "roleRef", "name")
    return ObjectRef(str(kind), str(name), namespace_of(binding) if kind == "Role" else "")


def list_mounted_objects(workload: Object) -> Iterator[ObjectRef]:
    """Yield the ConfigMaps and Secrets without which no pod of a workload starts."""
    for volume in get_nested(workload, *POD, "volumes") or []:
        for field, kind, key in (("configMap", "ConfigMap", "name"), ("secret", "Secret", "secretName")):
            name = get_nested(volume, field, key)
            if name and not get_nested(volume, field, "optional"):
                yield ObjectRef(kind, name, namespace_of(workload))
