"""lab/layers/kustomize_build.py: the real kustomize sets the new homes of images, and changes nothing else."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from lab.config.loading import load
from lab.context import Lab
from lab.errors import LabError
from lab.k8s.documents import parse_documents
from lab.layers.kustomize_build import build_directory, replace_moved_images
from lab.layers.manifests import Copy
from tests.conftest import MakeLab
from tests.kit_programs import require_program

DIGEST = f"sha256:{'0' * 64}"
IMAGES = {
    "gcr.io/kubebuilder/kube-rbac-proxy:v0.8.0": "quay.io/brancz/kube-rbac-proxy:v0.8.0",
    "gcr.io/kubebuilder/kube-rbac-proxy:v0.13.1": "quay.io/brancz/kube-rbac-proxy:v0.13.1",
    "gcr.io/ml-pipeline/minio:2019-license-compliance": "docker.io/minio/minio:2019",
    f"gcr.io/istio-release/proxyv2@{DIGEST}": f"docker.io/istio/proxyv2@{DIGEST}",
    "bitnami/kubectl:1.30": "docker.io/bitnamisecure/kubectl:1.30",
    "gcr.io/ml-pipeline/api-server:2.0.5": "gcr.io/ml-pipeline/api-server:2.0.5",
    "nginx:1.27": "nginx:1.27",
}


def make_objects(images: list[str]) -> list[dict[str, Any]]:
    """Return objects in an order that kustomize would change, with texts that look like images."""
    containers = [{"name": f"web-{number}", "image": image} for number, image in enumerate(images)]
    template = {
        "metadata": {"labels": {"app": "web"}},
        "spec": {"initContainers": containers[:1], "containers": containers},
    }
    metadata = {"name": "web", "namespace": "web"}
    return [
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": {"template": template}},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"image": images[0], "on": "yes\n"}},
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "web"}},
    ]


@pytest.fixture
def lab(make_lab: MakeLab, programs: Path) -> Lab:
    """A lab on the user's Docker that uses moved images; its kustomize is the kit's."""
    (programs / "kustomize").symlink_to(require_program("kustomize"))
    return make_lab(lab="k3d", use_moved_images=True)


def test_images_have_their_new_homes_and_nothing_else_is_changed(lab: Lab) -> None:
    objects = make_objects(list(IMAGES))
    expected = copy.deepcopy(objects)
    spec = expected[0]["spec"]["template"]["spec"]
    for field in ("initContainers", "containers"):
        spec[field] = [{**container, "image": IMAGES[container["image"]]} for container in spec[field]]
    result = parse_documents(replace_moved_images(lab, yaml.safe_dump_all(objects)))
    assert list(result) == expected
    assert list(lab.home.iterdir()) == []


def test_each_replacement_is_noted_for_the_report(lab: Lab) -> None:
    replace_moved_images(lab, yaml.safe_dump_all(make_objects(list(IMAGES))))
    assert len(lab.progress.notes) == 5
    assert (
        "--use-moved-images: gcr.io/kubebuilder/kube-rbac-proxy:v0.8.0 is installed as "
        "quay.io/brancz/kube-rbac-proxy:v0.8.0" in lab.progress.notes
    )


def test_manifests_without_moved_images_stay_as_they_are(lab: Lab) -> None:
    manifests = yaml.safe_dump_all(make_objects(["nginx:1.27"]))
    assert replace_moved_images(lab, manifests) == manifests
    assert lab.progress.notes == []


def test_two_tags_that_need_different_new_ones_are_an_error(lab: Lab) -> None:
    images = ["gcr.io/ml-pipeline/minio:1-license-compliance", "gcr.io/ml-pipeline/minio:2-license-compliance"]
    with pytest.raises(LabError, match=r"cannot replace gcr\.io/ml-pipeline/minio"):
        replace_moved_images(lab, yaml.safe_dump_all(make_objects(images)))


@pytest.mark.parametrize("use_moved_images", [True, False])
def test_only_the_build_is_changed_and_only_with_the_setting(
    make_lab: MakeLab, lab: Lab, tmp_path: Path, use_moved_images: bool
) -> None:
    tree = tmp_path / "tree"
    (tree / "example").mkdir(parents=True)
    (tree / "example/kustomization.yaml").write_text("resources: [web.yaml]")
    (tree / "example/web.yaml").write_text(yaml.safe_dump_all(make_objects(list(IMAGES))))
    lab = make_lab(lab="k3d", use_moved_images=use_moved_images)
    manifests = Copy(lab, tree)
    manifests.install()
    built = build_directory(lab, manifests, "example")
    assert ("image: quay.io/brancz/kube-rbac-proxy:v0.8.0" in built) == use_moved_images
    assert manifests.problem() is None


def test_an_embedded_lab_cannot_use_moved_images() -> None:
    with pytest.raises(LabError, match="the settings are invalid") as caught:
        load({"use_moved_images": True})
    assert "--use-moved-images" in caught.value.seen
    assert "an embedded lab has images of its own" in caught.value.seen
    assert load({"use_moved_images": True, "lab": "k3d"}).use_moved_images
    assert load({"use_moved_images": True, "lab": "existing"}).use_moved_images
