"""lab/layers/remote_bases.py: manifests with remote bases, built by the real kustomize after their replacement."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from lab.errors import LabError
from lab.layers.remote_base_urls import parse_url
from lab.layers.remote_bases import find_remote_bases, replace_remote_bases
from tests.remote_bases import DIRECTORY, FILE, TREE, build


def test_remote_bases_below_the_target_are_found(tree: Path) -> None:
    assert [base.url for base in find_remote_bases(tree)] == [DIRECTORY, FILE]


def test_the_replaced_tree_is_built_without_a_network(tree: Path, copies: Path) -> None:
    assert list(replace_remote_bases(tree, copies)) == [DIRECTORY, FILE]
    assert [line for line in build(tree).splitlines() if line.startswith("  name: ")] == [
        "  name: base",
        "  name: crds",
        "  name: jobs",
    ]
    assert f"# not {DIRECTORY}/more" in (tree / "apps/kustomization.yaml").read_text()
    assert list(find_remote_bases(tree)) == []
    assert replace_remote_bases(tree, copies) == {}
    assert (tree / "unused/kustomization.yaml").read_text() == TREE["unused/kustomization.yaml"]


@pytest.mark.parametrize("top", [".", "remote-bases"])
def test_the_copies_may_be_in_an_archive(tree: Path, copies: Path, top: str, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "copies.tar.xz", "w:xz") as archive:
        archive.add(copies, top)
    assert list(replace_remote_bases(tree, tmp_path / "copies.tar.xz")) == [DIRECTORY, FILE]
    assert "name: crds" in build(tree)


def test_an_archive_may_have_a_single_copy(tree: Path, copies: Path, tmp_path: Path) -> None:
    (tree / "apps/kustomization.yaml").write_text(f"resources: [{FILE}]")
    with tarfile.open(tmp_path / "copies.tar.gz", "w:gz") as archive:
        archive.add(copies / "jobs-v0.1.0", "jobs-v0.1.0")
    assert list(replace_remote_bases(tree, tmp_path / "copies.tar.gz")) == [FILE]
    assert "name: jobs" in build(tree)


def test_the_remote_bases_of_a_copy_are_replaced_too(tree: Path, copies: Path) -> None:
    (copies / "workflows-v3.7.3/manifests/crds/kustomization.yaml").write_text(f"resources: [{FILE}, config.yaml]")
    (tree / "apps/kustomization.yaml").write_text(f"resources: ['{DIRECTORY}']")
    assert list(replace_remote_bases(tree, copies)) == [DIRECTORY, FILE]
    assert "name: jobs" in build(tree)


def test_the_error_names_each_missing_copy_and_nothing_is_changed(tree: Path, copies: Path) -> None:
    before = (tree / "apps/kustomization.yaml").read_text()
    (copies / "jobs-v0.1.0/manifests.yaml").unlink()
    (copies / "workflows-v3.7.3").rename(copies / "workflows-v3.7.4")
    with pytest.raises(LabError) as caught:
        replace_remote_bases(tree, copies)
    assert caught.value.seen.splitlines() == [
        f"{FILE} in apps/kustomization.yaml: no jobs-v0.1.0/manifests.yaml",
        f"{DIRECTORY} in apps/kustomization.yaml: no workflows-v3.7.3/manifests/base",
    ]
    assert (tree / "apps/kustomization.yaml").read_text() == before


def test_an_invalid_kustomization_is_named(tree: Path, copies: Path) -> None:
    (tree / "apps/kustomization.yaml").write_text("resources: [")
    with pytest.raises(LabError, match=r"apps/kustomization.yaml cannot be read as a kustomization"):
        replace_remote_bases(tree, copies)


@pytest.mark.parametrize(
    ("url", "location"),
    [
        (DIRECTORY, "workflows-v3.7.3/manifests/base"),
        (FILE, "jobs-v0.1.0/manifests.yaml"),
        ("github.com/owner/repo//config/default?ref=v1", "repo-v1/config/default"),
        ("https://github.com/owner/repo.git//config?ref=v1&timeout=90s", "repo-v1/config"),
        ("git@github.com:owner/repo.git//config?ref=release/1.0", "repo-release-1.0/config"),
        ("https://github.com/owner/repo?version=v2", "repo-v2"),
        ("https://github.com/owner/repo//config", "repo/config"),
        ("https://raw.githubusercontent.com/owner/repo/v1/config/crds.yaml", "repo-v1/config/crds.yaml"),
        ("https://git.example.com/owner/repo//config?ref=v1", "repo-v1/config"),
        ("https://example.com/files/crds.yaml", "example.com/files/crds.yaml"),
    ],
)
def test_the_location_of_a_copy_follows_from_the_url(url: str, location: str) -> None:
    assert str(parse_url(url).location) == location
