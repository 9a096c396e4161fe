"""embedded/remote_bases.py: Go modules contain what the trees refer to by URL, the same as the archive of copies."""

from __future__ import annotations

from pathlib import Path

import pytest

from embedded.remote_bases import Copier
from lab.context import RunContext
from lab.k8s.documents import parse_documents
from lab.k8s.kubectl_apply import build_manifests
from lab.layers.kustomization_files import TARGET
from lab.layers.manifest_archives import unpack
from lab.layers.remote_bases import find_remote_bases, replace_remote_bases
from tests.kit_programs import require_program
from tests.trees.archives import ARCHIVES, Tree, name_archive


@pytest.mark.parametrize(("archive", "tree"), [(file, file) for file in ARCHIVES], ids=name_archive, indirect=["tree"])
def test_go_modules_build_the_same_objects_as_the_copies(
    archive: Path, tree: Tree, context: RunContext, tmp_path: Path
) -> None:
    directory, copies = tmp_path / "manifests", tmp_path / "copies"
    unpack(archive, directory)
    found = list(find_remote_bases(directory))
    if not found:
        assert tree.replaced == ()
        return
    Copier(context, Path(require_program("kustomize")), copies).copy(found, directory)
    assert list(replace_remote_bases(directory, copies)) == list(tree.replaced)
    assert parse_documents(build_manifests(tree.shell, directory, TARGET)) == tree.objects
