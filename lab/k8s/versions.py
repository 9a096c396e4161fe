"""Comparing the installed components with the versions of the release, and finding out what implements them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lab.config.source import STAND_IN_SUFFIX, StandIn
from lab.k8s.client import Kube
from lab.k8s.images import full_reference, image_tag
from lab.k8s.objects import Object
from lab.releases import Component

KINDS = ("Deployment", "StatefulSet", "DaemonSet")
ITSELF = "the component itself, judging by its image name"
"""Reported if the lab has no stand-in for the component; the content of the image is not inspected."""
NOTHING = "nothing"


@dataclass(frozen=True)
class Comparison:
    """A comparison of an installed component with the release.

    Args:
        component: The name of the component.
        version: The version of the component in the release.
        compared: The compared property (a tag of its images, or a label) and its expected value.
        seen: The observed value.
        implemented_by: The implementation: the component itself, a stand-in, or nothing.
        agrees: Whether the observed value is the expected one.
    """

    component: str
    version: str
    compared: str
    seen: str
    implemented_by: str
    agrees: bool

    def __str__(self) -> str:
        return f"{self.component}: compared: {self.compared}; seen: {self.seen}; implemented by: {self.implemented_by}"


def compare(component: Component, kube: Kube, stand_ins: Iterable[StandIn]) -> Comparison:
    """Compare the installed version of a component with the release.

    A stand-in has the labels of the component, and its images have the component's tag with the suffix `-stand-in`. So
    its version is that of the component for which it stands in.

    Args:
        component: The component of the release.
        kube: The API of the cluster.
        stand_ins: The stand-ins of this lab.
    """
    if not component.workload:
        return _compare_absence(component, kube)
    expected = component.expected_tag or component.version
    namespace, _, name = component.workload.partition("/")
    workload = kube.get("Deployment", name, namespace)
    if workload is None:
        return Comparison(
            component=component.name,
            version=component.version,
            compared=f"Deployment {component.workload}",
            seen="no such Deployment",
            implemented_by=NOTHING,
            agrees=False,
        )
    images = _list_images(workload)
    if component.label:
        compared = f"label {component.label}"
        seen = [(workload["metadata"].get("labels") or {}).get(component.label, "no such label")]
    else:
        compared = "tag"
        seen = [image_tag(image) for image in images]
        images = [image for image in images if _remove_suffix(image_tag(image)) == expected] or images
    references = {full_reference(image) for image in images}
    implementations = [stand_in.implemented_by for stand_in in stand_ins if references & set(stand_in.images)]
    return Comparison(
        component=component.name,
        version=component.version,
        compared=f"{compared} {expected}",
        seen=", ".join(dict.fromkeys(seen)),
        implemented_by="; ".join(implementations) or ITSELF,
        agrees=expected in map(_remove_suffix, seen),
    )


def _compare_absence(component: Component, kube: Kube) -> Comparison:
    """Compare a component that the release does not install: no image in the cluster may have its name."""
    images = {image for kind in KINDS for workload in kube.list_objects(kind) for image in _list_images(workload)}
    found = sorted(image for image in images if component.images in image)
    return Comparison(
        component=component.name,
        version=component.version,
        compared=f"no image named {component.images}",
        seen=", ".join(found) or NOTHING,
        implemented_by=", ".join(found) or NOTHING,
        agrees=not found,
    )


def _remove_suffix(tag: str) -> str:
    return tag.removesuffix(STAND_IN_SUFFIX)


def _list_images(workload: Object) -> list[str]:
    return [container["image"] for container in workload["spec"]["template"]["spec"]["containers"]]
