"""lab/readiness.py: whether pods are ready, and when they never will be."""

from __future__ import annotations

import time

import pytest

from lab.errors import LabError
from lab.kube import Kube, Object
from lab.obstacles import KUBELET
from lab.readiness import hopeless, is_ready, not_ready, wait_for_pods
from tests.fake_cluster import FakeCluster, pod


def wait(kube: Kube, count: int = 1, timeout: float = 5) -> None:
    wait_for_pods(kube, "default", "app=lamp", count, timeout, "the lamp is ready")


def test_a_pod_is_ready_when_its_condition_says_so() -> None:
    assert is_ready(pod("lamp", ready=True))
    assert not is_ready(pod("lamp"))


@pytest.mark.parametrize("status", [{}, {"conditions": None}, {"conditions": []}, None])
def test_a_pod_of_which_nothing_is_known_yet_is_not_ready_and_not_hopeless(status: Object | None) -> None:
    one = {"metadata": {"name": "lamp", "namespace": "default"}, "status": status}
    assert not is_ready(one)
    assert hopeless(one) is None
    assert not_ready([one]) == ["lamp (not Ready)"]


def test_those_that_are_not_ready_are_named_with_their_state() -> None:
    pods = [pod("lamp", ready=True), pod("torch"), pod("lantern", waiting="ContainerCreating")]
    assert not_ready(pods) == ["torch (Pending)", "lantern (ContainerCreating)"]


def test_one_that_no_node_takes_is_named_with_the_scheduler_s_words() -> None:
    assert not_ready([pod("lamp", unschedulable="1 Insufficient cpu")]) == ["lamp (Unschedulable: 1 Insufficient cpu)"]


@pytest.mark.parametrize("reason", [reason for reason in KUBELET if reason != "ErrImagePull"])
def test_a_reason_that_does_not_pass_is_given_with_pod_container_and_message(reason: str) -> None:
    said = hopeless(pod("lamp", waiting=reason))
    assert str(said) == f"pod default/lamp, container main: {KUBELET[reason].what} ({reason}: said of lamp)"


@pytest.mark.parametrize("reason", ["ContainerCreating", "PodInitializing", "ErrImagePull"])
def test_a_reason_that_passes_is_none(reason: str) -> None:
    assert hopeless(pod("lamp", waiting=reason)) is None


def test_a_container_that_comes_first_can_be_hopeless_too() -> None:
    one = pod("lamp")
    one["status"]["initContainerStatuses"] = one["status"].pop("containerStatuses")
    one["status"]["initContainerStatuses"][0]["state"] = {"waiting": {"reason": "CrashLoopBackOff"}}
    assert "keeps crashing" in str(hopeless(one))


def test_a_pod_that_becomes_ready_is_seen_by_one_watch(kube: Kube, cluster: FakeCluster) -> None:
    cluster.will_say("ADDED", pod("lamp"))
    cluster.will_say("MODIFIED", pod("lamp", waiting="ContainerCreating"))
    cluster.will_say("MODIFIED", pod("lamp", ready=True))
    wait(kube)
    assert len(cluster.watches()) == 1


def test_as_many_pods_as_were_asked_for_must_be_ready(kube: Kube, cluster: FakeCluster) -> None:
    cluster.objects["Pod"] = [pod("lamp-1", ready=True)]
    cluster.will_say("ADDED", pod("lamp-2"))
    cluster.will_say("MODIFIED", pod("lamp-2", ready=True))
    wait(kube, count=2)
    assert cluster.events["Pod"].empty()


def test_a_pod_that_can_never_become_ready_ends_the_wait_at_once(kube: Kube, cluster: FakeCluster) -> None:
    cluster.will_say("ADDED", pod("lamp", waiting="ImagePullBackOff"))
    begin = time.monotonic()
    with pytest.raises(LabError) as caught:
        wait(kube, timeout=60)
    assert time.monotonic() - begin < 10
    assert "pod default/lamp, container main: its image cannot be pulled" in caught.value.seen


def test_the_remedy_is_that_of_the_reason(kube: Kube, cluster: FakeCluster) -> None:
    cluster.objects["Pod"] = [pod("lamp", waiting="InvalidImageName")]
    with pytest.raises(LabError) as caught:
        wait(kube)
    assert caught.value.remedy == "correct the image's name in the manifests"


def test_a_pod_that_no_node_takes_is_waited_for_since_nodes_become_ready_later(
    kube: Kube, cluster: FakeCluster
) -> None:
    cluster.objects["Pod"] = [pod("lamp", unschedulable="1 node(s) had untolerated taint {not-ready: }")]
    cluster.will_say("MODIFIED", pod("lamp", ready=True))
    wait(kube)


def test_time_up_names_each_pod_with_its_state_and_the_command_that_says_more(kube: Kube, cluster: FakeCluster) -> None:
    cluster.objects["Pod"] = [pod("lamp-1", ready=True), pod("lamp-2", waiting="ContainerCreating")]
    with pytest.raises(LabError) as caught:
        wait(kube, count=2, timeout=1)
    assert caught.value.seen == "lamp-1: ready\nlamp-2: ContainerCreating"
    assert "kubectl describe pods -n default -l app=lamp" in caught.value.remedy


def test_time_up_says_so_when_there_was_no_pod(kube: Kube, cluster: FakeCluster) -> None:
    with pytest.raises(LabError, match="no pod yet"):
        wait(kube, timeout=1)
