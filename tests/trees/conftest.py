"""The trees, one after another. Without archives, the tests of this directory are not collected."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from lab.layers.manifest_archives import unpack
from lab.layers.remote_bases import find_remote_bases, replace_remote_bases
from lab.releases import Release
from lab.run.journal import Journal
from lab.run.redaction import Secrets
from lab.run.shell import Shell
from tests.kit_programs import require_program
from tests.trees.archives import ARCHIVES, REMOTE_BASES, Tree, find_release, name_archive

collect_ignore_glob = [] if ARCHIVES else ["test_*.py"]


def unpack_tree(archive: Path, directory: Path) -> Tree:
    """Return the tree of an archive, unpacked into a directory, with copies of its remote bases."""
    unpack(archive, directory)
    replaced: list[str] = []
    if list(find_remote_bases(directory)):
        copies = next(archive.parent.glob(f"{REMOTE_BASES}*"), archive.with_name(REMOTE_BASES))
        replaced = list(replace_remote_bases(directory, copies))
    path = f"{Path(require_program('kustomize')).parent}:{os.environ['PATH']}"
    shell = Shell({**os.environ, "PATH": path}, journal=Journal(), secrets=Secrets())
    return Tree(directory, shell, tuple(replaced), find_release(archive))


@pytest.fixture(scope="session", params=ARCHIVES, ids=name_archive)
def tree(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Tree:
    """Each tree; it must not be changed."""
    return unpack_tree(request.param, tmp_path_factory.mktemp("tree") / "manifests")


@pytest.fixture
def release(tree: Tree) -> Release:
    """The release of the tree."""
    assert tree.release
    return tree.release


@pytest.fixture
def tree_copy(tree: Tree, tmp_path: Path) -> Tree:
    """A copy of each tree that a test may change."""
    shutil.copytree(tree.directory, tmp_path / "manifests")
    return Tree(tmp_path / "manifests", tree.shell, tree.replaced, tree.release)
