"""The program behind each image of the manifests: the real one, another version of it, or a generated stand-in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from docker.utils import parse_repository_tag

from embedded.pins import Image
from lab.k8s.images import full_reference, image_tag
from lab.k8s.version_numbers import find_version

WITH_LICENCES = "-license-compliance"
"""The suffix of the tags of images that Kubeflow Pipelines has built again, with licences and without other changes."""


class Status(StrEnum):
    """The relation of a program to the image in whose place it runs."""

    REAL = "real"
    NEAR = "near"
    STAND_IN = "stand-in"


@dataclass(frozen=True)
class Assignment:
    """The program behind one image of the manifests.

    Args:
        reference: The full reference of the image.
        status: REAL if it is the program of this version, NEAR if it is another version of the program.
        image: The image of the kit that has the program; None for a generated stand-in.
        implemented_by: The program, for users.
    """

    reference: str
    status: Status
    image: Image | None
    implemented_by: str


def assign(reference: str, images: Iterable[Image]) -> Assignment:
    """Return the program of the kit behind an image.

    Args:
        reference: The full reference of the image.
        images: The images of the kit.
    """
    repository, _ = parse_repository_tag(reference)
    for image in images:
        if reference in image.references:
            return Assignment(reference, Status(image.fidelity), image, image.implemented_by or _describe(image))
    for image in images:
        if repository in image.serves and Status(image.fidelity) != Status.STAND_IN:
            status = Status.REAL if _is_same_program(reference, image) else Status.NEAR
            return Assignment(reference, status, image, image.implemented_by or _describe(image))
    return Assignment(reference, Status.STAND_IN, None, "a stand-in generated from the manifests")


def is_of_kit(assignment: Assignment) -> bool:
    """Return whether the kit's registry has the image under the very name that the manifests use."""
    return assignment.image is not None and assignment.reference in assignment.image.references


def split_reference(reference: str) -> tuple[str, str]:
    """Return the repository of a full reference without the registry's host, and its tag; empty if it has a digest."""
    name = full_reference(reference)
    repository, _ = parse_repository_tag(name.partition("@")[0])
    return repository.partition("/")[2], "" if "@" in name else image_tag(name)


def _is_same_program(reference: str, image: Image) -> bool:
    """Return whether an image of the kit is the program in the version that a tag names.

    A tag that is no version, such as the commit of Training Operator, is that of the release, whose program the kit
    has. An image that is near to its own version contains another program too, such as a stock Envoy.
    """
    tag = image_tag(reference).removeprefix("v").removesuffix(WITH_LICENCES)
    if find_version(tag):
        return tag == image.number != image.release_version
    return Status(image.fidelity) == Status.REAL


def _describe(image: Image) -> str:
    return f"{image.name} {image.number}".strip()
