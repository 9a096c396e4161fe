"""lab/k8s/blockers.py: the reasons why a pod does not become ready, and their remedies."""

from __future__ import annotations

import pytest

from lab.k8s.blockers import CRASHES, KUBELET, Blocker, describe_pending_claims, pod_blockers
from lab.k8s.objects import Object
from tests.fake_cluster import claim, claim_event, event_about, pod

NO_CLASS = 'storageclass.storage.k8s.io "nope" not found'
UNBOUND = "0/1 nodes are available: 1 pod has unbound immediate PersistentVolumeClaims."


def make_crashed_pod(restarts: int, exit_status: int = 1) -> Object:
    """Return a pod whose container has just ended."""
    crashed = pod("web")
    state = {"terminated": {"exitCode": exit_status, "reason": "Error"}}
    crashed["status"]["containerStatuses"] = [{"name": "main", "restartCount": restarts, "state": state}]
    return crashed


def get_only(blockers: list[Blocker]) -> Blocker:
    """Return the only blocker of a list."""
    [blocker] = blockers
    return blocker


# Messages of the schedulers of Kubernetes 1.25 and 1.24.
@pytest.mark.parametrize(
    ("message", "summary", "remedy"),
    [
        ("0/1 nodes are available: 1 Insufficient cpu.", "no node has enough free", "8 CPUs and 16 GB"),
        ("0/2 nodes are available: 2 Insufficient memory.", "no node has enough free", "remove other pods"),
        ("1 node(s) didn't match Pod's node affinity/selector.", "labels", "kubectl label node"),
        ("1 node(s) had untolerated taint {disk: full}.", "taint", "kubectl taint node"),
        ("1 node(s) had taint {disk: full}, that the pod didn't tolerate.", "taint", "kubectl taint node"),
        ("1 node(s) were unschedulable.", "cordoned", "kubectl uncordon"),
        (
            "1 node(s) didn't find available persistent volumes to bind.",
            "PersistentVolume",
            "matching PersistentVolume",
        ),
        ('persistentvolumeclaim "data" not found.', "its claim does not exist", "create the PersistentVolumeClaim"),
        ("1 node(s) didn't have free ports for the requested pod ports.", "it fits no node", "kubectl describe nodes"),
    ],
)
def test_unschedulable_pod_has_a_remedy_for_each_requirement(message: str, summary: str, remedy: str) -> None:
    blocker = get_only(pod_blockers(pod("web", unschedulable=message), [], []))
    assert summary in blocker.explanation.summary
    assert remedy in blocker.explanation.remedy
    assert message in str(blocker)
    assert "pod default/web" in str(blocker)


def test_message_about_preemption_is_removed() -> None:
    message = "0/1 nodes are available: 1 Insufficient cpu."
    preemption = "preemption: 0/1 nodes are available: 1 No preemption victims found."
    unschedulable = pod("web", unschedulable=f"{message} {preemption}")
    assert get_only(pod_blockers(unschedulable, [], [])).message == f"Unschedulable: {message}"


def test_two_unfulfilled_requirements_are_two_blockers() -> None:
    message = "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint {disk: full}."
    assert len(pod_blockers(pod("web", unschedulable=message), [], [])) == 2


@pytest.mark.parametrize("reason", ["SchedulingGated", "SchedulerError"])
def test_pod_unscheduled_for_another_reason_has_no_blocker(reason: str) -> None:
    unscheduled = pod("web", unschedulable="not yet")
    unscheduled["status"]["conditions"][1]["reason"] = reason
    assert pod_blockers(unscheduled, [], []) == []


@pytest.mark.parametrize(
    ("reason", "message", "summary", "remedy"),
    [
        ("ProvisioningFailed", NO_CLASS, "its StorageClass does not exist", "kubectl get storageclass"),
        ("ProvisioningFailed", "rpc error: quota exceeded", "could not be provisioned", "log of the StorageClass's"),
        (
            "FailedBinding",
            "no persistent volumes available and no storage class is set",
            "no default StorageClass",
            "mark a StorageClass as default",
        ),
    ],
)
def test_claim_without_volume_is_explained_by_its_event(reason: str, message: str, summary: str, remedy: str) -> None:
    data = claim("data")
    web = pod("web", unschedulable=UNBOUND, claim="data")
    blocker = get_only(pod_blockers(web, [data], [claim_event(data, reason, message)]))
    assert str(blocker).startswith("pod default/web, claim data: ")
    assert summary in str(blocker)
    assert message in str(blocker)
    assert remedy in blocker.explanation.remedy


def test_claim_is_a_blocker_without_a_message_of_the_scheduler() -> None:
    """With WaitForFirstConsumer, the scheduler has selected a node, and waits for the volume without a message."""
    data = claim("data")
    events = [claim_event(data, "ProvisioningFailed", "disk full")]
    assert "disk full" in str(get_only(pod_blockers(pod("web", claim="data"), [data], events)))


def test_newer_event_about_an_attempt_does_not_hide_the_failure() -> None:
    data = claim("data")
    events = [
        claim_event(data, "ProvisioningFailed", "disk full", 1),
        claim_event(data, "Provisioning", "trying again", 2),
    ]
    web = pod("web", claim="data")
    assert "disk full" in str(get_only(pod_blockers(web, [data], events)))
    assert describe_pending_claims(web, [data], events) == ["claim data is Pending (Provisioning: trying again)"]


@pytest.mark.parametrize("reason", ["WaitForFirstConsumer", "ExternalProvisioning", "Provisioning"])
def test_claim_that_waits_for_pod_or_provisioner_is_no_blocker(reason: str) -> None:
    data = claim("data")
    for web in (pod("web", claim="data"), pod("web", claim="data", unschedulable=UNBOUND)):
        assert pod_blockers(web, [data], [claim_event(data, reason, "waiting")]) == []


def test_claim_without_events_is_no_blocker() -> None:
    web = pod("web", claim="data", unschedulable=UNBOUND)
    assert pod_blockers(web, [claim("data")], []) == []
    assert describe_pending_claims(web, [claim("data")], []) == ["claim data is Pending (no event about it yet)"]


@pytest.mark.parametrize(
    "other",
    [
        claim("data", phase="Bound"),
        claim("data", namespace="kubeflow"),
        claim("other-data"),
        claim("data", uid="2"),
    ],
)
def test_bound_claims_and_other_claims_are_no_blockers(other: Object) -> None:
    failed = claim_event(claim("data"), "ProvisioningFailed", "disk full")
    assert pod_blockers(pod("web", claim="data"), [other], [failed]) == []


def test_claims_of_a_scheduled_pod_are_no_blockers() -> None:
    data = claim("data")
    web = pod("web", claim="data")
    web["spec"]["nodeName"] = "node-1"
    assert pod_blockers(web, [data], [claim_event(data, "ProvisioningFailed", "disk full")]) == []


def test_third_crash_is_a_crash_loop_before_the_kubelet_reports_one() -> None:
    blocker = get_only(pod_blockers(make_crashed_pod(restarts=2), [], []))
    assert blocker.explanation is KUBELET[CRASHES]
    assert "exit status 1, after 2 restarts" in blocker.message


@pytest.mark.parametrize(
    "ended",
    [make_crashed_pod(restarts=1), make_crashed_pod(restarts=0), make_crashed_pod(restarts=5, exit_status=0)],
)
def test_first_and_second_crash_and_success_are_no_blockers(ended: Object) -> None:
    assert pod_blockers(ended, [], []) == []


def make_running_pod() -> Object:
    """Return a pod whose container runs since a minute, and is not ready."""
    running = pod("web")
    running["status"]["phase"] = "Running"
    running["status"]["containerStatuses"][0] |= {
        "ready": False,
        "state": {"running": {"startedAt": "2026-11-24T10:05:00Z"}},
    }
    return running


@pytest.mark.parametrize(
    "message",
    [
        "Readiness probe failed: HTTP probe failed with statuscode: 404",
        'Readiness probe failed: Get "http://10.42.0.5:8080/": dial tcp 10.42.0.5:8080: connect: connection refused',
        "Startup probe failed: cat: /tmp/ready: No such file or directory",
        'Readiness probe errored: rpc error: code = Unknown desc = failed to exec in container: exec: "curl": not '
        "found",
    ],
)
def test_failing_probe_is_reported_in_the_words_of_the_kubelet(message: str) -> None:
    web = make_running_pod()
    blocker = get_only(pod_blockers(web, [], [event_about(web, "Unhealthy", message, 6, "main")]))
    assert str(blocker) == f"pod default/web, container main: its probe fails (Unhealthy: {message})"
    assert blocker.explanation.may_recover


def test_failed_probe_before_a_restart_or_of_a_ready_container_is_obsolete() -> None:
    web = make_running_pod()
    assert pod_blockers(web, [], [event_about(web, "Unhealthy", "Liveness probe failed: ", 4, "main")]) == []
    web["status"]["containerStatuses"][0]["ready"] = True
    assert pod_blockers(web, [], [event_about(web, "Unhealthy", "Readiness probe failed: ", 6, "main")]) == []


@pytest.mark.parametrize(
    ("reason", "message"),
    [
        ("FailedMount", 'MountVolume.SetUp failed for volume "cert" : secret "webhook-server-cert" not found'),
        ("FailedCreatePodSandBox", "Failed to create pod sandbox: plugin type=calico failed (add): unauthorized"),
        ("FailedAttachVolume", "Multi-Attach error for volume pvc-1: Volume is already used by pod(s) web-0"),
    ],
)
def test_warning_of_the_kubelet_explains_a_container_that_is_not_created(reason: str, message: str) -> None:
    web = pod("web", waiting="ContainerCreating")
    blocker = get_only(pod_blockers(web, [], [event_about(web, reason, message)]))
    assert message in str(blocker)
    assert blocker.explanation.may_recover


def test_pull_that_is_not_repeated_yet_has_the_message_of_its_event() -> None:
    web = pod("web", waiting="ImagePullBackOff")
    web["status"]["containerStatuses"][0]["image"] = "gcr.io/a/b:1"
    message = 'Failed to pull image "gcr.io/a/b:1": rpc error: code = NotFound desc = gcr.io/a/b:1: not found'
    events = [event_about(web, "Failed", message, 1), event_about(web, "Failed", "Error: ErrImagePull", 2)]
    blocker = get_only(pod_blockers(web, [], events))
    assert blocker.message == f"ImagePullBackOff: {message}"
    assert "its registry does not have it" in blocker.explanation.summary


def test_crash_has_the_reason_of_the_last_end() -> None:
    web = pod("web", waiting=CRASHES)
    container = web["status"]["containerStatuses"][0]
    message = 'exec: "/no-such-program": stat /no-such-program: no such file or directory: unknown'
    container["lastState"] = {"terminated": {"exitCode": 128, "reason": "StartError", "message": message}}
    assert f"exit status 128, StartError, {message}" in str(get_only(pod_blockers(web, [], [])))
    container["lastState"] = {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}
    assert "exceeds its memory limit" in str(get_only(pod_blockers(web, [], [])))


def test_a_pod_that_is_older_than_the_cni_plug_in_may_recover() -> None:
    """The agent of the plug-in repairs it, and the kubelet repeats the check after a back-off."""
    web = pod("web", waiting=CRASHES)
    web["status"]["initContainerStatuses"] = [
        {**web["status"].pop("containerStatuses")[0], "name": "istio-validation", "restartCount": 3}
    ]
    blocker = get_only(pod_blockers(web, [], []))
    assert "Istio's CNI plug-in was not on its node" in str(blocker)
    assert blocker.explanation.may_recover


@pytest.mark.parametrize("reason", ["CreateContainerError", "RunContainerError"])
def test_container_that_cannot_be_started_has_a_blocker(reason: str) -> None:
    assert "cannot be started" in str(get_only(pod_blockers(pod("web", waiting=reason), [], [])))
