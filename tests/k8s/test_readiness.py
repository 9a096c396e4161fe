"""lab/k8s/readiness.py: the readiness of pods, and waiting for it."""

from __future__ import annotations

import time

import pytest

from lab.errors import UnrecoverableError, WaitTimeoutError
from lab.k8s.blockers import KUBELET
from lab.k8s.client import Kube
from lab.k8s.objects import Object
from lab.k8s.readiness import describe_unready, find_blocker, is_ready, list_running_pods, wait_for_pods
from tests.fake_cluster import FakeCluster, event_about, pod, replica_set


def wait(kube: Kube, count: int = 1, timeout: float = 5) -> None:
    wait_for_pods(kube, "default", "app=web", count, timeout, "the pods of web to be ready")


def test_readiness_is_the_condition_ready() -> None:
    assert is_ready(pod("web", ready=True))
    assert not is_ready(pod("web"))


@pytest.mark.parametrize("status", [{}, {"conditions": None}, {"conditions": []}, None])
def test_new_pod_without_status_is_not_ready_and_has_no_blocker(status: Object | None) -> None:
    new = {"metadata": {"name": "web", "namespace": "default"}, "status": status}
    assert not is_ready(new)
    assert find_blocker(new) is None
    assert describe_unready([new]) == ["web (not Ready)"]


def test_unready_pods_are_described_with_their_state() -> None:
    pods = [pod("web", ready=True), pod("database"), pod("nginx", waiting="ContainerCreating")]
    assert describe_unready(pods) == ["database (Pending)", "nginx (ContainerCreating)"]


def test_unschedulable_pod_is_described_with_the_message_of_the_scheduler() -> None:
    assert describe_unready([pod("web", unschedulable="1 Insufficient cpu")]) == [
        "web (Unschedulable: 1 Insufficient cpu)"
    ]


@pytest.mark.parametrize("reason", [reason for reason in KUBELET if reason != "ErrImagePull"])
def test_blocker_names_pod_container_and_message(reason: str) -> None:
    blocker = find_blocker(pod("web", waiting=reason))
    assert str(blocker) == f"pod default/web, container main: {KUBELET[reason].summary} ({reason}: message about web)"


@pytest.mark.parametrize("reason", ["ContainerCreating", "PodInitializing", "ErrImagePull"])
def test_transient_reason_is_no_blocker(reason: str) -> None:
    assert find_blocker(pod("web", waiting=reason)) is None


def test_init_container_can_have_a_blocker() -> None:
    web = pod("web")
    web["status"]["initContainerStatuses"] = web["status"].pop("containerStatuses")
    web["status"]["initContainerStatuses"][0]["state"] = {"waiting": {"reason": "CrashLoopBackOff"}}
    assert "keeps crashing" in str(find_blocker(web))


class TestRunningPod:
    """The description of a pod that runs and is not ready."""

    @pytest.fixture
    def running(self) -> Object:
        """A pod with a readiness probe that has not succeeded."""
        web = pod("web")
        web["status"] |= {"phase": "Running", "conditions": [{"type": "Ready", "status": "False"}]}
        probe = {"httpGet": {"path": "/healthz", "port": 8083}}
        web["spec"]["containers"] = [{"name": "main", "readinessProbe": probe}]
        return web

    def test_has_the_words_of_the_kubelet(self, running: Object) -> None:
        message = "Readiness probe failed: HTTP probe failed with statuscode: 404"
        event = event_about(running, "Unhealthy", message, container="main")
        assert describe_unready([running], [event]) == [f"web (Running, container main: Unhealthy: {message})"]

    def test_has_the_probe_without_an_event(self, running: Object) -> None:
        state = "Running, container main is not ready; its readiness probe: httpGet :8083/healthz"
        assert describe_unready([running]) == [f"web ({state})"]


def test_pod_that_becomes_ready_is_observed_by_one_watch(kube: Kube, cluster: FakeCluster) -> None:
    cluster.send_event("ADDED", pod("web"))
    cluster.send_event("MODIFIED", pod("web", waiting="ContainerCreating"))
    cluster.send_event("MODIFIED", pod("web", ready=True))
    wait(kube)
    assert len(cluster.watches()) == 1


def test_wait_for_several_pods(kube: Kube, cluster: FakeCluster) -> None:
    cluster.objects["Pod"] = [pod("web-1", ready=True)]
    cluster.send_event("ADDED", pod("web-2"))
    cluster.send_event("MODIFIED", pod("web-2", ready=True))
    wait(kube, count=2)
    assert cluster.events["Pod"].empty()


def test_blocker_ends_the_wait_immediately(kube: Kube, cluster: FakeCluster) -> None:
    cluster.send_event("ADDED", pod("web", waiting="ImagePullBackOff"))
    begin = time.monotonic()
    with pytest.raises(UnrecoverableError) as caught:
        wait(kube, timeout=60)
    assert time.monotonic() - begin < 10
    assert "pod default/web, container main: its image cannot be pulled" in caught.value.seen


def test_remedy_of_the_blocker_is_shown(kube: Kube, cluster: FakeCluster) -> None:
    cluster.objects["Pod"] = [pod("web", waiting="InvalidImageName")]
    with pytest.raises(UnrecoverableError) as caught:
        wait(kube)
    assert caught.value.remedy == "correct the image name in the manifests"


def test_unschedulable_pod_is_waited_for(kube: Kube, cluster: FakeCluster) -> None:
    """In a new cluster, the nodes become ready later."""
    cluster.objects["Pod"] = [pod("web", unschedulable="1 node(s) had untolerated taint {not-ready: }")]
    cluster.send_event("MODIFIED", pod("web", ready=True))
    wait(kube)


def test_timeout_error_names_each_pod_and_a_command(kube: Kube, cluster: FakeCluster) -> None:
    cluster.objects["Pod"] = [pod("web-1", ready=True), pod("web-2", waiting="ContainerCreating")]
    with pytest.raises(WaitTimeoutError) as caught:
        wait(kube, count=2, timeout=1)
    assert caught.value.seen == "web-1: ready\nweb-2: ContainerCreating"
    assert "`kubectl describe pods -n default -l app=web`" in caught.value.remedy


def test_timeout_error_with_another_remedy(kube: Kube, cluster: FakeCluster) -> None:
    with pytest.raises(WaitTimeoutError) as caught:
        wait_for_pods(kube, "probes", "app=web", 1, 0.2, "the pod to be ready", remedy="`kubectl describe nodes`")
    assert caught.value.remedy == "`kubectl describe nodes`"


def test_timeout_error_without_any_pod(kube: Kube, cluster: FakeCluster) -> None:
    with pytest.raises(WaitTimeoutError, match="no pod yet"):
        wait(kube, timeout=1)


def test_running_pod_is_described_with_its_condition() -> None:
    web = pod("web")
    web["status"]["phase"] = "Running"
    web["status"]["conditions"][0]["message"] = "containers with unready status: [main]"
    assert describe_unready([web]) == ["web (Running, containers with unready status: [main])"]


def test_ended_pod_beside_a_ready_one_is_ignored(kube: Kube, cluster: FakeCluster) -> None:
    evicted = {**pod("web-1"), "status": {"phase": "Failed", "reason": "Evicted"}}
    cluster.objects["Pod"] = [evicted, pod("web-2", ready=True)]
    wait(kube)
    assert [obj["metadata"]["name"] for obj in list_running_pods(kube, "default", "app=web")] == ["web-2"]
    assert describe_unready([evicted]) == ["web-1 (Failed: Evicted)"]


def test_pods_that_the_api_server_rejects_end_the_wait(kube: Kube, cluster: FakeCluster) -> None:
    message = 'pods "web-1" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true'
    rejected = replica_set("web-1", owner=("Deployment", "web"), pods=0, rejection=message)
    rejected["spec"]["template"] = {"metadata": {"labels": {"app": "web"}}}
    cluster.objects["ReplicaSet"] = [rejected, replica_set("other-1", owner=("Deployment", "other"), pods=0)]
    with pytest.raises(UnrecoverableError) as caught:
        wait_for_pods(kube, "default", "app=web", 1, 8, "the pod to be ready", patience=0)
    assert message in caught.value.seen
    assert "`kubectl label namespace default" in caught.value.remedy
