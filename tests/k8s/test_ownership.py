"""lab/k8s/ownership.py: the workloads that belong to an installation, and the workload of a pod."""

from __future__ import annotations

import pytest

from lab.k8s.objects import Object, ObjectRef
from lab.k8s.ownership import find_workload, list_owned
from tests.fake_cluster import owned_by, pod, replica_set

DASHBOARD = ObjectRef("Deployment", "centraldashboard", "kubeflow")
REPLICA_SET = replica_set("centraldashboard-7f88bc8758", "kubeflow", owner=("Deployment", "centraldashboard"))
REPLICA_SETS = {REPLICA_SET["metadata"]["uid"]: REPLICA_SET}


def find(obj: Object) -> ObjectRef:
    return find_workload(obj, REPLICA_SETS)


def test_a_pod_of_a_deployment_belongs_to_it_through_the_replica_set() -> None:
    dashboard = owned_by(pod("centraldashboard-7f88bc8758-x", namespace="kubeflow"), REPLICA_SET)
    assert find(dashboard) == DASHBOARD


def test_the_deployment_is_found_without_the_replica_set() -> None:
    """The watches of pods and of ReplicaSets do not agree at each moment."""
    dashboard = owned_by(pod("centraldashboard-7f88bc8758-x", namespace="kubeflow"), REPLICA_SET)
    dashboard["metadata"]["labels"] = {"pod-template-hash": "7f88bc8758"}
    assert find_workload(dashboard, {}) == DASHBOARD


@pytest.mark.parametrize("kind", ["StatefulSet", "DaemonSet", "Job", "ReplicaSet", "Workflow"])
def test_a_pod_of_another_controller_belongs_to_it(kind: str) -> None:
    controller = {"kind": kind, "metadata": {"name": "user-notebook", "uid": "1"}}
    assert find(owned_by(pod("user-notebook-0"), controller)) == ObjectRef(kind, "user-notebook", "default")


def test_a_pod_without_a_controller_is_its_own() -> None:
    assert find(pod("train-1", namespace="kubeflow")) == ObjectRef("Pod", "train-1", "kubeflow")


def test_owned_are_the_workloads_of_the_manifests_and_those_of_controllers() -> None:
    manifests = [
        {"kind": "Deployment", "metadata": {"name": "centraldashboard", "namespace": "kubeflow"}},
        {"kind": "Job", "metadata": {"name": "migration"}},
        {"kind": "Job", "metadata": {"generateName": "migration-"}},
        {"kind": "ConfigMap", "metadata": {"name": "web", "namespace": "kubeflow"}},
    ]
    assert list_owned(manifests, ["kubeflow-user/artifact"]) == {
        DASHBOARD,
        ObjectRef("Job", "migration", "default"),
        ObjectRef("Deployment", "artifact", "kubeflow-user"),
    }
