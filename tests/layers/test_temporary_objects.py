"""lab/layers/temporary_objects.py: what a killed run has left is found and deleted, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from lab.context import Lab
from lab.errors import LabError, PermissionDeniedError, WaitTimeoutError
from lab.k8s.client import Kube
from lab.k8s.objects import Object, ObjectRef
from lab.k8s.permissions import Permission
from lab.layers.temporary_objects import (
    KINDS,
    LABELS,
    PREFIX,
    RequestedResources,
    build_metadata,
    delete_leftovers,
    list_leftovers,
    list_objects,
    read_record,
    wait_until_deleted,
)
from lab.run.journal import Journal
from lab.run.state import LabState
from tests.conftest import MakeLab
from tests.fake_cluster import RESOURCE_VERSION, FakeCluster

OWNER = "kubeflow-user-example-com"
NAME = f"{PREFIX}1a2b3c4d"
PROBES = f"{PREFIX}probes-1a2b3c"


@pytest.fixture
def lab(cluster: FakeCluster, tmp_path: Path, make_lab: MakeLab) -> Lab:
    """An existing cluster, whose API server is that of this test."""
    kubeconfig = str(cluster.write_kubeconfig(tmp_path / "kubeconfig"))
    return make_lab(LabState(kind="existing", environment={"KUBECONFIG": kubeconfig}), lab="existing")


def make(kind: str, name: str, namespace: str = "", *, labels: dict[str, str] | None = None, **more: str) -> Object:
    """Return an object; by default with the label of the suite."""
    metadata = {"name": name, "uid": name, "resourceVersion": RESOURCE_VERSION, **more}
    place = {"namespace": namespace} if namespace else {}
    return {"kind": kind, "metadata": {**metadata, **place, "labels": LABELS if labels is None else labels}}


def test_leftovers_have_prefix_and_label(lab: Lab, cluster: FakeCluster) -> None:
    cluster.objects = {
        "Service": [
            make("Service", f"{PREFIX}probe-1", PROBES),
            make("Service", f"{PREFIX}other", "default", labels={}),
            make("Service", f"{PREFIX}other", "default", labels={"app.kubernetes.io/managed-by": "Helm"}),
            make("Service", "web", "default"),
            make("Service", f"{PREFIX}authservice-8082", "istio-system"),
        ],
        "Namespace": [make("Namespace", PROBES), make("Namespace", "kubeflow", labels={})],
        "PersistentVolumeClaim": [
            make("PersistentVolumeClaim", NAME, OWNER),
            make("PersistentVolumeClaim", NAME, OWNER, labels={}),
            make("PersistentVolumeClaim", "data", OWNER),
        ],
    }
    route, claim, service, namespace = list_leftovers(lab)
    assert claim == ObjectRef("PersistentVolumeClaim", NAME, OWNER)
    assert (service, namespace) == (
        ObjectRef("Service", f"{PREFIX}probe-1", PROBES),
        ObjectRef("Namespace", PROBES),
    )
    assert route == ObjectRef("Service", f"{PREFIX}authservice-8082", "istio-system")
    assert list_leftovers(lab, ("metallb",)) == [service, namespace]
    assert list_leftovers(lab, ("authservice", "resources")) == [route, claim]


def test_object_that_is_being_deleted_is_no_leftover(lab: Lab, cluster: FakeCluster) -> None:
    cluster.objects["Namespace"] = [make("Namespace", PROBES, deletionTimestamp="2026-11-27T10:00:00Z")]
    assert list_leftovers(lab) == []


def test_run_that_changes_nothing_does_not_ask_for_leftovers(
    cluster: FakeCluster, make_lab: MakeLab, tmp_path: Path
) -> None:
    lab = make_lab(LabState(kind="existing"), lab="existing", read_only=True)
    lab.__dict__["kube"] = Kube(cluster.write_kubeconfig(tmp_path / "kubeconfig"), lab.journal, read_only=True)
    assert list_leftovers(lab) == []
    assert cluster.requests == []


def test_resource_of_a_killed_run_is_found_before_it_has_the_label(lab: Lab, cluster: FakeCluster) -> None:
    """The run is killed after the web app has created the resource, and the volume of a notebook."""
    ref = RequestedResources(lab).add("Notebook", OWNER)
    assert ref.name.startswith(PREFIX)
    cluster.objects = {
        "Notebook": [make("Notebook", ref.name, OWNER, labels={}), make("Notebook", NAME, OWNER, labels={})],
        "PersistentVolumeClaim": [
            make("PersistentVolumeClaim", f"{ref.name}-workspace", OWNER, labels={}),
            make("PersistentVolumeClaim", f"{ref.name}5-workspace", OWNER, labels={}),
            make("PersistentVolumeClaim", f"{NAME}-workspace", OWNER, labels={}),
        ],
    }
    claim = ObjectRef("PersistentVolumeClaim", f"{ref.name}-workspace", OWNER)
    assert list_leftovers(lab) == [ref, claim]
    assert read_record(lab) == [ref.name]
    delete_leftovers(lab, list_leftovers(lab))
    assert read_record(lab) == []
    assert [path.rpartition("/")[2] for _, path, _ in cluster.changes] == [ref.name, claim.name]


def test_created_resource_and_its_volume_get_the_label_and_are_deleted(lab: Lab, cluster: FakeCluster) -> None:
    resources = RequestedResources(lab)
    ref = resources.add("Notebook", OWNER)
    cluster.objects = {
        "Notebook": [make("Notebook", ref.name, OWNER, labels={})],
        "PersistentVolumeClaim": [make("PersistentVolumeClaim", f"{ref.name}-volume", OWNER, labels={})],
    }
    resources.label(ref)
    assert [(method, path.rpartition("/")[2]) for method, path, _ in cluster.changes] == [
        ("PATCH", ref.name),
        ("PATCH", f"{ref.name}-volume"),
    ]
    assert all('"app.kubernetes.io/managed-by": "kubeflow-lab"' in body for _, _, body in cluster.changes)
    resources.delete()
    assert cluster.objects == {"Notebook": [], "PersistentVolumeClaim": []}
    assert read_record(lab) == []


def test_rejected_resource_is_neither_labeled_nor_an_error(lab: Lab, cluster: FakeCluster) -> None:
    resources = RequestedResources(lab)
    resources.label(resources.add("PersistentVolumeClaim", OWNER))
    resources.delete()
    assert cluster.changes == []


def test_services_are_deleted_before_their_namespace(lab: Lab, cluster: FakeCluster) -> None:
    cluster.objects = {
        "Namespace": [make("Namespace", PROBES)],
        "Service": [make("Service", f"{PREFIX}probe-1", PROBES)],
    }
    delete_leftovers(lab, list_leftovers(lab))
    assert [path.rpartition("/")[2] for _, path, _ in cluster.changes] == [f"{PREFIX}probe-1", PROBES]


def test_object_with_a_finalizer_is_named_when_the_time_is_up(
    kube: Kube, cluster: FakeCluster, journal: Journal
) -> None:
    service = make("Service", f"{PREFIX}probe-1", PROBES)
    service["metadata"]["finalizers"] = ["service.kubernetes.io/load-balancer-cleanup"]
    cluster.objects["Service"] = [service]
    with pytest.raises(WaitTimeoutError) as caught:
        wait_until_deleted(kube, [ObjectRef.from_object(service)], journal, timeout=0.1)
    assert "finalizers service.kubernetes.io/load-balancer-cleanup" in caught.value.seen
    assert f"`kubectl describe service -n {PROBES} {PREFIX}probe-1`" in caught.value.remedy


def test_user_who_may_not_list_a_kind_has_created_none(lab: Lab, cluster: FakeCluster) -> None:
    cluster.denied = {Permission("kubeflow.org", "notebooks", "list")}
    cluster.objects["Namespace"] = [make("Namespace", PROBES)]
    assert list_leftovers(lab) == [ObjectRef("Namespace", PROBES)]
    with pytest.raises(PermissionDeniedError, match=r"list notebooks\.kubeflow\.org"):
        list_objects(lab, "resources")


def test_every_kind_belongs_to_a_chapter_and_objects_have_the_prefix() -> None:
    assert {each.chapter for each in KINDS} == {"metallb", "authservice", "resources"}
    assert build_metadata(f"{PREFIX}probe", "web", key="value") == {
        "name": f"{PREFIX}probe",
        "namespace": "web",
        "labels": LABELS,
        "annotations": {"key": "value"},
    }


@pytest.mark.parametrize("change", ["apply", "delete", "set_labels"])
def test_client_that_may_only_read_changes_nothing(
    change: str, cluster: FakeCluster, tmp_path: Path, journal: Journal
) -> None:
    kube = Kube(cluster.write_kubeconfig(tmp_path / "kubeconfig"), journal, read_only=True)
    namespace = make("Namespace", PROBES)
    cluster.objects["Namespace"] = [namespace]
    ref = ObjectRef.from_object(namespace)
    changes: dict[str, Callable[[], object]] = {
        "apply": lambda: kube.apply({"apiVersion": "v1", **namespace}),
        "delete": lambda: kube.delete(ref),
        "set_labels": lambda: kube.set_labels(ref, LABELS),
    }
    with pytest.raises(LabError, match="with --read-only nothing is changed"):
        changes[change]()
    assert cluster.changes == []
