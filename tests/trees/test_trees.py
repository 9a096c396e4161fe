"""Manifests of any version, also of one that lab/releases does not have: they are unpacked, completed and built."""

from __future__ import annotations

from lab.k8s.objects import ObjectRef
from lab.layers.remote_bases import find_remote_bases
from tests.trees.archives import Tree


def test_remote_bases_are_replaced_by_copies(tree: Tree) -> None:
    assert list(find_remote_bases(tree.directory)) == []
    for url in tree.replaced:
        assert url.startswith("https://")


def test_all_of_kubeflow_is_built(tree: Tree) -> None:
    objects = tree.objects
    assert len(objects) > 500
    assert any(ObjectRef.from_object(obj) == ObjectRef("Deployment", "dex", "auth") for obj in objects)
