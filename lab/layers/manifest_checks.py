"""Checks of the built manifests for what no lab can run, as soon as they are built: before anything is applied."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from lab.context import Lab
from lab.errors import LabError
from lab.k8s.api_kinds import check_kinds_known
from lab.k8s.images import CONTAINER_FIELDS, image_tag, is_reference
from lab.k8s.objects import Object, get_nested, namespace_of
from lab.k8s.pod_templates import find_shared, find_template
from lab.k8s.version_numbers import find_version

SHOWN = 12
"""The number of objects that an error names."""


def check_objects(objects: Sequence[Object], lab: Lab) -> None:
    """Check that the manifests can run in a lab that is installed: their kinds, and ports of the node.

    Args:
        objects: The objects of the manifests.
        lab: The lab. The tag of its node's image is the version of Kubernetes.

    Raises:
        LabError: If they cannot.
    """
    if version := find_version(image_tag(lab.source.k3s_image)):
        check_kinds_known(objects, version, lab.release)
    check_host_ports(objects)


def check_image_references(objects: Iterable[Object]) -> None:
    """Check that the image of each container is an image reference; the API server accepts any text.

    Raises:
        LabError: If there are others; it names each container.
    """
    invalid = [
        f"{_describe(obj)}, container {container.get('name')}: {container.get('image', '')!r}"
        for obj in objects
        for container in _list_containers(obj)
        if not is_reference(str(container.get("image", "")))
    ]
    if invalid:
        raise LabError(
            "the manifests contain images that are no image references; nothing was applied",
            expected="REGISTRY/PATH:TAG or REGISTRY/PATH@DIGEST, where the path has no capital letters",
            seen=_shorten(invalid),
            remedy="correct them in the manifests, or in the field `images` of the kustomization that sets them",
        )


def check_host_ports(objects: Iterable[Object]) -> None:
    """Check that no two pods need the same port of the node: the lab has one node, so one of them would stay Pending.

    Raises:
        LabError: If there are such pods; it names each port.
    """
    shared = find_shared((port, _describe(obj)) for obj in objects for port in _list_host_ports(obj))
    taken = [f"{protocol} port {number}: {' and '.join(names)}" for (protocol, number), names in shared.items()]
    if taken:
        raise LabError(
            "pods of the manifests need the same port of the node, of which the lab has one; nothing was applied",
            expected="each port in one pod",
            seen=_shorten(taken),
            remedy="remove hostPort or hostNetwork from all but one of them, or set replicas to 1, in the manifests",
        )


def _list_containers(obj: Object) -> Iterator[Object]:
    spec = (find_template(obj) or {}).get("spec") or {}
    for part in CONTAINER_FIELDS:
        yield from spec.get(part) or []


def _list_host_ports(obj: Object) -> Iterator[tuple[str, int]]:
    """Yield protocol and number of the ports of the node that an object needs, each once for each of its pods."""
    spec = (find_template(obj) or {}).get("spec") or {}
    ports = {
        (port.get("protocol", "TCP"), number)
        for container in _list_containers(obj)
        for port in container.get("ports") or []
        if (number := port.get("hostPort") or (spec.get("hostNetwork") and port.get("containerPort")))
    }
    replicas = get_nested(obj, "spec", "replicas")
    yield from sorted(ports) * (1 if replicas is None else int(replicas))


def _describe(obj: Object) -> str:
    return f"{obj['kind']} {namespace_of(obj)}/{obj['metadata']['name']}"


def _shorten(lines: Sequence[str]) -> str:
    more = len(lines) - SHOWN
    return "\n".join([*lines[:SHOWN], *([f"and {more} more"] if more > 0 else [])])
