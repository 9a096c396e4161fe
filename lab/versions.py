"""Whether a component has the version of the release: what was compared, and what is in the seat of that name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lab.images import full_reference, tag
from lab.kube import Kube, Object
from lab.releases import Component
from lab.source import STAND_IN, StandIn

KINDS = ("Deployment", "StatefulSet", "DaemonSet")
ITSELF, NOTHING = "itself, by its name", "nothing"
"""Where the lab knows of no stand-in, it goes by the image's name, and does not look into the image."""


@dataclass(frozen=True)
class Comparison:
    """What was compared to tell a component's version.

    Arguments:
        component: its name.
        version: the release's version of it.
        compared: with what: a tag of its images, or a label, and what that should be.
        seen: what is there instead, or the same.
        sits_there: what is in the seat: the component itself, a stand-in, or nothing.
        agrees: whether seen is what it should be.
    """

    component: str
    version: str
    compared: str
    seen: str
    sits_there: str
    agrees: bool

    def __str__(self) -> str:
        return f"{self.component}: compared: {self.compared}; seen: {self.seen}; sits there: {self.sits_there}"


def compare(component: Component, kube: Kube, stand_ins: Iterable[StandIn]) -> Comparison:
    """Compares what is installed of a component with the release.

    Where a stand-in has its seat, this is the version of the seat: a stand-in goes by the component's labels, and by
    its image with a tag that ends in `-stand-in`.

    Arguments:
        component: as the release has it.
        kube: the cluster.
        stand_ins: what this lab has in others' seats.
    """
    if not component.workload:
        return _absence(component, kube)
    expected = component.told_as or component.version
    namespace, _, name = component.workload.partition("/")
    workload = kube.one("Deployment", name, namespace)
    if workload is None:
        return Comparison(
            component=component.name,
            version=component.version,
            compared=f"Deployment {component.workload}",
            seen="no such Deployment",
            sits_there=NOTHING,
            agrees=False,
        )
    images = _images(workload)
    if component.label:
        what = f"label {component.label}"
        seen = [(workload["metadata"].get("labels") or {}).get(component.label, "no such label")]
    else:
        what, seen = "tag", [tag(image) for image in images]
        images = [image for image in images if _of_seat(tag(image)) == expected] or images
    references = {full_reference(image) for image in images}
    takers = [stand_in.taken_by for stand_in in stand_ins if references & set(stand_in.images)]
    return Comparison(
        component=component.name,
        version=component.version,
        compared=f"{what} {expected}",
        seen=", ".join(dict.fromkeys(seen)),
        sits_there="; ".join(takers) or ITSELF,
        agrees=expected in map(_of_seat, seen),
    )


def _absence(component: Component, kube: Kube) -> Comparison:
    """That a component is not installed: no image in the cluster has its name."""
    images = {image for kind in KINDS for one in kube.all(kind) for image in _images(one)}
    found = sorted(image for image in images if component.images in image)
    return Comparison(
        component=component.name,
        version=component.version,
        compared=f"no image named {component.images}",
        seen=", ".join(found) or NOTHING,
        sits_there=", ".join(found) or NOTHING,
        agrees=not found,
    )


def _of_seat(version: str) -> str:
    return version.removesuffix(STAND_IN)


def _images(workload: Object) -> list[str]:
    return [container["image"] for container in workload["spec"]["template"]["spec"]["containers"]]
