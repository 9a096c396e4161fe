"""The images of Kubeflow: those that the nodes pull, and those that a rehearsal imports."""

from __future__ import annotations

from collections.abc import Iterable

from lab.context import Lab
from lab.k8s import images, prepull
from lab.k8s.documents import parse_documents
from lab.k8s.moved_images import describe_move
from lab.k8s.objects import qualified_name
from lab.k8s.workloads import WORKLOADS
from lab.layers import apply_order
from lab.layers.cluster import list_mirrors, list_node_containers, node_name


def describe_pullable_images(lab: Lab, example: str) -> str:
    """Return how many images of the manifests are pullable, and a line for each image that is not.

    Args:
        lab: The lab.
        example: The result of build_example.
    """
    references = _list_pulled_images(lab, images.list_images(parse_documents(example)))
    missing = images.find_missing_images(references, list_mirrors(lab), lab.journal)
    lines = [f"{len(references) - len(missing)} of {len(references)} images of the manifests are pullable"]
    if missing:
        lines.append("pods that need one of these images will not start:")
    for image in missing:
        lines.append("; ".join(filter(None, (f"  {image.reference}: {image.reason}", describe_move(image.reference)))))
    return "\n".join(lines)


def import_images(lab: Lab) -> None:
    """Import the images of the rehearsal into the nodes of the cluster.

    Args:
        lab: A lab with a rehearsal.
    """
    assert lab.rehearsal
    lab.rehearsal.import_images(list_node_containers(lab), lab.shell)


def _list_pulled_images(lab: Lab, references: Iterable[str]) -> list[str]:
    """Return the images that the nodes pull: in a rehearsal, those of containers that are not imported.

    Custom resources name further images, which no pod has until a user creates one.
    """
    if not lab.rehearsal:
        return list(references)
    pulled = {images.full_reference(container.image) for container in lab.rehearsal.containers} - lab.rehearsal.imported
    return [reference for reference in references if reference in pulled]


def prepull_images(lab: Lab, example: str) -> None:
    """Pull the images of Kubeflow into the node of a new cluster, as soon as its containerd answers.

    Args:
        lab: The lab.
        example: The result of build_example.

    Raises:
        WaitTimeoutError: If containerd does not answer in time.
    """
    prepull.prepull_images(_list_pulled_images(lab, list_images_in_order(example)), node_name(lab.settings), lab.shell)


def list_images_in_order(example: str) -> list[str]:
    """Return the images of manifests as full references, beginning with those of the workloads that are applied first.

    Args:
        example: YAML documents.
    """
    objects = parse_documents(example)
    first = [obj for obj in objects if obj["kind"] in WORKLOADS and qualified_name(obj) in apply_order.FIRST]
    return list(dict.fromkeys([*images.list_images(first), *images.list_images(objects)]))
