"""lab/k8s/moved_images.toml: its tags are those of upstream's trees, and kustomize sets the new homes in them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from lab import releases
from lab.k8s.documents import parse_documents
from lab.k8s.images import list_images
from lab.k8s.moved_images import find_move, find_moves, load_table
from lab.layers.kustomize_build import replace_moved_images
from lab.releases import Release
from tests.conftest import MakeLab
from tests.kit_programs import require_program
from tests.trees.archives import KNOWN, Tree, name_archive

RELEASES = releases.list_names()


@pytest.mark.parametrize("tree", KNOWN, ids=name_archive, indirect=True)
def test_the_tags_of_the_table_are_those_of_the_release(tree: Tree, release: Release) -> None:
    name = next(name for name in (release.kubeflow, release.kubeflow.rpartition(".")[0]) if name in RELEASES)
    in_tree = {image for image in list_images(tree.objects) if (move := find_move(image)) and move.row.tags}
    in_table = {reference for row in load_table() for reference in row.list_references(name)}
    assert in_table == in_tree


def test_every_image_of_googles_old_registry_is_in_the_table(tree: Tree) -> None:
    images = [image for image in list_images(tree.objects) if image.startswith(("gcr.io/", "k8s.gcr.io/"))]
    assert images
    assert [image for image in images if not find_move(image)] == []


def test_kustomize_sets_the_new_homes_and_changes_nothing_else(tree: Tree, make_lab: MakeLab, programs: Path) -> None:
    (programs / "kustomize").symlink_to(require_program("kustomize"))
    lab = make_lab(lab="k3d", use_moved_images=True)
    result = parse_documents(replace_moved_images(lab, yaml.safe_dump_all(tree.objects)))
    assert {move.row.state for move in find_moves(list_images(result))} <= {"gone"}
    moves = [move for move in find_moves(list_images(tree.objects)) if move.row.state != "gone"]
    assert len(lab.progress.notes) == len(moves)
    restored = json.dumps(result, sort_keys=True)
    for move in moves:
        assert f'"{move.new_reference}"' in restored
        restored = restored.replace(f'"{move.new_reference}"', f'"{move.reference}"')
    assert json.loads(restored) == list(tree.objects)
