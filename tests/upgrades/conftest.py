"""Small trees of manifests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from lab import releases
from lab.k8s.objects import Object
from lab.upgrades.tree import Tree

MakeTree = Callable[..., Tree]


def make_object(kind: str, name: str, api_version: str = "v1", namespace: str = "", **fields: Any) -> Object:
    """Return an object with some fields."""
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **fields}


def make_deployment(name: str, **labels: str) -> Object:
    """Return a Deployment in the namespace kubeflow whose pods have labels."""
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "web", "image": "nginx:1.27"}]}}
    spec = {"selector": {"matchLabels": labels}, "template": template}
    return make_object("Deployment", name, "apps/v1", "kubeflow", spec=spec)


@pytest.fixture
def make_tree() -> MakeTree:
    """A function that returns a tree of a release, by default 1.10, with some objects."""

    def make(*objects: Object, release: str = "1.10") -> Tree:
        return Tree.from_objects(release, releases.load(release), objects)

    return make
