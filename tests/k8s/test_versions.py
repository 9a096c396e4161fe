"""lab/k8s/versions.py: comparing installed components with the release, and finding out what implements them."""

from __future__ import annotations

import pytest

from lab.config.source import StandIn
from lab.k8s.client import Kube
from lab.k8s.objects import Object
from lab.k8s.versions import ITSELF, NOTHING, Comparison, compare
from lab.releases import Component
from tests.fake_cluster import FakeCluster

LABEL = "app.kubernetes.io/version"
WEB = Component(name="Web", directory="apps/web", version="v1.7.0", workload="shop/web")
WEB_STAND_IN = StandIn(component="web", implemented_by="nginx", images=("docker.io/shop/web:v1.7.0-stand-in",))


def make_deployment(*images: str, labels: Object | None = None) -> Object:
    containers = [{"name": "main", "image": image} for image in images]
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop", "labels": labels or {}},
        "spec": {"template": {"spec": {"containers": containers}}},
    }


def test_version_is_the_tag_of_one_of_the_images(kube: Kube, cluster: FakeCluster) -> None:
    cluster.objects["Deployment"] = [make_deployment("shop/proxy:v0.8", "shop/web:v1.7.0")]
    assert compare(WEB, kube, []) == Comparison(
        component="Web",
        version="v1.7.0",
        compared="tag v1.7.0",
        seen="v0.8, v1.7.0",
        implemented_by=ITSELF,
        agrees=True,
    )


@pytest.mark.parametrize(
    "image",
    ["shop/web:v1.8.0", "shop/web:v1.8.0-stand-in", "shop/web", "shop/web@sha256:0123", "v1.7.0/web:x"],
)
def test_another_tag_does_not_agree(kube: Kube, cluster: FakeCluster, image: str) -> None:
    cluster.objects["Deployment"] = [make_deployment(image)]
    assert not compare(WEB, kube, []).agrees


@pytest.mark.parametrize(("tag", "agrees"), [("v1-5a5f92d", True), ("v1.7.0", False)])
def test_expected_tag_replaces_the_version(kube: Kube, cluster: FakeCluster, tag: str, agrees: bool) -> None:
    component = WEB.model_copy(update={"expected_tag": "v1-5a5f92d"})
    cluster.objects["Deployment"] = [make_deployment(f"shop/web:{tag}")]
    comparison = compare(component, kube, [])
    assert (comparison.version, comparison.seen, comparison.agrees) == ("v1.7.0", tag, agrees)
    assert comparison.compared == "tag v1-5a5f92d"


@pytest.mark.parametrize(
    ("labels", "seen"), [({LABEL: "v1.7.0"}, "v1.7.0"), ({LABEL: "1"}, "1"), ({"app": "v1.7.0"}, "no such label")]
)
def test_label_is_compared_if_images_have_only_digests(
    kube: Kube, cluster: FakeCluster, labels: Object, seen: str
) -> None:
    cluster.objects["Deployment"] = [make_deployment("shop/web@sha256:0123", labels=labels)]
    comparison = compare(WEB.model_copy(update={"label": LABEL}), kube, [])
    assert comparison.compared == f"label {LABEL} v1.7.0"
    assert (comparison.seen, comparison.agrees) == (seen, seen == "v1.7.0")


def test_stand_in_has_the_version_of_its_component(kube: Kube, cluster: FakeCluster) -> None:
    cluster.objects["Deployment"] = [make_deployment("shop/web:v1.7.0-stand-in")]
    comparison = compare(WEB, kube, [WEB_STAND_IN])
    assert (comparison.implemented_by, comparison.seen, comparison.agrees) == ("nginx", "v1.7.0-stand-in", True)
    assert str(comparison) == "Web: compared: tag v1.7.0; seen: v1.7.0-stand-in; implemented by: nginx"


def test_stand_in_for_another_image_does_not_count(kube: Kube, cluster: FakeCluster) -> None:
    cluster.objects["Deployment"] = [make_deployment("shop/web:v1.7.0", "shop/proxy:v0.8")]
    proxy = StandIn(component="proxy", implemented_by="haproxy", images=("docker.io/shop/proxy:v0.8",))
    assert compare(WEB, kube, [proxy]).implemented_by == ITSELF


def test_missing_component_does_not_agree(kube: Kube, cluster: FakeCluster) -> None:
    other = make_deployment("shop/web:v1.7.0")
    other["metadata"]["namespace"] = "archive"
    cluster.objects["Deployment"] = [other]
    comparison = compare(WEB, kube, [])
    assert (comparison.seen, comparison.implemented_by, comparison.agrees) == ("no such Deployment", NOTHING, False)


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet"])
def test_component_outside_the_release_must_have_no_image_in_the_cluster(
    kube: Kube, cluster: FakeCluster, kind: str
) -> None:
    component = Component(name="Web", directory="apps/web", version="v1.7.0", images="shop/web")
    cluster.objects[kind] = [make_deployment("shop/proxy:v0.8")]
    assert compare(component, kube, []).agrees
    assert compare(component, kube, []).implemented_by == NOTHING
    cluster.objects[kind].append(make_deployment("quay.io/shop/web:v1"))
    comparison = compare(component, kube, [])
    assert (comparison.seen, comparison.agrees) == ("quay.io/shop/web:v1", False)
