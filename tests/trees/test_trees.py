"""Manifests of any version, also of one that lab/releases does not have: they are unpacked, completed and built."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.errors import LabError
from lab.k8s.objects import ObjectRef
from lab.layers.owner import list_profiles
from lab.layers.profile_parameters import check_profiles, read_expected
from lab.layers.remote_bases import find_remote_bases
from tests.conftest import MakeLab
from tests.kit_programs import require_program
from tests.trees.archives import Tree


def test_remote_bases_are_replaced_by_copies(tree: Tree) -> None:
    assert list(find_remote_bases(tree.directory)) == []
    for url in tree.replaced:
        assert url.startswith("https://")


def test_all_of_kubeflow_is_built(tree: Tree) -> None:
    objects = tree.objects
    assert len(objects) > 500
    assert any(ObjectRef.from_object(obj) == ObjectRef("Deployment", "dex", "auth") for obj in objects)


def test_the_profile_is_that_of_the_parameters(tree: Tree, make_lab: MakeLab) -> None:
    assert read_expected(tree.directory) in list_profiles(tree.objects)
    check_profiles(tree.objects, tree.directory, make_lab())


def test_a_profile_with_placeholders_is_an_error(tree: Tree, make_lab: MakeLab, programs: Path) -> None:
    """This is what kustomize 5.8.1 builds from some of the trees."""
    (programs / "kustomize").symlink_to(require_program("kustomize"))
    [profile] = [obj for obj in tree.objects if obj["kind"] == "Profile"]
    wrong = {**profile, "metadata": {"name": "$(profile-name)"}}
    with pytest.raises(LabError, match="kustomize builds another Profile"):
        check_profiles([wrong], tree.directory, make_lab())
