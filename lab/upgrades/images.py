"""The images of a later release that have left their registries, or are about to."""

from __future__ import annotations

from collections.abc import Iterator

from lab.k8s.images import list_images
from lab.k8s.moved_images import find_moves
from lab.upgrades.findings import Finding, Topic
from lab.upgrades.tree import Tree

EFFECTS = {
    "gone": "no registry is known to have an image, so its pods cannot start on a node that does not have it already",
    "moved": "the registry of an image does not have it any more, and another one has",
    "leaving": "the registry of an image announces that it will not have it any more, and another one has it already",
}


def list_image_findings(new: Tree) -> Iterator[Finding]:
    """Yield the images of the manifests that have left their registries, by what happened to them.

    Args:
        new: The tree to be applied.
    """
    moves = find_moves(list_images(new.objects.values()))
    for state, effect in EFFECTS.items():
        found = [move for move in moves if move.row.state == state]
        if found:
            homes = dict.fromkeys(f"{move.reference} → {move.new_reference}" for move in found if move.row.new)
            notes = dict.fromkeys(move.row.note for move in found if move.row.note)
            remedy = "set their new names with the field `images` of a kustomization" if homes else ""
            yield Finding(
                Topic.IMAGES,
                effect,
                tuple(homes or dict.fromkeys(move.reference for move in found)),
                blocks=state != "leaving",
                advice="; ".join(filter(None, [remedy, *notes])),
                source="; ".join(dict.fromkeys(move.row.source for move in found)),
            )
