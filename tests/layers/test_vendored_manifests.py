"""lab/layers/vendored_manifests.py: copies in the place of remote bases, in a tree of the lab's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.errors import LabError
from lab.layers.manifests import Copy
from lab.layers.remote_bases import check_copies
from lab.layers.vendored_manifests import VendoredManifests, select_manifests
from tests.conftest import MakeLab
from tests.git_repositories import git, url
from tests.remote_bases import COPIES, DIRECTORY, FILE, TREE, build, write


def read(directory: Path) -> dict[str, str]:
    """Return the files of a directory by relative path."""
    return {str(path.relative_to(directory)): path.read_text() for path in directory.rglob("*") if path.is_file()}


def test_the_replacement_is_made_in_the_lab(tree: Path, copies: Path, make_lab: MakeLab) -> None:
    lab = make_lab(lab="k3d", manifests=str(tree), remote_bases=str(copies))
    layer = select_manifests(lab)
    assert layer.problem() == f"there is no copy of {tree}"
    layer.install()
    assert layer.problem() is None
    assert "name: crds" in build(layer.directory)
    assert read(tree) == TREE
    assert read(copies) == COPIES
    assert lab.progress.notes == [
        f"the manifests refer to {DIRECTORY}, which is replaced by {copies}/workflows-v3.7.3/manifests/base",
        f"the manifests refer to {FILE}, which is replaced by {copies}/jobs-v0.1.0/manifests.yaml",
    ]


def test_nothing_is_changed_through_a_link(tree: Path, copies: Path, make_lab: MakeLab, tmp_path: Path) -> None:
    linked = write(tmp_path / "linked", {"example/kustomization.yaml": "resources: [../apps]"})
    (linked / "apps").symlink_to(tree / "apps")
    check_copies(linked, copies)
    layer = select_manifests(make_lab(manifests=str(linked), remote_bases=str(copies)))
    layer.install()
    assert "name: jobs" in build(layer.directory)
    assert read(tree) == TREE


def test_a_changed_copy_is_replaced(tree: Path, copies: Path, make_lab: MakeLab) -> None:
    layer = select_manifests(make_lab(manifests=str(tree), remote_bases=str(copies)))
    layer.install()
    (layer.directory / "example/kustomization.yaml").write_text("resources: []")
    expected = "the copy differs from the manifests with copies of their remote bases in example/kustomization.yaml"
    assert layer.problem() == expected
    layer.install()
    assert layer.problem() is None
    (copies / "jobs-v0.1.0/manifests.yaml").write_text("{apiVersion: v1, kind: ConfigMap, metadata: {name: other}}")
    assert str(layer.problem()).endswith("in apps/jobs-v0.1.0-manifests.yaml")


def test_a_clone_is_vendored_too(tree: Path, copies: Path, make_lab: MakeLab) -> None:
    git(tree, "init", "--quiet", "--initial-branch=v1")
    git(tree, "add", ".")
    git(tree, "commit", "--quiet", "--message", "manifests")
    layer = select_manifests(make_lab(lab="k3d", manifests=url(tree), remote_bases=str(copies)))
    layer.install()
    assert layer.problem() is None
    assert "name: jobs" in build(layer.directory)
    assert layer.get_unchanged_commit() == ""


def test_a_missing_copy_is_an_error(tree: Path, copies: Path, make_lab: MakeLab) -> None:
    (copies / "jobs-v0.1.0/manifests.yaml").unlink()
    layer = select_manifests(make_lab(manifests=str(tree), remote_bases=str(copies)))
    with pytest.raises(LabError) as caught:
        layer.install()
    assert caught.value.seen == f"{FILE} in apps/kustomization.yaml: no jobs-v0.1.0/manifests.yaml"
    command = f"curl --fail --location --create-dirs --output {copies}/jobs-v0.1.0/manifests.yaml {FILE}"
    assert f"`{command}`" in caught.value.remedy


def test_without_copies_kustomize_downloads_remote_bases(tree: Path, make_lab: MakeLab) -> None:
    assert isinstance(select_manifests(make_lab(lab="k3d", manifests=str(tree))), Copy)


def test_the_copies_of_the_source_are_used(tree: Path, copies: Path, make_lab: MakeLab) -> None:
    lab = make_lab(manifests=str(tree))
    lab = type(lab).from_context(lab, lab.state, source=lab.source.model_copy(update={"remote_bases": copies}))
    assert isinstance(select_manifests(lab), VendoredManifests)
