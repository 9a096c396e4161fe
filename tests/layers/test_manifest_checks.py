"""lab/layers/manifest_checks.py: manifests that no lab can run are reported as soon as they are built."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lab.context import Lab
from lab.errors import KnownFailureId, LabError
from lab.k8s.images import is_reference
from lab.k8s.objects import Object
from lab.layers.example import build_example
from lab.layers.manifest_checks import check_host_ports, check_image_references, check_objects
from lab.layers.manifests import Copy
from tests.conftest import MakeLab
from tests.kit_programs import require_program
from tests.remote_bases import write

DIGEST = f"sha256:{'0123456789abcdef' * 4}"


def make_workload(name: str, *containers: Object, kind: str = "Deployment", replicas: int = 1, **spec: Any) -> Object:
    """Return a workload with containers."""
    template = {"spec": {"containers": list(containers), **spec}}
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": "web"},
        "spec": {"replicas": replicas, "template": template},
    }


@pytest.mark.parametrize(
    "image",
    [
        "nginx",
        "nginx:1.25",
        "library/nginx",
        "registry.example.org/team/web-app__x:v1.0-rc.1",
        "localhost:5000/web",
        "localhost/web:v1",
        "node-1:5000/web",
        f"quay.io/team/web@{DIGEST}",
        f"quay.io/team/web:v1@{DIGEST}",
        "[::1]:5000/web",
    ],
)
def test_image_references_are_accepted(image: str) -> None:
    assert is_reference(image)


@pytest.mark.parametrize(
    "image",
    [
        "",
        "Web:v1",
        "web:v1:v2",
        "web:",
        "web/",
        "/web",
        "web v1",
        "https://quay.io/web",
        "$(IMAGE)",
        "web@sha256:12",
        "a//b",
    ],
)
def test_other_texts_are_reported(image: str) -> None:
    container = {"name": "main", "image": image}
    with pytest.raises(LabError, match="no image references") as caught:
        check_image_references([make_workload("nginx", container)])
    assert caught.value.seen == f"Deployment web/nginx, container main: {image!r}"


def test_a_container_without_an_image_is_reported() -> None:
    with pytest.raises(LabError, match="no image references"):
        check_image_references([make_workload("nginx", {"name": "main"})])


def test_two_pods_with_the_same_port_of_the_node_are_reported() -> None:
    proxy = {"name": "main", "image": "nginx", "ports": [{"containerPort": 8080, "hostPort": 80}]}
    agent = {"name": "main", "image": "nginx", "ports": [{"containerPort": 80}]}
    check_host_ports([make_workload("a", proxy), make_workload("b", agent), make_workload("c", proxy, replicas=0)])
    with pytest.raises(LabError, match="need the same port of the node") as caught:
        check_host_ports([make_workload("a", proxy), make_workload("b", agent, kind="DaemonSet", hostNetwork=True)])
    assert caught.value.seen == "TCP port 80: Deployment web/a and DaemonSet web/b"
    with pytest.raises(LabError, match="need the same port of the node"):
        check_host_ports([make_workload("a", proxy, replicas=2)])


def test_kinds_that_the_lab_lacks_are_reported_with_their_history(make_lab: MakeLab) -> None:
    def with_node(image: str) -> Lab:
        return Lab.from_context(lab, lab.state, source=lab.source.model_copy(update={"k3s_image": image}))

    lab = make_lab(lab="k3d")
    objects = [{"apiVersion": "batch/v1beta1", "kind": "CronJob", "metadata": {"name": "nightly"}}]
    check_objects(objects, with_node("docker.io/rancher/k3s:latest"))
    with pytest.raises(LabError) as caught:
        check_objects(objects, with_node("docker.io/rancher/k3s:v1.25.4-k3s1"))
    assert "Kubernetes 1.25.4 does not serve all kinds of objects" in caught.value.headline
    assert caught.value.seen == (
        "this Kubernetes does not serve CronJob in batch/v1beta1; Kubernetes 1.25 was the first without it (1 object)"
    )
    assert caught.value.known_failure == KnownFailureId.KUBERNETES_TOO_NEW


def test_the_build_checks_its_objects(make_lab: MakeLab, programs: Path, tmp_path: Path) -> None:
    (programs / "kustomize").symlink_to(require_program("kustomize"))
    pod = "{apiVersion: v1, kind: Pod, metadata: {name: nginx}, spec: {containers: [{name: main, image: 'No Image'}]}}"
    tree = write(tmp_path / "tree", {"example/kustomization.yaml": "resources: [pod.yaml]", "example/pod.yaml": pod})
    for options in ({"lab": "k3d"}, {"lab": "existing"}):
        lab = make_lab(**options)
        manifests = Copy(lab, tree)
        manifests.install()
        if lab.settings.installs:
            with pytest.raises(LabError, match="no image references") as caught:
                build_example(manifests, lab)
            assert caught.value.layer == "manifests build"
        else:
            assert "No Image" in build_example(manifests, lab)
