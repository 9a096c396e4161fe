"""The objects that scenarios create in a cluster for a short time, and that are deleted afterwards.

Their names begin with a prefix, and they have a label. A web app creates objects without our label; they get it as soon
as they exist, and their names are recorded in a file before they are requested. So whatever a killed run has left is
found, by the next run and by `kubeflow-lab clean`, and nothing else is.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from lab.context import Lab
from lab.errors import PermissionDeniedError, UnreachableError
from lab.k8s.client import Kube
from lab.k8s.objects import Object, ObjectRef, find_by_name
from lab.run.journal import Journal
from lab.run.waiting import poll, wait_until

PREFIX = "kubeflow-lab-"
"""The beginning of the names of all temporary objects."""
LABELS = {"app.kubernetes.io/managed-by": "kubeflow-lab"}
SELECTOR = ",".join(f"{key}={value}" for key, value in LABELS.items())
RECORD = "requested-resources.txt"
"""The file with the names of the resources that were requested from web apps and are not deleted yet."""
DELETE_TIMEOUT = 120


@dataclass(frozen=True)
class TemporaryKind:
    """A kind of object that scenarios create.

    Args:
        kind: The kind.
        chapter: The tag of the chapter whose scenarios create it.
        place: Where it is created.
        purpose: What it is for, and what Kubernetes or Kubeflow create because of it.
        is_of_web_app: Whether a web app creates it.
        is_for_installed: Whether it is created only in labs that the suite has installed.
    """

    kind: str
    chapter: str
    place: str
    purpose: str
    is_of_web_app: bool = False
    is_for_installed: bool = False


PROBES = "metallb"
"""The chapter whose objects are in namespaces of their own."""
OWNER_NAMESPACE = "the owner's namespace"
KINDS = (
    TemporaryKind("VirtualService", "authservice", "`istio-system`", "a route to the pages of authservice"),
    TemporaryKind("Service", "authservice", "`istio-system`", "the port of authservice that this route leads to"),
    TemporaryKind(
        "Notebook",
        "resources",
        OWNER_NAMESPACE,
        "a notebook; its controller creates a StatefulSet, a pod, a Service and a VirtualService",
        is_of_web_app=True,
    ),
    TemporaryKind(
        "Tensorboard",
        "resources",
        OWNER_NAMESPACE,
        "a tensorboard; its controller creates a Deployment, a pod, a Service and a VirtualService",
        is_of_web_app=True,
    ),
    TemporaryKind(
        "PersistentVolumeClaim",
        "resources",
        OWNER_NAMESPACE,
        "a volume, and the volume of a notebook where the web app always creates one",
        is_of_web_app=True,
    ),
    *(
        TemporaryKind(kind, "resources", "`istio-system`", "HTTPS at the Ingress", is_for_installed=True)
        for kind in ("Certificate", "Issuer", "Secret")
    ),
    TemporaryKind("Service", PROBES, "this namespace", "Services of type LoadBalancer, one per free address"),
    TemporaryKind("Deployment", PROBES, "this namespace", "an nginx with one pod"),
    TemporaryKind(
        "Namespace",
        PROBES,
        "the cluster",
        "a namespace for the objects of this chapter, or for a pod of the chapter `login`",
    ),
)
"""The kinds, in the order in which leftovers are deleted: a namespace last, since its Services hold addresses."""
CHAPTERS = tuple(dict.fromkeys(each.chapter for each in KINDS))


def build_metadata(name: str, namespace: str = "", **annotations: str) -> Object:
    """Return the metadata of a temporary object that the suite applies.

    Args:
        name: The name, which must begin with the prefix.
        namespace: The namespace; empty for an object without one.
        annotations: The annotations.
    """
    assert name.startswith(PREFIX), name
    place = {"namespace": namespace} if namespace else {}
    return {"name": name, **place, "labels": dict(LABELS), **({"annotations": annotations} if annotations else {})}


def list_leftovers(lab: Lab, chapters: Collection[str] = CHAPTERS) -> list[ObjectRef]:
    """Return the temporary objects of interrupted runs that are not being deleted yet, in the order of deletion.

    A run that creates nothing ignores them, since it could not delete them. A user who may not list a kind has not
    created objects of this kind, either.

    Args:
        lab: The lab.
        chapters: The tags of the chapters whose objects are listed.
    """
    if lab.settings.read_only:
        return []
    objects = []
    for chapter in chapters:
        with suppress(PermissionDeniedError):
            objects += list_objects(lab, chapter)
    return [ObjectRef.from_object(obj) for obj in objects if "deletionTimestamp" not in obj["metadata"]]


def list_objects(lab: Lab, chapter: str) -> list[Object]:
    """Return the temporary objects of a chapter that a cluster has, also those that are being deleted.

    Args:
        lab: The lab.
        chapter: The tag of the chapter.

    Raises:
        PermissionDeniedError: If the user may not list a kind.
    """
    requested = read_record(lab)
    return [
        obj
        for each in KINDS
        if each.chapter == chapter and (lab.settings.kind.is_installed or not each.is_for_installed)
        for obj in lab.kube.list_objects(each.kind, selector="" if requested and each.is_of_web_app else SELECTOR)
        if _is_temporary(obj, requested if each.is_of_web_app else ()) and _is_of_probes(obj) == (chapter == PROBES)
    ]


def delete_leftovers(lab: Lab, leftovers: Iterable[ObjectRef]) -> None:
    """Delete temporary objects, and wait until the Services among them are gone, so that their addresses are free.

    Raises:
        PermissionDeniedError: If the user may not delete an object.
        WaitTimeoutError: If the Services are not deleted in time.
    """
    refs = list(leftovers)
    namespaces = [ref for ref in refs if ref.kind == "Namespace"]
    for ref in refs:
        if ref not in namespaces:
            lab.kube.delete(ref)
    wait_until_deleted(lab.kube, [ref for ref in refs if ref.kind == "Service"], lab.journal)
    for ref in namespaces:
        lab.kube.delete(ref)
    forget(lab, [ref.name for ref in refs])


def wait_until_deleted(
    kube: Kube, refs: Collection[ObjectRef], journal: Journal, timeout: float = DELETE_TIMEOUT
) -> None:
    """Wait until objects do not exist any more.

    Raises:
        WaitTimeoutError: If the time is up.
    """

    def find_remaining() -> list[Object]:
        places = dict.fromkeys((ref.kind, ref.namespace) for ref in refs)
        listed = {place: kube.list_objects(place[0], place[1] or None) for place in places}
        found = (find_by_name(listed[ref.kind, ref.namespace], ref.name) for ref in refs)
        return [obj for obj in found if obj]

    if not refs:
        return
    first = next(iter(refs))
    place = f" -n {first.namespace}" if first.namespace else ""
    wait_until(
        poll(find_remaining, every=0.5, transient=(UnreachableError,)),
        satisfied=lambda remaining: not remaining,
        describe=lambda remaining: "\n".join(map(_describe_remaining, remaining)),
        timeout=timeout,
        waiting_for=f"{', '.join(map(str, refs))} to be deleted",
        journal=journal,
        remedy="the controller that owns a finalizer must remove it; for Services that of MetalLB: "
        f"`kubectl describe {first.kind.lower()}{place} {first.name}`",
    )


@dataclass
class RequestedResources:
    """The resources that a run requests from web apps.

    Args:
        lab: The lab.
    """

    lab: Lab
    refs: list[ObjectRef] = field(default_factory=list)

    def add(self, kind: str, namespace: str) -> ObjectRef:
        """Return the reference to a resource that is to be requested, with a new name that is recorded."""
        ref = ObjectRef(kind, f"{PREFIX}{secrets.token_hex(4)}", namespace)
        file = _record_file(self.lab)
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a") as record:
            record.write(f"{ref.name}\n")
        self.refs.append(ref)
        return ref

    def label(self, ref: ObjectRef) -> None:
        """Label a resource, and the volumes that a web app has created for it; it may have been rejected."""
        for each in (ref, *self._list_volumes(ref)):
            self.lab.kube.set_labels(each, LABELS)

    def delete(self) -> None:
        """Delete all resources, and the volumes that web apps have created for them."""
        for ref in self.refs:
            for each in (ref, *self._list_volumes(ref)):
                self.lab.kube.delete(each)
        forget(self.lab, [ref.name for ref in self.refs])
        self.refs.clear()

    def _list_volumes(self, ref: ObjectRef) -> list[ObjectRef]:
        """Return the claims of a notebook: they are not deleted with it."""
        if ref.kind != "Notebook":
            return []
        claims = map(ObjectRef.from_object, self.lab.kube.list_objects("PersistentVolumeClaim", ref.namespace))
        return [claim for claim in claims if _is_named_after(claim.name, [ref.name])]


def read_record(lab: Lab) -> list[str]:
    """Return the names of the resources that were requested from web apps and are not known to be deleted."""
    with suppress(FileNotFoundError):
        return _record_file(lab).read_text().split()
    return []


def forget(lab: Lab, names: Collection[str]) -> None:
    """Remove names, and those that begin with them, from the record."""
    if recorded := read_record(lab):
        left = [name for name in recorded if not any(_is_named_after(deleted, [name]) for deleted in names)]
        _record_file(lab).write_text("".join(f"{name}\n" for name in left))


def describe_leftovers(leftovers: Iterable[ObjectRef], render: Callable[[str], str] = str) -> str:
    """Return the problem that interrupted runs have left objects, with the command that deletes them."""
    names = ", ".join(map(str, leftovers))
    return f"an interrupted run has left {names}; {render('`kubeflow-lab clean` deletes that')}"


def _is_temporary(obj: Object, requested: Collection[str]) -> bool:
    """Return whether the suite has created an object: by its name, and by its label or the record."""
    name, labels = obj["metadata"]["name"], obj["metadata"].get("labels") or {}
    return name.startswith(PREFIX) and (labels.items() >= LABELS.items() or _is_named_after(name, requested))


def _is_of_probes(obj: Object) -> bool:
    """Return whether an object is, or is in, a namespace of its own.

    Other chapters must not take the objects for leftovers: they may be inspected while the probes are in use.
    """
    return bool((obj["metadata"].get("namespace") or obj["metadata"]["name"]).startswith(PREFIX))


def _is_named_after(name: str, requested: Iterable[str]) -> bool:
    return any(name == each or name.startswith(f"{each}-") for each in requested)


def _describe_remaining(obj: Object) -> str:
    metadata = obj["metadata"]
    finalizers = [*(metadata.get("finalizers") or []), *((obj.get("spec") or {}).get("finalizers") or [])]
    return f"{ObjectRef.from_object(obj)}: finalizers {', '.join(map(str, finalizers)) or 'none'}"


def _record_file(lab: Lab) -> Path:
    return lab.home / RECORD
