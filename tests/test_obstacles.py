"""lab/obstacles.py: what keeps a pod from becoming ready, in words, and what to do about it."""

from __future__ import annotations

import pytest

from lab.kube import Object
from lab.obstacles import CRASHES, KUBELET, Obstacle, of_pod, pending_claims
from tests.fake_cluster import claim, event_of, pod

NO_CLASS = 'storageclass.storage.k8s.io "nope" not found'
UNBOUND = "0/1 nodes are available: 1 pod has unbound immediate PersistentVolumeClaims."


def crashed(restarts: int, exit_status: int = 1) -> Object:
    """A pod whose container has just ended."""
    one = pod("lamp")
    ended = {"terminated": {"exitCode": exit_status, "reason": "Error"}}
    one["status"]["containerStatuses"] = [{"name": "main", "restartCount": restarts, "state": ended}]
    return one


def only(found: list[Obstacle]) -> Obstacle:
    """The one that was found."""
    [one] = found
    return one


# As a scheduler of Kubernetes 1.25 says it, and one of 1.24.
@pytest.mark.parametrize(
    ("message", "what", "remedy"),
    [
        ("0/1 nodes are available: 1 Insufficient cpu.", "no node has enough left", "8 CPUs and 16 GB"),
        ("0/2 nodes are available: 2 Insufficient memory.", "no node has enough left", "remove other pods"),
        ("1 node(s) didn't match Pod's node affinity/selector.", "labels", "kubectl label node"),
        ("1 node(s) had untolerated taint {disk: full}.", "taint", "kubectl taint node"),
        ("1 node(s) had taint {disk: full}, that the pod didn't tolerate.", "taint", "kubectl taint node"),
        ("1 node(s) were unschedulable.", "cordoned", "kubectl uncordon"),
        ("1 node(s) didn't find available persistent volumes to bind.", "PersistentVolume", "make a PersistentVolume"),
        ('persistentvolumeclaim "data" not found.', "its claim is not there", "make the PersistentVolumeClaim"),
        ("1 node(s) didn't have free ports for the requested pod ports.", "no node takes it", "kubectl describe nodes"),
    ],
)
def test_that_no_node_takes_a_pod_has_a_remedy_by_what_it_lacks(message: str, what: str, remedy: str) -> None:
    found = only(of_pod(pod("lamp", unschedulable=message), [], []))
    assert what in found.meaning.what
    assert remedy in found.meaning.remedy
    assert message in str(found)
    assert "pod default/lamp" in str(found)


def test_that_to_evict_others_does_not_help_is_left_out() -> None:
    message = "0/1 nodes are available: 1 Insufficient cpu."
    one = pod("lamp", unschedulable=f"{message} preemption: 0/1 nodes are available: 1 No preemption victims found.")
    assert only(of_pod(one, [], [])).said == f"Unschedulable: {message}"


def test_a_pod_that_lacks_two_things_has_both_told() -> None:
    message = "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint {disk: full}."
    assert len(of_pod(pod("lamp", unschedulable=message), [], [])) == 2


@pytest.mark.parametrize("reason", ["SchedulingGated", "SchedulerError"])
def test_a_pod_that_was_not_scheduled_for_another_reason_is_waited_for(reason: str) -> None:
    one = pod("lamp", unschedulable="not yet")
    one["status"]["conditions"][1]["reason"] = reason
    assert of_pod(one, [], []) == []


@pytest.mark.parametrize(
    ("reason", "message", "what", "remedy"),
    [
        ("ProvisioningFailed", NO_CLASS, "its StorageClass is not there", "kubectl get storageclass"),
        ("ProvisioningFailed", "rpc error: quota exceeded", "no volume can be made", "log of the StorageClass's"),
        ("FailedBinding", "no persistent volumes available and no storage class is set", "no StorageClass", "default"),
    ],
)
def test_a_claim_that_gets_no_volume_is_told_by_its_events(reason: str, message: str, what: str, remedy: str) -> None:
    data = claim("data")
    found = only(of_pod(pod("lamp", unschedulable=UNBOUND, claim="data"), [data], [event_of(data, reason, message)]))
    assert str(found).startswith("pod default/lamp, claim data: ")
    assert what in str(found)
    assert message in str(found)
    assert remedy in found.meaning.remedy


def test_a_claim_that_gets_no_volume_is_told_also_where_the_scheduler_says_nothing_while_it_waits_for_one() -> None:
    """With WaitForFirstConsumer, it has chosen a node, and waits for the volume there."""
    data = claim("data")
    events = [event_of(data, "ProvisioningFailed", "disk full")]
    assert "disk full" in str(only(of_pod(pod("lamp", claim="data"), [data], events)))


def test_what_is_said_between_two_tries_does_not_hide_the_failure() -> None:
    data = claim("data")
    events = [event_of(data, "ProvisioningFailed", "disk full", 1), event_of(data, "Provisioning", "trying again", 2)]
    lamp = pod("lamp", claim="data")
    assert "disk full" in str(only(of_pod(lamp, [data], events)))
    assert pending_claims(lamp, [data], events) == ["claim data is Pending (Provisioning: trying again)"]


@pytest.mark.parametrize("reason", ["WaitForFirstConsumer", "ExternalProvisioning", "Provisioning"])
def test_a_claim_that_waits_for_its_pod_or_for_a_provisioner_at_work_is_waited_for(reason: str) -> None:
    data = claim("data")
    for lamp in (pod("lamp", claim="data"), pod("lamp", claim="data", unschedulable=UNBOUND)):
        assert of_pod(lamp, [data], [event_of(data, reason, "waiting")]) == []


def test_a_claim_of_which_nothing_was_said_is_waited_for() -> None:
    lamp = pod("lamp", claim="data", unschedulable=UNBOUND)
    assert of_pod(lamp, [claim("data")], []) == []
    assert pending_claims(lamp, [claim("data")], []) == ["claim data is Pending (nothing was said of it yet)"]


@pytest.mark.parametrize(
    "other",
    [
        claim("data", phase="Bound"),
        claim("data", namespace="elsewhere"),
        claim("data-of-others"),
        claim("data", uid="2"),
    ],
)
def test_neither_a_bound_claim_nor_another_one_is_in_the_way(other: Object) -> None:
    failed = event_of(claim("data"), "ProvisioningFailed", "disk full")
    assert of_pod(pod("lamp", claim="data"), [other], [failed]) == []


def test_a_pod_on_a_node_has_its_volumes() -> None:
    data = claim("data")
    lamp = pod("lamp", claim="data")
    lamp["spec"]["nodeName"] = "node-1"
    assert of_pod(lamp, [data], [event_of(data, "ProvisioningFailed", "disk full")]) == []


def test_a_third_crash_is_a_loop_before_the_kubelet_says_so() -> None:
    found = only(of_pod(crashed(restarts=2), [], []))
    assert found.meaning is KUBELET[CRASHES]
    assert "exit status 1, after 2 restarts" in found.said


@pytest.mark.parametrize("one", [crashed(restarts=1), crashed(restarts=0), crashed(restarts=5, exit_status=0)])
def test_a_first_and_a_second_crash_are_none_and_an_end_is_no_crash(one: Object) -> None:
    assert of_pod(one, [], []) == []
