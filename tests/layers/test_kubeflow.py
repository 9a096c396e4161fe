"""lab/layers/kubeflow.py: missing objects, stopped workloads, leftovers, and the order of images."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from lab.config.settings import TUTORIAL_NAMESPACE as PROFILE
from lab.errors import PermissionDeniedError
from lab.k8s.client import Kube
from lab.k8s.missing_objects import describe_object, find_missing_objects, find_stopped_workloads
from lab.k8s.objects import Object
from lab.k8s.permissions import Permission
from lab.layers.kubeflow import (
    PIPELINES_CONTROLLER,
    Kubeflow,
)
from lab.layers.kubeflow_images import list_images_in_order
from lab.layers.kubeflow_readiness import KubeflowReadiness
from lab.layers.manifests import for_lab
from lab.releases import Component
from lab.run.state import LabState
from tests.conftest import MakeLab, WriteProgram
from tests.fake_cluster import FakeCluster, pod


def make_object(kind: str, name: str, namespace: str = "", api_version: str = "v1") -> Object:
    """Return an object as a manifest contains it."""
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata}


def make_workload(name: str, replicas: int | None, kind: str = "Deployment") -> Object:
    """Return a workload; its manifest does not set the number of replicas if it is None."""
    spec = {} if replicas is None else {"replicas": replicas}
    return {**make_object(kind, name, "kubeflow", "apps/v1"), "spec": spec}


@pytest.fixture(autouse=True)
def _objects(cluster: FakeCluster) -> None:
    """A pod in the default namespace, a pod in another namespace, and a node."""
    cluster.objects["Pod"] = [pod("nginx"), pod("database", namespace="kubeflow")]
    cluster.objects["Node"] = [{"metadata": {"name": "node-1"}}]


@pytest.mark.parametrize(
    "obj",
    [
        make_object("Pod", "nginx"),
        make_object("Pod", "nginx", "default"),
        make_object("Pod", "database", "kubeflow"),
        make_object("Node", "node-1"),
        make_object("Node", "node-1", "kubeflow"),  # kustomize adds a namespace to a kind that it does not know
    ],
)
def test_an_existing_object_is_not_missing(obj: Object, kube: Kube) -> None:
    assert list(find_missing_objects([obj], kube, print)) == []


def test_a_missing_object_is_named_with_kind_and_namespace(kube: Kube) -> None:
    objects = [
        make_object("Pod", "database"),
        make_object("Pod", "nginx", "kubeflow"),
        make_object("Node", "node-2"),
        make_object("Profile", "user", api_version="kubeflow.org/v1"),
    ]
    assert [describe_object(obj) for obj in find_missing_objects(objects, kube, print)] == [
        "Pod/database",
        "Pod/nginx kubeflow",
        "Node/node-2",
        "Profile/user",
    ]


def test_a_workload_without_replicas_is_stopped_unless_the_manifests_say_so(kube: Kube, cluster: FakeCluster) -> None:
    cluster.objects["Deployment"] = [
        make_workload("dex", 0),
        make_workload("adapter", 0),
        make_workload("unknown", 0),
        make_workload("web", 1),
    ]
    cluster.objects["StatefulSet"] = [make_workload("authservice", 0, "StatefulSet")]
    manifests = [
        make_workload("dex", 2),
        make_workload("adapter", 0),
        make_workload("web", 2),
        make_workload("authservice", None, "StatefulSet"),
    ]
    assert find_stopped_workloads(manifests, kube) == [
        "Deployment kubeflow/dex is set to 0 replicas, in the manifests to 2",
        "StatefulSet kubeflow/authservice is set to 0 replicas, in the manifests to 1",
    ]


def test_secrets_that_the_user_may_not_list_are_left_out_with_a_note(kube: Kube, cluster: FakeCluster) -> None:
    cluster.denied = {Permission("", "secrets", "list")}
    notes: list[str] = []
    assert list(find_missing_objects([make_object("Secret", "token", "auth")], kube, notes.append)) == []
    [note] = notes
    assert note.endswith("lacks a permission of the cluster: list secrets")
    cluster.denied = {Permission("", "configmaps", "list")}
    with pytest.raises(PermissionDeniedError, match="list configmaps"):
        list(find_missing_objects([make_object("ConfigMap", "dex", "auth")], kube, notes.append))


def test_images_of_workloads_that_are_applied_first_are_listed_first() -> None:
    def make_deployment(namespace: str, name: str, image: str) -> Object:
        spec = {"template": {"spec": {"containers": [{"image": image}]}}}
        return {**make_object("Deployment", name, namespace, "apps/v1"), "spec": spec}

    example = yaml.safe_dump_all(
        [
            make_deployment("auth", "dex", "docker.io/library/a:1"),
            make_deployment("istio-system", "istiod", "docker.io/library/z:1"),
        ]
    )
    assert list_images_in_order(example) == ["docker.io/library/z:1", "docker.io/library/a:1"]


@pytest.fixture
def trimmed(make_lab: MakeLab, tmp_path: Path) -> Callable[..., Kubeflow]:
    """A function that returns Kubeflow with some workloads, from manifests that a user gave."""

    def build(*names: str) -> Kubeflow:
        profile = make_object("Profile", PROFILE, api_version="kubeflow.org/v1")
        profile["spec"] = {"owner": {"kind": "User", "name": "user@example.com"}}
        lab = make_lab(manifests=str(tmp_path))
        return Kubeflow(lab, for_lab(lab), yaml.safe_dump_all([profile, *(make_workload(name, 1) for name in names)]))

    return build


OMITTED = "the given manifests do not contain a part"


def test_parts_that_given_manifests_lack_are_omitted(trimmed: Callable[..., Kubeflow]) -> None:
    kubeflow = trimmed("centraldashboard")
    assert kubeflow.describe_omission("a part", "kubeflow") == ""
    assert kubeflow.describe_omission("a part", "kubeflow", "centraldashboard") == ""
    assert kubeflow.describe_omission("a part", "kubeflow", "katib-controller") == OMITTED
    assert kubeflow.describe_omission("a part", "knative-eventing") == OMITTED
    assert kubeflow.describe_omission("a part", PROFILE) == ""


def test_given_manifests_without_pipelines_create_no_workloads_for_a_profile(
    trimmed: Callable[..., Kubeflow],
) -> None:
    without, complete = trimmed("centraldashboard"), trimmed(PIPELINES_CONTROLLER.name)
    assert without.created_by_controllers == []
    assert without.describe_omission("a part", PROFILE, "ml-pipeline-ui-artifact") == OMITTED
    assert f"{PROFILE}/ml-pipeline-ui-artifact" in complete.created_by_controllers
    assert complete.describe_omission("a part", PROFILE, "ml-pipeline-ui-artifact") == ""


def test_the_manifests_of_the_release_omit_nothing(make_lab: MakeLab) -> None:
    lab = make_lab()
    assert Kubeflow(lab, for_lab(lab), "").describe_omission("a part", "knative-eventing") == ""


@pytest.mark.parametrize(("tag", "is_stand_in"), [("v0.15.0", False), ("v0.15.0-stand-in", True)])
def test_stand_in_is_recognized_by_the_tag_of_its_image(
    make_lab: MakeLab, cluster: FakeCluster, tmp_path: Path, tag: str, is_stand_in: bool
) -> None:
    kubeconfig = cluster.write_kubeconfig(tmp_path / "kubeconfig")
    lab = make_lab(LabState(kind="existing", environment={"KUBECONFIG": str(kubeconfig)}), lab="existing")
    container = {"name": "ui", "image": f"docker.io/kubeflowkatib/katib-ui:{tag}"}
    cluster.objects["Deployment"] = [
        {**make_object("Deployment", "katib", "kubeflow"), "spec": {"template": {"spec": {"containers": [container]}}}}
    ]
    component = Component(name="Katib", directory="apps/katib", version="v0.15.0", workload="kubeflow/katib")
    assert Kubeflow(lab, for_lab(lab), "").is_stand_in(component) is is_stand_in


def test_objects_and_rounds_of_an_installation_are_counted(
    make_lab: MakeLab, cluster: FakeCluster, write_program: WriteProgram, tmp_path: Path
) -> None:
    kubeconfig = cluster.write_kubeconfig(tmp_path / "kubeconfig")
    lab = make_lab(LabState(kind="k3d", environment={"KUBECONFIG": str(kubeconfig)}), lab="k3d")
    write_program("kubectl", "cat > /dev/null; echo 'configmap/dex created'; echo 'configmap/web created'")
    manifests = yaml.safe_dump_all([make_object("ConfigMap", name, "auth") for name in ("dex", "web")])
    kubeflow = Kubeflow(lab, for_lab(lab), manifests)
    assert kubeflow.counts == {}
    kubeflow.install()
    assert kubeflow.counts == {"objects": 2, "accepted objects": 2, "rounds": 1}


def test_pods_that_must_be_ready_are_counted(make_lab: MakeLab, cluster: FakeCluster, tmp_path: Path) -> None:
    kubeconfig = cluster.write_kubeconfig(tmp_path / "kubeconfig")
    lab = make_lab(LabState(kind="k3d", environment={"KUBECONFIG": str(kubeconfig)}), lab="k3d")
    owned = [make_object("Pod", name, "auth") for name in ("dex", "web")]
    profile = make_object("Profile", PROFILE, api_version="kubeflow.org/v1")
    profile["spec"] = {"owner": {"kind": "User", "name": "user@example.com"}}
    cluster.objects["Pod"] = [
        pod("dex", namespace="auth", ready=True),
        pod("web", namespace="auth"),
        pod("notebook", namespace="auth"),
    ]
    kubeflow = Kubeflow(lab, for_lab(lab), yaml.safe_dump_all([profile, *owned]))
    assert KubeflowReadiness(kubeflow).counts == {"pods": 2, "ready pods": 1}
