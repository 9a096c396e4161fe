"""lab/k8s/workload_blockers.py: workloads whose pods the API server rejects."""

from __future__ import annotations

import pytest

from lab.k8s.blockers import Blocker
from lab.k8s.objects import Object
from lab.k8s.workload_blockers import creation_blockers
from tests.fake_cluster import event_about, replica_set

QUOTA = 'pods "web-1" is forbidden: exceeded quota: pods, requested: pods=1, used: pods=5, limited: pods=5'


def make_workload(kind: str, **status: object) -> Object:
    metadata = {"name": "web", "namespace": "kubeflow", "uid": "uid-of-web"}
    return {"kind": kind, "metadata": metadata, "spec": {"replicas": 1}, "status": status}


def find(workload: Object, replica_sets: list[Object], events: list[Object]) -> list[Blocker]:
    return list(creation_blockers(workload, replica_sets, events))


def test_a_deployment_has_the_condition_of_its_replica_set() -> None:
    rejected = replica_set("web-1", "kubeflow", owner=("Deployment", "web"), pods=0, rejection=QUOTA)
    [blocker] = find(make_workload("Deployment"), [rejected], [])
    assert str(blocker) == (
        "Deployment kubeflow/web, creation of its pods: a ResourceQuota of the namespace is exhausted "
        f"(FailedCreate: {QUOTA})"
    )


def test_a_deployment_has_the_last_event_of_its_replica_set() -> None:
    lacking = replica_set("web-1", "kubeflow", owner=("Deployment", "web"), pods=0)
    events = [
        event_about(lacking, "FailedCreate", "Error creating: an older reason", 1),
        event_about(lacking, "FailedCreate", f"Error creating: {QUOTA}", 2),
    ]
    [blocker] = find(make_workload("Deployment"), [lacking], events)
    assert blocker.message == f"FailedCreate: Error creating: {QUOTA}"
    assert blocker.time == "2026-11-24T10:02:00Z"


@pytest.mark.parametrize("kind", ["StatefulSet", "Job"])
def test_other_controllers_have_events_only(kind: str) -> None:
    workload = make_workload(kind)
    [blocker] = find(workload, [], [event_about(workload, "FailedCreate", f"create Pod web-0 failed error: {QUOTA}")])
    assert blocker.kind == kind


def test_a_daemon_set_lacks_pods_on_some_nodes() -> None:
    workload = make_workload("DaemonSet", desiredNumberScheduled=2, currentNumberScheduled=1)
    assert find(workload, [], [event_about(workload, "FailedCreate", QUOTA)])


@pytest.mark.parametrize(
    ("workload", "replica_sets"),
    [
        (make_workload("StatefulSet", replicas=1), []),
        (make_workload("Job", active=1), []),
        (make_workload("Job", conditions=[{"type": "Complete", "status": "True"}]), []),
        (make_workload("DaemonSet", desiredNumberScheduled=1, currentNumberScheduled=1), []),
        (make_workload("Deployment"), [replica_set("web-1", "kubeflow", owner=("Deployment", "web"))]),
        (make_workload("Deployment"), [replica_set("x-1", "kubeflow", owner=("Deployment", "x"), rejection=QUOTA)]),
    ],
)
def test_a_workload_that_lacks_no_pods_has_no_blocker(workload: Object, replica_sets: list[Object]) -> None:
    events = [event_about(obj, "FailedCreate", QUOTA) for obj in (workload, *replica_sets)]
    assert find(workload, replica_sets, events) == []


def test_a_later_success_makes_a_rejection_obsolete() -> None:
    workload = make_workload("StatefulSet")
    events = [
        event_about(workload, "FailedCreate", QUOTA, 1),
        event_about(workload, "SuccessfulCreate", "create Pod web-0 in StatefulSet web successful", 2),
    ]
    assert find(workload, [], events) == []
