"""Images of the manifests that have left their registries: what the table knows, and what the node's registries answer.

The table is from reports, so the registries that the node will ask decide: a mirror of the user's own may have an image
that is gone everywhere else, and so may a node that exists already.
"""

from __future__ import annotations

from collections.abc import Sequence

from lab.context import Lab, RunContext
from lab.errors import LabError
from lab.k8s.documents import parse_documents
from lab.k8s.images import MissingImage, find_missing_images, list_written_images
from lab.k8s.moved_images import REPLACED, Move, find_move, find_moves
from lab.k8s.prepull import list_images_of_node
from lab.layers.cluster import list_mirrors, node_name

SHOWN = 5
"""The number of images that a note names together."""


def is_checked(context: RunContext) -> bool:
    """Return whether the images of a run come from the registries of the internet, or from mirrors of them."""
    return context.settings.lab == "k3d" and context.settings.installs


def needs_network(lab: Lab) -> bool:
    """Return whether a mirror is at the gateway of the lab's network, and cannot be asked before that exists."""
    return any("{gateway}" in url for urls in lab.source.mirrors.values() for url in urls)


def check_image_homes(example: str, lab: Lab) -> None:
    """Note each image of the manifests that has left its registry, with its new home, before anything is applied.

    Args:
        example: The result of build_example.
        lab: The lab.

    Raises:
        LabError: If the registries that the node asks answer that they do not have an image that is gone everywhere.
    """
    moves = find_moves(list_written_images(parse_documents(example)))
    if not moves:
        return
    references = list(dict.fromkeys(move.reference for move in moves))
    missing = {image.reference: image for image in find_missing_images(references, list_mirrors(lab), lab.journal)}
    for move in moves:
        if move.reference in missing:
            lab.progress.note(f"{move.reference} has left its registry: {move}")
        elif move.row.state == "leaving":
            lab.progress.note(f"{move.reference} will leave its registry: {move}")
    _note_served([move for move in moves if move.reference not in missing and move.row.state != "leaving"], lab)
    if any(move.row.state in REPLACED for move in moves):
        lab.progress.print("--use-moved-images installs the images that have moved from their new homes")
    gone = [
        image
        for move in moves
        if move.row.state == "gone" and (image := missing.get(move.reference)) and image.is_certain
    ]
    if gone and not {image.reference for image in gone} <= list_images_of_node(node_name(lab.settings), lab.shell):
        error = describe_gone(gone)
        error.layer = "image homes"
        raise error


def describe_gone(images: Sequence[MissingImage]) -> LabError:
    """Return the error about images that exist in no registry any more."""
    move = find_move(images[0].reference)
    hosts = sorted({image.reference.partition("/")[0] for image in images})
    return LabError(
        "this release of Kubeflow cannot be installed from the internet any more; nothing was applied: "
        f"{len(images)} of its images are in no registry",
        expected="each image in the registry that the node asks",
        seen="\n".join(f"{image.reference}: {image.reason}" for image in images),
        remedy=f"{move}; or install it with --lab embedded; or give a --source that has mirrors of {', '.join(hosts)} "
        "with these images",
    )


def _note_served(moves: Sequence[Move], lab: Lab) -> None:
    """Note that the registries that the node asks have images that are known to have left."""
    if moves:
        names = [move.reference for move in moves]
        more = f", and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
        lab.progress.note(
            "images that are known to have left their registries are served to the node: "
            f"{', '.join(names[:SHOWN])}{more}"
        )
