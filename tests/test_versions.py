"""lab/versions.py: what is compared to tell a component's version, and what sits in its seat."""

from __future__ import annotations

import pytest

from lab.kube import Kube
from lab.releases import Component
from lab.source import StandIn
from lab.versions import ITSELF, NOTHING, Comparison, compare
from tests.fake_cluster import FakeCluster, Object

LABEL = "app.kubernetes.io/version"
LAMP = Component(name="Lamp", folder="apps/lamp", version="v1.7.0", workload="lights/lamp")
CANDLE = StandIn(seat="lamps", taken_by="a candle", images=("docker.io/lights/lamp:v1.7.0-stand-in",))


def deployment(*images: str, labels: Object | None = None) -> Object:
    containers = [{"name": "one", "image": image} for image in images]
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "lamp", "namespace": "lights", "labels": labels or {}},
        "spec": {"template": {"spec": {"containers": containers}}},
    }


def test_the_tag_of_one_of_its_images_is_the_version(kube: Kube, cluster: FakeCluster) -> None:
    cluster.objects["Deployment"] = [deployment("lights/guard:v0.8", "lights/lamp:v1.7.0")]
    assert compare(LAMP, kube, []) == Comparison(
        component="Lamp",
        version="v1.7.0",
        compared="tag v1.7.0",
        seen="v0.8, v1.7.0",
        sits_there=ITSELF,
        agrees=True,
    )


@pytest.mark.parametrize(
    "image",
    ["lights/lamp:v1.8.0", "lights/lamp:v1.8.0-stand-in", "lights/lamp", "lights/lamp@sha256:0123", "v1.7.0/lamp:x"],
)
def test_another_tag_is_another_version(kube: Kube, cluster: FakeCluster, image: str) -> None:
    cluster.objects["Deployment"] = [deployment(image)]
    assert not compare(LAMP, kube, []).agrees


@pytest.mark.parametrize(("read", "agrees"), [("v1-5a5f92d", True), ("v1.7.0", False)])
def test_what_it_is_told_as_is_what_must_be_read(kube: Kube, cluster: FakeCluster, read: str, agrees: bool) -> None:
    told = LAMP.model_copy(update={"told_as": "v1-5a5f92d"})
    cluster.objects["Deployment"] = [deployment(f"lights/lamp:{read}")]
    comparison = compare(told, kube, [])
    assert (comparison.version, comparison.seen, comparison.agrees) == ("v1.7.0", read, agrees)
    assert comparison.compared == "tag v1-5a5f92d"


@pytest.mark.parametrize(
    ("labels", "seen"), [({LABEL: "v1.7.0"}, "v1.7.0"), ({LABEL: "1"}, "1"), ({"app": "v1.7.0"}, "no such label")]
)
def test_a_label_tells_it_where_images_are_named_by_digest(
    kube: Kube, cluster: FakeCluster, labels: Object, seen: str
) -> None:
    cluster.objects["Deployment"] = [deployment("lights/lamp@sha256:0123", labels=labels)]
    comparison = compare(LAMP.model_copy(update={"label": LABEL}), kube, [])
    assert comparison.compared == f"label {LABEL} v1.7.0"
    assert (comparison.seen, comparison.agrees) == (seen, seen == "v1.7.0")


def test_a_stand_in_is_named_and_the_version_of_its_seat_compared(kube: Kube, cluster: FakeCluster) -> None:
    cluster.objects["Deployment"] = [deployment("lights/lamp:v1.7.0-stand-in")]
    comparison = compare(LAMP, kube, [CANDLE])
    assert (comparison.sits_there, comparison.seen, comparison.agrees) == ("a candle", "v1.7.0-stand-in", True)
    assert str(comparison) == "Lamp: compared: tag v1.7.0; seen: v1.7.0-stand-in; sits there: a candle"


def test_a_stand_in_of_another_image_is_not_named(kube: Kube, cluster: FakeCluster) -> None:
    cluster.objects["Deployment"] = [deployment("lights/lamp:v1.7.0", "lights/guard:v0.8")]
    guard = StandIn(seat="guards", taken_by="a dog", images=("docker.io/lights/guard:v0.8",))
    assert compare(LAMP, kube, [guard]).sits_there == ITSELF


def test_a_component_that_is_not_there_has_no_version(kube: Kube, cluster: FakeCluster) -> None:
    elsewhere = deployment("lights/lamp:v1.7.0")
    elsewhere["metadata"]["namespace"] = "darkness"
    cluster.objects["Deployment"] = [elsewhere]
    comparison = compare(LAMP, kube, [])
    assert (comparison.seen, comparison.sits_there, comparison.agrees) == ("no such Deployment", NOTHING, False)


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet"])
def test_a_component_that_is_not_installed_has_no_image_in_the_cluster(
    kube: Kube, cluster: FakeCluster, kind: str
) -> None:
    left_out = Component(name="Lamp", folder="apps/lamp", version="v1.7.0", images="lights/lamp")
    cluster.objects[kind] = [deployment("lights/guard:v0.8")]
    assert compare(left_out, kube, []).agrees
    assert compare(left_out, kube, []).sits_there == NOTHING
    cluster.objects[kind].append(deployment("quay.io/lights/lamp:v1"))
    comparison = compare(left_out, kube, [])
    assert (comparison.seen, comparison.agrees) == ("quay.io/lights/lamp:v1", False)
