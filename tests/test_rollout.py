"""lab/rollout.py: when a workload is ready, and how waiting for all of them ends."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from lab import rollout
from lab.errors import LabError
from lab.kube import Kube
from lab.rollout import unready, wait_until_ready, workload_is_ready
from lab.terminal import Terminal
from tests.conftest import WriteProgram
from tests.fake_cluster import FakeCluster, claim, event_of, pod


def workload(wanted: int | None = 1, generation: int = 2, **status: int) -> dict[str, Any]:
    """A Deployment, or a StatefulSet."""
    spec = {} if wanted is None else {"replicas": wanted}
    return {"metadata": {"generation": generation}, "spec": spec, "status": status}


@pytest.mark.parametrize(
    "one",
    [
        workload(1, observedGeneration=2, replicas=1, readyReplicas=1, updatedReplicas=1),
        workload(2, observedGeneration=3, replicas=2, readyReplicas=2, updatedReplicas=2),
        workload(None, observedGeneration=2, replicas=1, readyReplicas=1, updatedReplicas=1),
        workload(0, observedGeneration=2),
    ],
)
def test_all_replicas_in_the_newest_state_are_ready(one: dict[str, Any]) -> None:
    assert workload_is_ready(one)


@pytest.mark.parametrize(
    ("one", "because"),
    [
        (workload(1), "nothing is known of it"),
        (workload(2, observedGeneration=2, replicas=2, readyReplicas=1, updatedReplicas=2), "one is not ready"),
        (
            workload(1, observedGeneration=1, replicas=1, readyReplicas=1, updatedReplicas=1),
            "the change was not seen yet",
        ),
        (
            workload(1, observedGeneration=2, replicas=2, readyReplicas=2, updatedReplicas=1),
            "an old one is still there",
        ),
        (workload(1, observedGeneration=2, replicas=2, readyReplicas=1, updatedReplicas=1), "the new one is not ready"),
        (workload(1, observedGeneration=2, readyReplicas=1), "the ready one is an old one"),
    ],
)
def test_anything_less_is_not(one: dict[str, Any], because: str) -> None:
    assert not workload_is_ready(one), because


def deployment(name: str, namespace: str = "auth", **status: int) -> dict[str, Any]:
    """A Deployment of a name."""
    one = workload(1, **status)
    one["metadata"] |= {"name": name, "namespace": namespace, "uid": f"uid-of-{name}", "resourceVersion": "1"}
    return {"apiVersion": "apps/v1", "kind": "Deployment", **one}


def test_all_that_is_ready_is_waited_for_by_one_watch_a_kind(
    kube: Kube, cluster: FakeCluster, terminal: Terminal
) -> None:
    cluster.objects["Deployment"] = [deployment("dex"), deployment("elsewhere", "default")]
    cluster.objects["Pod"] = [pod("dex-1", namespace="auth", ready=True)]
    told: list[str] = []

    def tell(counts: str) -> None:
        told.append(counts)
        if len(told) == 1:
            ready = deployment("dex", observedGeneration=2, replicas=1, readyReplicas=1, updatedReplicas=1)
            cluster.will_say("MODIFIED", ready)

    wait_until_ready(kube, terminal, ["auth"], ["auth/dex"], 8, tell)
    assert told == ["auth 0/1", "auth 1/1"]
    paths = [watch.partition("?")[0] for watch in cluster.watches()]
    assert len(paths) == len(set(paths))
    assert "/apis/apps/v1/deployments" in paths


def test_time_is_up_names_what_is_missing_and_what_is_not_ready(
    kube: Kube, cluster: FakeCluster, terminal: Terminal
) -> None:
    cluster.objects["Deployment"] = [deployment("dex")]
    cluster.objects["Pod"] = [pod("dex-1", namespace="auth")]
    with pytest.raises(LabError, match="in vain") as caught:
        wait_until_ready(kube, terminal, ["auth"], ["auth/late"], 1, lambda _: None)
    assert caught.value.seen.splitlines() == ["auth/late is not there yet", "auth/dex: 0 of 1 ready", "dex-1 (Pending)"]


def test_a_hopeless_pod_ends_the_wait_with_its_reason_and_its_log(
    kube: Kube, cluster: FakeCluster, terminal: Terminal, write_program: WriteProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rollout, "PATIENCE", 0.0)
    write_program("kubectl", "echo no such issuer")
    cluster.objects["Pod"] = [pod("dex-1", namespace="auth", waiting="CrashLoopBackOff")]
    with pytest.raises(LabError, match="cannot come true") as caught:
        wait_until_ready(kube, terminal, ["auth"], [], 8, lambda _: None)
    assert "pod auth/dex-1, container main: its container keeps crashing" in caught.value.seen
    assert "no such issuer" in caught.value.seen


def test_it_ends_in_time_also_where_nothing_changes_any_more(
    kube: Kube, cluster: FakeCluster, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pod that no node takes gives no events."""
    monkeypatch.setattr(rollout, "PATIENCE", 2.0)
    cluster.objects["Pod"] = [pod("dex-1", namespace="auth", unschedulable="1 Insufficient cpu.")]
    begin = time.monotonic()
    with pytest.raises(LabError, match="cannot come true") as caught:
        wait_until_ready(kube, terminal, ["auth"], [], 30, lambda _: None)
    assert 2 <= time.monotonic() - begin < 5
    assert "Unschedulable: 1 Insufficient cpu." in caught.value.seen
    assert "8 CPUs" in caught.value.remedy


@pytest.fixture
def given_up(kube: Kube, terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> Callable[[], LabError]:
    """Waits without patience for what is in the namespace auth, and gives the error with which that ends."""
    monkeypatch.setattr(rollout, "PATIENCE", 0.0)

    def error() -> LabError:
        with pytest.raises(LabError, match="cannot come true") as caught:
            wait_until_ready(kube, terminal, ["auth"], [], 8, lambda _: None)
        return caught.value

    return error


def test_a_claim_without_a_volume_ends_the_wait_with_what_its_event_says(
    cluster: FakeCluster, given_up: Callable[[], LabError]
) -> None:
    data = claim("data", namespace="auth")
    cluster.objects["Pod"] = [pod("dex-1", namespace="auth", claim="data")]
    cluster.objects["PersistentVolumeClaim"] = [data]
    cluster.objects["Event"] = [event_of(data, "FailedBinding", "no storage class is set")]
    error = given_up()
    assert "claim data: it has no volume" in error.seen
    assert "mark a StorageClass as default" in error.remedy


def test_a_dozen_hopeless_pods_are_named_with_every_remedy_once(
    cluster: FakeCluster, write_program: WriteProgram, given_up: Callable[[], LabError]
) -> None:
    write_program("kubectl", 'echo "log of $4"')
    cluster.objects["Pod"] = [
        pod("image", namespace="auth", waiting="ImagePullBackOff"),
        *(pod(f"crash-{number}", namespace="auth", waiting="CrashLoopBackOff") for number in range(12)),
    ]
    error = given_up()
    seen = error.seen
    assert seen.count("container main: ") == 12
    assert "and 1 more" in seen
    assert "the last lines of auth/crash-0's log:\nlog of crash-0" in seen
    assert [line[:20] for line in error.remedy.splitlines()] == ["see that the registr", "its log says why; wh"]


def test_a_claim_that_only_waits_is_told_when_time_is_up(kube: Kube, cluster: FakeCluster, terminal: Terminal) -> None:
    data = claim("data", namespace="auth")
    cluster.objects["Pod"] = [pod("dex-1", namespace="auth", claim="data")]
    cluster.objects["PersistentVolumeClaim"] = [data]
    cluster.objects["Event"] = [event_of(data, "ExternalProvisioning", "waiting for a volume")]
    with pytest.raises(LabError, match="in vain") as caught:
        wait_until_ready(kube, terminal, ["auth"], [], 1.5, lambda _: None)
    assert "claim data is Pending (ExternalProvisioning: waiting for a volume)" in caught.value.seen


def test_where_another_try_has_just_begun_the_log_is_that_of_the_one_before(
    cluster: FakeCluster, write_program: WriteProgram, given_up: Callable[[], LabError]
) -> None:
    write_program("kubectl", 'case "$*" in *--previous*) echo no such issuer;; esac')
    cluster.objects["Pod"] = [pod("dex-1", namespace="auth", waiting="CrashLoopBackOff")]
    assert "no such issuer" in given_up().seen


def test_a_pod_that_is_hopeless_for_a_moment_is_given_time(
    kube: Kube, cluster: FakeCluster, terminal: Terminal
) -> None:
    cluster.objects["Pod"] = [pod("dex-1", namespace="auth", waiting="CrashLoopBackOff")]
    cluster.will_say("MODIFIED", pod("dex-1", namespace="auth", ready=True))
    wait_until_ready(kube, terminal, ["auth"], [], 8, lambda _: None)


def test_at_one_look_each_pod_that_is_not_ready_is_told_with_what_keeps_it(
    kube: Kube, cluster: FakeCluster, terminal: Terminal, write_program: WriteProgram
) -> None:
    write_program("kubectl", "echo no such issuer")
    cluster.objects["Pod"] = [
        pod("dex-1", ready=True),
        pod("crash", waiting="CrashLoopBackOff"),
        pod("starting"),
        {**pod("done"), "status": {"phase": "Succeeded"}},
    ]
    assert unready(kube, terminal, "default") == [
        "pod default/crash, container main: its container keeps crashing (CrashLoopBackOff: said of crash)",
        "the last lines of default/crash's log:",
        "no such issuer",
        "starting (Pending)",
    ]


def test_at_one_look_nothing_is_told_of_pods_that_are_ready(
    kube: Kube, cluster: FakeCluster, terminal: Terminal
) -> None:
    cluster.objects["Pod"] = [pod("dex-1", ready=True)]
    assert unready(kube, terminal, "default") == []
