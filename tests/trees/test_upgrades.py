"""The plans of upgrades between upstream's trees, with the numbers that were counted in them by other means."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import pytest

from lab.upgrades.findings import Topic
from lab.upgrades.left_behind import find_left_behind
from lab.upgrades.plan import Plan, make_plan
from lab.upgrades.release_of_tree import find_release
from lab.upgrades.tree import Tree
from tests.trees.archives import KNOWN
from tests.trees.archives import find_release as find_release_of_archive
from tests.trees.conftest import unpack_tree

LEFT_BEHIND = {"1.8.1": 8, "1.9.1": 117, "1.10.2": 12, "1.11.0": 20, "26.03": 13}
"""The number of objects that stay when a release is applied over the one before it.

In the complete trees, a ConfigMap with a script of Pipelines is one more from 1.10 on; the archives lack the script.
"""
REFUSED = {
    "1.8.1": [],
    "1.9.1": ["CustomResourceDefinition domainmappings.serving.knative.dev"],
    "1.10.2": ["ClusterRoleBinding meta-controller-cluster-role-binding"],
    "1.11.0": [],
    "26.03": [],
}
"""The objects that the API server refuses."""


ARCHIVES_BY_VERSION = {release.kubeflow: archive for archive in KNOWN if (release := find_release_of_archive(archive))}
VERSIONS = ["1.7.0", *LEFT_BEHIND]
PAIRS = [pair for pair in itertools.pairwise(VERSIONS) if ARCHIVES_BY_VERSION.keys() >= set(pair)]
"""The versions of neighboring releases whose archives were given."""


@pytest.fixture(scope="module")
def trees(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Tree]:
    """The trees of all given archives of known releases, by the version of the release."""
    found = {}
    for version, archive in ARCHIVES_BY_VERSION.items():
        unpacked = unpack_tree(archive, tmp_path_factory.mktemp("plan") / "manifests")
        assert unpacked.release
        found[version] = Tree.from_objects(archive.name, unpacked.release, unpacked.objects)
    return found


@pytest.fixture(params=PAIRS, ids=" to ".join)
def pair(request: pytest.FixtureRequest, trees: Mapping[str, Tree]) -> Plan:
    """The plan of the upgrade to a release from the one before it."""
    old, new = request.param
    return make_plan(trees[old], trees[new])


def test_the_objects_that_are_left_behind_are_counted(pair: Plan) -> None:
    assert len(find_left_behind(pair.old, pair.new)) == LEFT_BEHIND[pair.new.release.kubeflow]
    subjects = [name for found in pair.findings if found.topic is Topic.LEFT_BEHIND for name in found.subjects]
    assert len(subjects) == LEFT_BEHIND[pair.new.release.kubeflow]


def test_what_the_api_server_refuses_is_named(pair: Plan) -> None:
    refused = [name for found in pair.findings if found.topic is Topic.REFUSED for name in found.subjects]
    assert refused == REFUSED[pair.new.release.kubeflow]


def test_the_release_of_each_tree_is_recognized(trees: Mapping[str, Tree]) -> None:
    recognized = {version: find_release(list(tree.objects.values()), "").kubeflow for version, tree in trees.items()}
    assert recognized == {version: version for version in trees}
