"""lab/k8s/moved_images.py: the rows of the table, and what they say about images as manifests write them."""

from __future__ import annotations

import re

import pytest

from lab import releases
from lab.k8s.moved_images import MovedImage, describe_move, find_move, find_moves, list_gone, load_table

DIGEST = f"sha256:{'a' * 64}"


@pytest.mark.parametrize("row", load_table(), ids=lambda row: row.old)
class TestEveryRow:
    """Properties of each row."""

    def test_has_a_source(self, row: MovedImage) -> None:
        assert re.search(r"[\w.-]+/[\w.-]+#\d+|\bderived\b", row.source)

    def test_replaces_a_beginning_by_one_of_the_same_kind(self, row: MovedImage) -> None:
        assert not row.new or row.old.endswith("/") == row.new.endswith("/")
        assert not row.names or row.old.endswith("/")

    def test_has_tags_of_known_releases(self, row: MovedImage) -> None:
        assert row.tags.keys() <= set(releases.list_names())

    def test_is_the_first_that_has_its_images(self, row: MovedImage) -> None:
        for name in releases.list_names():
            for reference in row.list_references(name):
                move = find_move(reference)
                assert move
                assert move.row is row


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"state": "moved"}, "needs a new home"),
        ({"state": "leaving", "note": "soon"}, "needs a new home"),
        ({"state": "gone"}, "has a note"),
        ({"state": "gone", "note": "use another", "new": "quay.io/web"}, "no new home"),
        ({"state": "lost", "note": "use another"}, "'moved', 'gone'"),
    ],
)
def test_a_row_without_what_its_state_needs_is_invalid(values: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        MovedImage.model_validate({"old": "gcr.io/web", "source": "derived", **values})


def test_images_that_have_left_their_registry_are_found() -> None:
    images = ["nginx:1.27", "gcr.io/ml-pipeline/frontend:2.0.5", "gcr.io/istio-release/pilot:1.26.1"]
    images += ["gcr.io/tfx-oss-public/ml_metadata_store_server:1.14.0", "gcr.io/google-containers/busybox"]
    assert [(move.reference, move.row.state) for move in find_moves(images)] == [
        ("gcr.io/ml-pipeline/frontend:2.0.5", "gone"),
        ("gcr.io/istio-release/pilot:1.26.1", "leaving"),
    ]


@pytest.mark.parametrize(
    ("image", "new"),
    [
        ("gcr.io/kubebuilder/kube-rbac-proxy:v0.8.0", "quay.io/brancz/kube-rbac-proxy:v0.8.0"),
        (
            "gcr.io/ml-pipeline/argoexec:v3.3.10-license-compliance",
            "quay.io/argoproj/argoexec:v3.3.10",
        ),
        (f"gcr.io/istio-release/pilot:1.26.1@{DIGEST}", f"docker.io/istio/pilot@{DIGEST}"),
        ("bitnami/kubectl", "docker.io/bitnamisecure/kubectl:latest"),
    ],
)
def test_the_new_reference_has_the_tag_of_the_new_home(image: str, new: str) -> None:
    move = find_move(image)
    assert move
    assert move.new_reference == new
    assert new in describe_move(image)


def test_only_the_pipelines_of_three_releases_are_gone() -> None:
    gone = {name: list_gone(name) for name in releases.list_names()}
    assert {name for name, references in gone.items() if references} == {"1.7", "1.8", "1.9"}
    assert "gcr.io/ml-pipeline/api-server:2.0.5" in gone["1.8"]
    assert len(gone["1.9"]) == 9


def test_an_image_that_is_served_is_not_described_as_moved() -> None:
    assert describe_move("gcr.io/knative-releases/knative.dev/serving/cmd/queue:v1") == ""
    assert describe_move("nginx") == ""
