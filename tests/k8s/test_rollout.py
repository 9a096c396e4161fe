"""lab/k8s/rollout.py: the readiness of workloads, and waiting for all of them."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from lab.errors import UnrecoverableError, WaitTimeoutError
from lab.k8s import rollout
from lab.k8s.client import Kube
from lab.k8s.contents import describe_other_workloads, inspect_namespace
from lab.k8s.objects import Object, ObjectRef
from lab.k8s.rollout import wait_until_ready
from lab.k8s.workloads import is_workload_ready
from lab.run.shell import Shell
from tests.conftest import WriteProgram
from tests.fake_cluster import FakeCluster, claim, claim_event, event_about, owned_by, pod, replica_set

WaitAndFail = Callable[[], UnrecoverableError]


def make_workload(desired: int | None = 1, generation: int = 2, **status: int) -> Object:
    """Return the fields that Deployments and StatefulSets have in common."""
    spec = {} if desired is None else {"replicas": desired}
    return {"metadata": {"generation": generation}, "spec": spec, "status": status}


def make_deployment(name: str, namespace: str = "auth", **status: int) -> Object:
    deployment = make_workload(1, **status)
    deployment["metadata"] |= {"name": name, "namespace": namespace, "uid": f"uid-of-{name}", "resourceVersion": "1"}
    return {"apiVersion": "apps/v1", "kind": "Deployment", **deployment}


def ignore(counts: str) -> None:
    """Ignore reported progress."""


@pytest.mark.parametrize(
    "workload",
    [
        make_workload(1, observedGeneration=2, replicas=1, readyReplicas=1, updatedReplicas=1),
        make_workload(2, observedGeneration=3, replicas=2, readyReplicas=2, updatedReplicas=2),
        make_workload(None, observedGeneration=2, replicas=1, readyReplicas=1, updatedReplicas=1),
        make_workload(0, observedGeneration=2),
    ],
)
def test_workload_with_all_replicas_of_the_newest_revision_is_ready(workload: Object) -> None:
    assert is_workload_ready(workload)


@pytest.mark.parametrize(
    ("workload", "reason"),
    [
        (make_workload(1), "it has no status"),
        (
            make_workload(2, observedGeneration=2, replicas=2, readyReplicas=1, updatedReplicas=2),
            "one replica is not ready",
        ),
        (
            make_workload(1, observedGeneration=1, replicas=1, readyReplicas=1, updatedReplicas=1),
            "the controller has not observed the change",
        ),
        (
            make_workload(1, observedGeneration=2, replicas=2, readyReplicas=2, updatedReplicas=1),
            "an old replica still exists",
        ),
        (
            make_workload(1, observedGeneration=2, replicas=2, readyReplicas=1, updatedReplicas=1),
            "the new replica is not ready",
        ),
        (make_workload(1, observedGeneration=2, readyReplicas=1), "the ready replica is an old one"),
    ],
)
def test_any_other_workload_is_not_ready(workload: Object, reason: str) -> None:
    assert not is_workload_ready(workload), reason


def test_wait_reports_progress_and_uses_one_watch_for_each_kind(kube: Kube, cluster: FakeCluster, shell: Shell) -> None:
    cluster.objects["Deployment"] = [make_deployment("dex"), make_deployment("web", "default")]
    cluster.objects["Pod"] = [pod("dex-1", namespace="auth", ready=True)]
    reported: list[str] = []

    def report(counts: str) -> None:
        reported.append(counts)
        if len(reported) == 1:
            ready = make_deployment("dex", observedGeneration=2, replicas=1, readyReplicas=1, updatedReplicas=1)
            cluster.send_event("MODIFIED", ready)

    wait_until_ready(kube, shell, ["auth"], ["auth/dex"], 8, report)
    assert reported == ["auth 0/1", "auth 1/1"]
    paths = [watch.partition("?")[0] for watch in cluster.watches()]
    assert len(paths) == len(set(paths))
    assert "/apis/apps/v1/deployments" in paths


def test_timeout_error_names_what_is_missing_or_not_ready(kube: Kube, cluster: FakeCluster, shell: Shell) -> None:
    cluster.objects["Deployment"] = [make_deployment("dex")]
    cluster.objects["Pod"] = [pod("dex-1", namespace="auth")]
    with pytest.raises(WaitTimeoutError) as caught:
        wait_until_ready(kube, shell, ["auth"], ["auth/web"], 1, ignore)
    assert caught.value.seen.splitlines() == [
        "auth/web does not exist yet",
        "auth/dex: 0 of 1 ready",
        "dex-1 (Pending)",
    ]


def test_wait_ends_early_although_nothing_changes(kube: Kube, cluster: FakeCluster, shell: Shell) -> None:
    """There are no events for a pod that fits no node."""
    cluster.objects["Pod"] = [pod("dex-1", namespace="auth", unschedulable="1 Insufficient cpu.")]
    begin = time.monotonic()
    with pytest.raises(UnrecoverableError) as caught:
        wait_until_ready(kube, shell, ["auth"], [], 30, ignore, patience=2)
    assert 2 <= time.monotonic() - begin < 5
    assert "Unschedulable: 1 Insufficient cpu." in caught.value.seen
    assert "8 CPUs" in caught.value.remedy


@pytest.fixture
def wait_and_fail(kube: Kube, shell: Shell) -> WaitAndFail:
    """Return a function that waits without patience for the namespace auth, and returns the error of the wait."""

    def wait() -> UnrecoverableError:
        with pytest.raises(UnrecoverableError) as caught:
            wait_until_ready(kube, shell, ["auth"], [], 8, ignore, patience=0)
        return caught.value

    return wait


def test_error_for_a_crashing_pod_has_its_log(
    cluster: FakeCluster, write_program: WriteProgram, wait_and_fail: WaitAndFail
) -> None:
    write_program("kubectl", "echo no such issuer")
    cluster.objects["Pod"] = [pod("dex-1", namespace="auth", waiting="CrashLoopBackOff")]
    error = wait_and_fail()
    assert "pod auth/dex-1, container main: its container keeps crashing" in error.seen
    assert "no such issuer" in error.seen


def test_error_for_a_claim_without_volume_has_its_event(cluster: FakeCluster, wait_and_fail: WaitAndFail) -> None:
    data = claim("data", namespace="auth")
    cluster.objects["Pod"] = [pod("dex-1", namespace="auth", claim="data")]
    cluster.objects["PersistentVolumeClaim"] = [data]
    cluster.objects["Event"] = [claim_event(data, "FailedBinding", "no storage class is set")]
    error = wait_and_fail()
    assert "claim data: it has no volume" in error.seen
    assert "mark a StorageClass as default" in error.remedy


def test_error_names_a_dozen_blockers_and_each_remedy_once(
    cluster: FakeCluster, write_program: WriteProgram, wait_and_fail: WaitAndFail
) -> None:
    write_program("kubectl", 'echo "log of $4"')
    cluster.objects["Pod"] = [
        pod("image", namespace="auth", waiting="ImagePullBackOff"),
        *(pod(f"crash-{number}", namespace="auth", waiting="CrashLoopBackOff") for number in range(12)),
    ]
    error = wait_and_fail()
    assert error.seen.count("container main: ") == 12
    assert "and 1 more" in error.seen
    assert "the last lines of the log of auth/crash-0:\nlog of crash-0" in error.seen
    image_remedy, crash_remedy = error.remedy.splitlines()
    assert "check that the registry has the image" in image_remedy
    assert crash_remedy.startswith("read the cause in its log")


def test_timeout_error_names_pending_claims(kube: Kube, cluster: FakeCluster, shell: Shell) -> None:
    data = claim("data", namespace="auth")
    cluster.objects["Pod"] = [pod("dex-1", namespace="auth", claim="data")]
    cluster.objects["PersistentVolumeClaim"] = [data]
    cluster.objects["Event"] = [claim_event(data, "ExternalProvisioning", "waiting for a volume")]
    with pytest.raises(WaitTimeoutError) as caught:
        wait_until_ready(kube, shell, ["auth"], [], 1.5, ignore)
    assert "claim data is Pending (ExternalProvisioning: waiting for a volume)" in caught.value.seen


def test_previous_log_is_read_if_the_container_has_just_restarted(
    cluster: FakeCluster, write_program: WriteProgram, wait_and_fail: WaitAndFail
) -> None:
    write_program("kubectl", 'case "$*" in *--previous*) echo no such issuer;; esac')
    cluster.objects["Pod"] = [pod("dex-1", namespace="auth", waiting="CrashLoopBackOff")]
    assert "no such issuer" in wait_and_fail().seen


def test_blocker_that_disappears_does_not_end_the_wait(kube: Kube, cluster: FakeCluster, shell: Shell) -> None:
    cluster.objects["Pod"] = [pod("dex-1", namespace="auth", waiting="CrashLoopBackOff")]
    cluster.send_event("MODIFIED", pod("dex-1", namespace="auth", ready=True))
    wait_until_ready(kube, shell, ["auth"], [], 8, ignore)


def test_problems_of_a_namespace_are_its_unready_pods(
    kube: Kube, cluster: FakeCluster, shell: Shell, write_program: WriteProgram
) -> None:
    write_program("kubectl", "echo no such issuer")
    cluster.objects["Pod"] = [
        pod("dex-1", ready=True),
        pod("crash", waiting="CrashLoopBackOff"),
        pod("starting"),
        {**pod("succeeded"), "status": {"phase": "Succeeded"}},
    ]
    assert inspect_namespace(kube, shell, "default").problems == [
        "pod default/crash, container main: its container keeps crashing (CrashLoopBackOff: message about crash)",
        "the last lines of the log of default/crash:",
        "no such issuer",
        "starting (Pending)",
    ]


def test_a_namespace_with_ready_pods_has_no_problems(kube: Kube, cluster: FakeCluster, shell: Shell) -> None:
    cluster.objects["Pod"] = [pod("dex-1", ready=True)]
    assert inspect_namespace(kube, shell, "default").problems == []


READY = {"observedGeneration": 2, "replicas": 1, "readyReplicas": 1, "updatedReplicas": 1}
DEX = ObjectRef("Deployment", "dex", "auth")
QUOTA = 'pods "dex-1-x" is forbidden: exceeded quota: pods, requested: pods=1, used: pods=5, limited: pods=5'
WEBHOOK = (
    'Internal error occurred: failed calling webhook "object.sidecar-injector.istio.io": failed to call webhook: Post '
    '"https://istiod.istio-system.svc:443/inject?timeout=10s": dial tcp 10.43.0.9:443: connect: connection refused'
)


def make_ended(name: str, phase: str, reason: str = "", namespace: str = "auth") -> Object:
    ended = pod(name, namespace=namespace)
    return {**ended, "status": {"phase": phase, **({"reason": reason} if reason else {})}}


def make_failing_probe(name: str, namespace: str = "auth") -> tuple[Object, Object]:
    """Return a running pod whose probe fails, and the kubelet's event about it."""
    running = pod(name, namespace=namespace)
    running["status"]["phase"] = "Running"
    message = "Readiness probe failed: HTTP probe failed with statuscode: 404"
    return running, event_about(running, "Unhealthy", message, container="main")


class TestWhatCounts:
    """Pods that have ended, and what does not belong to the installation, are notes."""

    @pytest.fixture(autouse=True)
    def _dex(self, cluster: FakeCluster) -> None:
        """Dex is ready; a user's Deployment, notebook and pod are not."""
        cluster.objects["Deployment"] = [make_deployment("dex", "auth", **READY), make_deployment("user-app")]
        notebook = {"kind": "StatefulSet", "metadata": {"name": "notebook", "uid": "1"}}
        cluster.objects["ReplicaSet"] = [
            replica_set("dex-1", "auth", owner=("Deployment", "dex")),
            replica_set("user-app-1", "auth", owner=("Deployment", "user-app")),
        ]
        dex, user_app = cluster.objects["ReplicaSet"]
        cluster.objects["Pod"] = [
            owned_by(pod("dex-1-x", namespace="auth", ready=True), dex),
            owned_by(make_ended("dex-1-y", "Failed", "Evicted"), dex),
            make_ended("train-1", "Succeeded"),
            owned_by(pod("user-app-1-x", namespace="auth", waiting="CrashLoopBackOff"), user_app),
            owned_by(pod("notebook-0", namespace="auth", waiting="ImagePullBackOff"), notebook),
            pod("debug", namespace="auth", unschedulable="1 Insufficient nvidia.com/gpu."),
        ]

    NOTES = (
        "note: 2 ended pods in auth, e.g. dex-1-y (Failed: Evicted)",
        "note: not a part of Kubeflow, and not ready in auth: user-app-1-x (CrashLoopBackOff), notebook-0 "
        "(ImagePullBackOff), debug (Unschedulable: 1 Insufficient nvidia.com/gpu.)",
    )

    def test_a_wait_ends_with_notes(self, kube: Kube, shell: Shell) -> None:
        reported: list[str] = []
        wait_until_ready(kube, shell, ["auth"], ["auth/dex"], 8, reported.append, owned={DEX}, patience=0)
        assert reported == ["auth 1/1", *self.NOTES]

    def test_a_namespace_has_notes_and_no_problems(self, kube: Kube, shell: Shell) -> None:
        report = inspect_namespace(kube, shell, "auth", {DEX})
        assert (report.pods, report.problems, tuple(report.notes)) == (1, [], self.NOTES)

    def test_without_manifests_everything_counts(self, kube: Kube, shell: Shell, write_program: WriteProgram) -> None:
        write_program("kubectl", "true")
        report = inspect_namespace(kube, shell, "auth")
        assert report.pods == 4
        assert len(report.notes) == 1

    def test_a_pod_of_a_job_need_not_be_ready(self, kube: Kube, cluster: FakeCluster, shell: Shell) -> None:
        """The sidecar of a Job that has done its work still runs."""
        migration = {"kind": "Job", "metadata": {"name": "migration", "namespace": "auth", "uid": "2"}, "spec": {}}
        cluster.objects["Job"] = [{**migration, "status": {"active": 1}}]
        cluster.objects["Pod"].append(owned_by(pod("migration-x", namespace="auth"), migration))
        owned = {DEX, ObjectRef("Job", "migration", "auth")}
        wait_until_ready(kube, shell, ["auth"], ["auth/dex"], 8, ignore, owned=owned, patience=0)
        assert inspect_namespace(kube, shell, "auth", owned).problems == []

    def test_other_workloads_are_described(self, cluster: FakeCluster) -> None:
        assert describe_other_workloads(cluster.objects["Deployment"]) == [
            "note: not a part of Kubeflow, and not ready: Deployment auth/user-app (0 of 1 ready)"
        ]


class TestRejectedPods:
    """Workloads whose pods the API server rejects."""

    @staticmethod
    def reject(cluster: FakeCluster, message: str) -> Object:
        rejected = replica_set("dex-1", "auth", owner=("Deployment", "dex"), pods=0, rejection=message)
        cluster.objects["Deployment"], cluster.objects["ReplicaSet"] = [make_deployment("dex")], [rejected]
        return rejected

    def test_a_wait_ends_early_with_the_words_of_the_api_server(
        self, cluster: FakeCluster, kube: Kube, shell: Shell
    ) -> None:
        self.reject(cluster, QUOTA)
        begin = time.monotonic()
        with pytest.raises(UnrecoverableError) as caught:
            wait_until_ready(kube, shell, ["auth"], ["auth/dex"], 30, ignore, patience=2)
        assert time.monotonic() - begin < 8
        assert (
            f"Deployment auth/dex, creation of its pods: a ResourceQuota of the namespace is exhausted "
            f"(FailedCreate: {QUOTA})" in caught.value.seen
        )
        assert "`kubectl describe resourcequotas -n auth`" in caught.value.remedy

    def test_a_namespace_without_pods_has_the_reason(self, cluster: FakeCluster, kube: Kube, shell: Shell) -> None:
        self.reject(cluster, QUOTA)
        report = inspect_namespace(kube, shell, "auth", {DEX})
        assert report.pods == 0
        assert "exceeded quota" in report.problems[0]

    def test_a_webhook_that_starts_is_waited_for_and_reported(
        self, cluster: FakeCluster, kube: Kube, shell: Shell
    ) -> None:
        """The pod of the webhook starts: controllers are rejected until it answers."""
        self.reject(cluster, WEBHOOK)
        cluster.objects["Pod"] = [pod("istiod-1", namespace="auth", waiting="ContainerCreating")]
        reported: list[str] = []
        with pytest.raises(WaitTimeoutError):
            wait_until_ready(kube, shell, ["auth"], [], 3, reported.append, patience=0)
        assert sum("still waiting: Deployment auth/dex" in text for text in reported) == 1

    def test_a_webhook_that_rejects_again_after_all_else_is_ready_ends_the_wait(
        self, cluster: FakeCluster, kube: Kube, shell: Shell, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(rollout, "WEBHOOK_TIMEOUT", 0.0)
        rejected = self.reject(cluster, WEBHOOK)
        cluster.objects["Event"] = [event_about(rejected, "FailedCreate", f"Error creating: {WEBHOOK}", 1)]
        second = event_about(rejected, "FailedCreate", f"Error creating: {WEBHOOK}", 2)

        def reject_again(_: str) -> None:
            """Reject after the first observation; otherwise that could contain both rejections already."""
            cluster.send_event("ADDED", second)

        with pytest.raises(UnrecoverableError, match="a webhook does not answer"):
            wait_until_ready(kube, shell, ["auth"], [], 30, reject_again, patience=0)


class TestFailingProbe:
    """A container that runs, and whose probe fails."""

    def test_a_namespace_has_the_words_of_the_kubelet(self, cluster: FakeCluster, kube: Kube, shell: Shell) -> None:
        running, event = make_failing_probe("dex-1")
        cluster.objects |= {"Pod": [running], "Event": [event]}
        assert inspect_namespace(kube, shell, "auth").problems == [
            "pod auth/dex-1, container main: its probe fails (Unhealthy: Readiness probe failed: HTTP probe failed "
            "with "
            "statuscode: 404)"
        ]

    def test_a_wait_continues_and_its_error_has_them(self, cluster: FakeCluster, kube: Kube, shell: Shell) -> None:
        running, event = make_failing_probe("dex-1")
        cluster.objects |= {"Pod": [running], "Event": [event]}
        with pytest.raises(WaitTimeoutError) as caught:
            wait_until_ready(kube, shell, ["auth"], [], 1.5, ignore, patience=0)
        assert "HTTP probe failed with statuscode: 404" in caught.value.seen
