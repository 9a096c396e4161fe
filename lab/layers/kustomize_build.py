"""The build of directories of the manifests, with the new homes of images that have left their registries if wanted."""

from __future__ import annotations

import tempfile
from pathlib import Path

import yaml

from lab.context import Lab
from lab.errors import LabError
from lab.k8s.documents import parse_documents
from lab.k8s.images import list_written_images
from lab.k8s.kubectl_apply import build_manifests, run_kustomize
from lab.k8s.moved_images import REPLACED, Move, find_move
from lab.layers.manifests import Manifests

BUILT = "built.yaml"


def build_directory(lab: Lab, manifests: Manifests, directory: str) -> str:
    """Return the output of `kustomize build` for a directory of the manifests.

    With --use-moved-images, images have their new homes. The manifests themselves are not changed.

    Args:
        lab: The lab.
        manifests: The manifests.
        directory: The directory, relative to the tree.

    Raises:
        LabError: If there is no such directory, kustomize fails, or an image cannot be replaced.
    """
    built = build_manifests(lab.shell, manifests.directory, directory)
    return replace_moved_images(lab, built) if lab.settings.use_moved_images else built


def replace_moved_images(lab: Lab, manifests: str) -> str:
    """Return manifests in which kustomize has set the new homes of images, and note each replacement for the report.

    Args:
        lab: The lab.
        manifests: The output of kustomize.

    Raises:
        LabError: If kustomize fails, or an image cannot be replaced.
    """
    images = list_written_images(parse_documents(manifests))
    moves = {image: move for image in images if (move := find_move(image)) and move.row.state in REPLACED}
    if not moves:
        return manifests
    content = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": [BUILT],
        "images": list(_list_transformations(moves).values()),
        "sortOptions": {"order": "fifo"},
    }
    lab.home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="moved-images-", dir=lab.home) as name:
        (Path(name) / BUILT).write_text(manifests)
        (Path(name) / "kustomization.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
        result = run_kustomize(lab.shell, Path(name))
    for move in moves.values():
        lab.progress.note(f"--use-moved-images: {move.reference} is installed as {move.new_reference}")
    return result


def _list_transformations(moves: dict[str, Move]) -> dict[str, dict[str, str]]:
    """Return the items of kustomize's field `images`, by the name of the image without tag and digest.

    Raises:
        LabError: If two tags of an image need different new ones, since kustomize distinguishes images by name only.
    """
    items: dict[str, dict[str, str]] = {}
    for image, move in moves.items():
        name = _remove_version(image)
        item = {"name": name, "newName": move.new_repository}
        if move.row.drop_suffix and move.new_tag:
            item["newTag"] = move.new_tag
        if items.setdefault(name, item) != item:
            raise LabError(
                f"--use-moved-images cannot replace {name}; nothing was applied",
                expected="one tag of this image in the manifests",
                seen=", ".join(other for other in moves if _remove_version(other) == name),
                remedy=f"set its present name, such as {move.new_reference}, in the manifests",
            )
    return items


def _remove_version(image: str) -> str:
    name = image.partition("@")[0]
    return name if ":" not in name.rpartition("/")[2] else name.rpartition(":")[0]
