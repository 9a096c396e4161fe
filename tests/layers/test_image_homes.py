"""lab/layers/image_homes.py: images that have left their registries, with a server as the mirror that the node asks."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from pytest_httpserver import HTTPServer

from lab.context import Lab
from lab.errors import LabError
from lab.layers import table
from lab.layers.base import Ledger
from lab.layers.image_homes import check_image_homes, is_checked, needs_network
from lab.layers.runner import Installation
from tests.conftest import MakeLab, WriteProgram
from tests.kit_programs import require_program
from tests.mirror_source import UNREACHABLE, serve_image, url_of, write_source

GONE, MOVED = "gcr.io/ml-pipeline/api-server:2.0.5", "gcr.io/kubebuilder/kube-rbac-proxy:v0.8.0"
LEAVING, SERVED = "gcr.io/istio-release/pilot:1.26.1", "gcr.io/knative-releases/knative.dev/serving/cmd/webhook:v1"
NEW_HOME = "quay.io/brancz/kube-rbac-proxy:v0.8.0"
OpenLab = Callable[..., Lab]


@pytest.fixture
def open_lab(make_lab: MakeLab, registry: HTTPServer, write_program: WriteProgram, tmp_path: Path) -> OpenLab:
    """A function that returns a lab on the user's Docker, whose mirror of gcr.io has some images.

    The program docker is a stand-in, and answers for the node: it has no images, unless a test says otherwise.
    """

    def open_(*images: str, on_node: tuple[str, ...] = (), url: str = "") -> Lab:
        for reference in images:
            serve_image(registry, reference)
        answer = json.dumps({"images": [{"id": "sha256:0", "repoTags": list(on_node), "repoDigests": None}]})
        write_program("docker", f"echo '{answer}'" if on_node else "echo 'No such container' >&2; exit 1")
        source = write_source(tmp_path / "source.toml", url or url_of(registry), "gcr.io")
        return make_lab(lab="k3d", source=str(source))

    return open_


def make_example(*images: str) -> str:
    """Return a Deployment with containers of these images."""
    containers = [{"name": f"web-{number}", "image": image} for number, image in enumerate(images)]
    spec = {"template": {"spec": {"containers": containers}}}
    return yaml.safe_dump({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec})


def test_an_image_that_has_moved_is_noted_with_its_new_home(open_lab: OpenLab) -> None:
    lab = open_lab()
    check_image_homes(make_example(MOVED, SERVED, "nginx"), lab)
    [note] = lab.progress.notes
    assert note.startswith(f"{MOVED} has left its registry: the image has moved: {NEW_HOME}")


def test_an_image_that_will_leave_its_registry_is_noted(open_lab: OpenLab) -> None:
    lab = open_lab(LEAVING)
    check_image_homes(make_example(LEAVING), lab)
    [note] = lab.progress.notes
    assert note.startswith(f"{LEAVING} will leave its registry: the image is moving: docker.io/istio/pilot:1.26.1")


def test_images_that_are_served_nevertheless_are_noted_together(open_lab: OpenLab) -> None:
    lab = open_lab(MOVED, GONE)
    check_image_homes(make_example(MOVED, GONE), lab)
    [note] = lab.progress.notes
    assert note.endswith(f"are served to the node: {MOVED}, {GONE}") or note.endswith(f": {GONE}, {MOVED}")


def test_an_image_that_is_gone_is_an_error(open_lab: OpenLab) -> None:
    lab = open_lab()
    with pytest.raises(LabError) as caught:
        check_image_homes(make_example(MOVED, GONE), lab)
    assert "cannot be installed from the internet any more; nothing was applied" in caught.value.headline
    assert caught.value.seen.startswith(f"{GONE}: ")
    assert len(caught.value.seen.splitlines()) == 1
    assert "kubeflow/pipelines#12422" in caught.value.remedy
    assert len(lab.progress.notes) == 2


def test_an_image_that_is_gone_and_on_the_node_is_only_noted(open_lab: OpenLab) -> None:
    lab = open_lab(on_node=(GONE,))
    check_image_homes(make_example(GONE), lab)
    [note] = lab.progress.notes
    assert note.startswith(f"{GONE} has left its registry: no registry has the old tags")


def test_a_registry_that_does_not_answer_is_no_proof(open_lab: OpenLab) -> None:
    lab = open_lab(url=UNREACHABLE)
    check_image_homes(make_example(GONE), lab)
    assert len(lab.progress.notes) == 1


def test_other_images_are_not_asked_for(open_lab: OpenLab, registry: HTTPServer) -> None:
    check_image_homes(make_example("nginx", SERVED), open_lab())
    assert registry.log == []


def test_only_a_lab_on_the_users_docker_is_checked(make_lab: MakeLab) -> None:
    assert is_checked(make_lab(lab="k3d"))
    assert not is_checked(make_lab(lab="k3d", verify_only=True))
    assert not is_checked(make_lab(lab="embedded"))
    assert not is_checked(make_lab(lab="existing"))
    specs = {
        kind: [spec.name for spec in table.TABLE if spec.applies(make_lab(lab=kind))] for kind in ("embedded", "k3d")
    }
    assert set(specs["k3d"]) - set(specs["embedded"]) == {"image homes"}


def test_mirrors_at_the_gateway_are_asked_when_the_network_exists(open_lab: OpenLab) -> None:
    assert needs_network(open_lab(url="http://{gateway}:5000"))
    assert not needs_network(open_lab())


def test_images_of_given_manifests_that_are_gone_end_the_run_before_the_network_is_created(
    open_lab: OpenLab, make_lab: MakeLab, tmp_path: Path
) -> None:
    source, tree = open_lab().settings.source, tmp_path / "tree"
    (tree / "example").mkdir(parents=True)
    (tree / "example/kustomization.yaml").write_text("resources: [web.yaml]")
    (tree / "example/web.yaml").write_text(make_example(GONE))
    lab = make_lab(lab="k3d", source=str(source), manifests=str(tree))
    (Path(lab.shell.environment["PATH"].partition(":")[0]) / "kustomize").symlink_to(require_program("kustomize"))
    installation = Installation(lab, table.TABLE, ("network", "kubeflow"), Ledger())
    try:
        with pytest.raises(LabError, match="cannot be installed from the internet any more"):
            installation.get(table.NETWORK)
    finally:
        installation.close()
