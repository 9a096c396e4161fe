"""lab/k8s/rejection_tracing.py: from a rejection to the pod, the namespace or the CRD that causes it."""

from __future__ import annotations

import pytest

from lab.k8s import rejection_tracing
from lab.k8s.client import Kube
from lab.k8s.kubectl_rejections import Rejection, parse_rejections
from lab.k8s.objects import Object
from lab.k8s.rejection_causes import Definitions
from lab.k8s.rejection_tracing import RejectionTracer, Trace
from lab.run.journal import Journal
from lab.run.waiting import poll, wait_until
from tests.fake_cluster import RESOURCE_VERSION, FakeCluster, pod

NAMESPACE = "cert-manager"
LABELS = {"app": "webhook"}
MESSAGE = (
    'Error from server (InternalError): error when creating "STDIN": Internal error occurred: failed calling webhook '
    '"webhook.cert-manager.io": failed to call webhook: Post "https://cert-manager-webhook.cert-manager.svc:443/mutate?'
    'timeout=10s": no endpoints available for service "cert-manager-webhook"'
)
TERMINATING = (
    'Error from server (Forbidden): error when creating "STDIN": configmaps "x" is forbidden: unable to create new '
    "content in namespace auth because it is being terminated"
)
NO_BACKUP = (
    'resource mapping not found for name: "x" namespace: "" from "STDIN": no matches for kind "Backup" in version '
    '"example.com/v1"'
)


def make_object(kind: str, name: str, *, namespace: str = NAMESPACE, **fields: Object) -> Object:
    metadata = {"name": name, "namespace": namespace, "uid": f"uid-of-{name}", "resourceVersion": RESOURCE_VERSION}
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata, **fields}


def make_deployment(*, replicas: int = 1, **status: object) -> Object:
    spec = {"replicas": replicas, "template": {"metadata": {"labels": LABELS}, "spec": {}}}
    return make_object("Deployment", "cert-manager-webhook", spec=spec, status=status)


def make_configuration(kind: str = "ValidatingWebhookConfiguration", **service: object) -> Object:
    client = {"service": {"name": "cert-manager-webhook", "namespace": NAMESPACE, "path": "/mutate", **service}}
    webhooks = [{"name": "other.example.com", "clientConfig": {"url": "https://10.0.0.1"}}]
    webhooks.append({"name": "webhook.cert-manager.io", "clientConfig": client})
    return {**make_object(kind, "cert-manager-webhook"), "webhooks": webhooks}


def parse(message: str, *defined: tuple[str, str]) -> list[Rejection]:
    return parse_rejections(message, 1, Definitions(set(defined), set()))


def trace(kube: Kube, message: str = MESSAGE, *manifests: Object) -> tuple[Trace, str]:
    """Return the trace of a rejection without patience, and its only blocker as a text; empty if there is none."""
    defined = [("example.com/v1", "Backup")]
    result = RejectionTracer(kube, manifests, 0).trace(parse(message, *defined))
    return result, "".join(map(str, result.lasting))


@pytest.fixture(autouse=True)
def _webhook(cluster: FakeCluster) -> None:
    """A webhook with its Service; its Deployment has no pod yet."""
    for kind in rejection_tracing.CONFIGURATIONS:
        cluster.objects[kind] = [make_configuration(kind)]
    service = make_object("Service", "cert-manager-webhook", spec={"ports": [{"port": 443}], "selector": LABELS})
    cluster.objects["Service"] = [service]
    cluster.objects["Deployment"] = [make_deployment()]


def test_pod_that_is_starting_is_awaited(kube: Kube, cluster: FakeCluster) -> None:
    cluster.objects["Pod"] = [pod("webhook-1", namespace=NAMESPACE, waiting="ContainerCreating")]
    result, blocker = trace(kube)
    assert result.awaited == (
        "webhook webhook.cert-manager.io: Service cert-manager/cert-manager-webhook, pod webhook-1 (ContainerCreating)",
    )
    assert blocker == ""


@pytest.mark.parametrize(
    ("blocked", "expected"),
    [
        (pod("webhook-1", namespace=NAMESPACE, waiting="ImagePullBackOff"), "its image cannot be pulled"),
        (pod("webhook-1", namespace=NAMESPACE, waiting="CrashLoopBackOff"), "its container keeps crashing"),
        (
            pod("webhook-1", namespace=NAMESPACE, unschedulable="0/1 nodes: 1 Insufficient cpu."),
            "no node has enough free resources",
        ),
    ],
)
def test_pod_that_cannot_start_is_a_blocker(kube: Kube, cluster: FakeCluster, blocked: Object, expected: str) -> None:
    cluster.objects["Pod"] = [blocked]
    assert f"pod {NAMESPACE}/webhook-1" in trace(kube)[1]
    assert expected in trace(kube)[1]


def test_blocker_counts_after_the_patience_only(kube: Kube, cluster: FakeCluster) -> None:
    cluster.objects["Pod"] = [pod("webhook-1", namespace=NAMESPACE, waiting="ImagePullBackOff")]
    assert RejectionTracer(kube, (), 20).trace(parse(MESSAGE)).lasting == ()


def test_observation_is_reused_for_two_seconds(kube: Kube, cluster: FakeCluster) -> None:
    tracer = RejectionTracer(kube, (), 20)
    tracer.trace(parse(MESSAGE))
    number = len(cluster.requests)
    tracer.trace(parse(MESSAGE))
    assert len(cluster.requests) == number > 0


def test_blocker_lasts_during_a_long_round(kube: Kube, cluster: FakeCluster, journal: Journal) -> None:
    """Each call of a webhook that does not answer takes up to 30 s."""
    cluster.objects["Pod"] = [pod("webhook-1", namespace=NAMESPACE, waiting="ImagePullBackOff")]
    tracer = RejectionTracer(kube, (), 0.2)
    assert tracer.trace(parse(MESSAGE)).lasting == ()
    wait_until(
        poll(lambda: tracer.trace(parse(MESSAGE)).lasting),
        satisfied=lambda lasting: len(lasting) == 1,
        timeout=10,
        waiting_for="the blocker to last",
        journal=journal,
    )


def test_ready_pod_is_no_blocker(kube: Kube, cluster: FakeCluster) -> None:
    """The API server cannot reach the webhook, or does not trust it."""
    pods = [
        pod("webhook-1", namespace=NAMESPACE, ready=True),
        pod("webhook-2", namespace=NAMESPACE, waiting="ErrImagePull"),
    ]
    cluster.objects["Pod"] = pods
    result, blocker = trace(kube)
    assert result.awaited[0].endswith("which has a ready pod")
    assert blocker == ""


def test_ended_pods_do_not_count(kube: Kube, cluster: FakeCluster) -> None:
    evicted = pod("webhook-1", namespace=NAMESPACE, waiting="ImagePullBackOff")
    evicted["status"]["phase"] = "Failed"
    cluster.objects["Pod"] = [evicted]
    assert trace(kube)[1] == ""


def test_rejected_pods_of_the_workload_are_a_blocker(kube: Kube, cluster: FakeCluster) -> None:
    message = 'pods "webhook-1" is forbidden: exceeded quota: small, requested: pods=1, used: pods=0, limited: pods=0'
    condition = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": message}
    cluster.objects["Deployment"] = [make_deployment(conditions=[condition])]
    blocker = trace(kube)[1]
    assert "Deployment cert-manager/cert-manager-webhook" in blocker
    assert "exceeded quota: small" in blocker


def test_stopped_workload_is_a_blocker(kube: Kube, cluster: FakeCluster) -> None:
    cluster.objects["Deployment"] = [make_deployment(replicas=0)]
    result, blocker = trace(kube)
    assert "Deployment cert-manager/cert-manager-webhook" in blocker
    assert "it is set to 0 replicas" in blocker
    remedy = "`kubectl scale -n cert-manager deployment/cert-manager-webhook --replicas=1`"
    assert remedy in result.lasting[0].explanation.remedy


def test_missing_workload_is_a_blocker_unless_it_is_in_the_manifests(kube: Kube, cluster: FakeCluster) -> None:
    cluster.objects["Deployment"] = []
    assert "the Service selects no pod, and no workload creates such pods" in trace(kube)[1]
    assert trace(kube, MESSAGE, make_deployment())[1] == ""


def test_missing_service_is_a_blocker_unless_it_is_in_the_manifests(kube: Kube, cluster: FakeCluster) -> None:
    [service] = cluster.objects.pop("Service")
    result, blocker = trace(kube)
    assert blocker.startswith("Service cert-manager/cert-manager-webhook, webhook webhook.cert-manager.io: the Service")
    remedy = result.lasting[0].explanation.remedy
    names = "mutatingwebhookconfiguration/cert-manager-webhook validatingwebhookconfiguration/cert-manager-webhook"
    assert f"`kubectl delete {names}`" in remedy
    result, blocker = trace(kube, MESSAGE, service)
    assert result.awaited[0].endswith("which does not exist yet")
    assert blocker == ""


def test_port_that_the_service_lacks_is_a_blocker(kube: Kube, cluster: FakeCluster) -> None:
    cluster.objects["MutatingWebhookConfiguration"] = [make_configuration(port=9443)]
    assert "the Service has no port 9443" in trace(kube)[1]
    assert "its ports are 443" in trace(kube)[1]


def test_service_of_an_unknown_webhook_is_that_of_the_message(kube: Kube, cluster: FakeCluster) -> None:
    """A conversion webhook is in a CRD, and has no configuration."""
    for kind in rejection_tracing.CONFIGURATIONS:
        cluster.objects[kind] = []
    message = (
        "Error from server: conversion webhook for example.com/v1, Kind=Backup failed: Post "
        '"https://missing.cert-manager.svc:443/convert?timeout=30s": service "missing" not found'
    )
    assert trace(kube, message)[1].startswith(
        "Service cert-manager/missing, webhook for the conversion of example.com/v1"
    )


def test_external_webhook_is_not_followed(kube: Kube) -> None:
    message = (
        'Error from server (InternalError): Internal error occurred: failed calling webhook "other.example.com": '
        "failed "
        'to call webhook: Post "https://10.0.0.1/?timeout=10s": dial tcp 10.0.0.1:443: connect: connection refused'
    )
    assert trace(kube, message) == (Trace(), "")


def test_unreachable_api_server_keeps_the_last_trace(cluster: FakeCluster, kube: Kube) -> None:
    cluster.groups.remove("/apis/admissionregistration.k8s.io/v1")
    cluster.set_status("/api/v1", 503)
    assert trace(kube, TERMINATING) == (Trace(), "")


def make_namespace(*conditions: tuple[str, str], finalizers: list[str] | None = None) -> Object:
    """Return a namespace that is being deleted; its conditions are those of the namespace controller."""
    namespace = make_object("Namespace", "auth")
    namespace["metadata"] |= {"deletionTimestamp": "2026-11-27T15:37:18Z", "finalizers": finalizers or []}
    listed = [{"type": kind, "status": "True", "message": message} for kind, message in conditions]
    listed.append({"type": "NamespaceDeletionContentFailure", "status": "False", "message": "All content deleted"})
    return {**namespace, "status": {"phase": "Terminating", "conditions": listed}}


REMAINING = ("NamespaceContentRemaining", "Some resources are remaining: configmaps. has 1 resource instances")
FINALIZERS = (
    "NamespaceFinalizersRemaining",
    "Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances",
)
DISCOVERY = (
    "NamespaceDeletionDiscoveryFailure",
    "Discovery failed for some groups, 1 failing: unable to retrieve the complete list of server APIs: "
    "metrics.k8s.io/v1beta1: the server is currently unable to handle the request",
)


@pytest.mark.parametrize(
    ("namespace", "expected"),
    [
        (
            make_namespace(REMAINING, FINALIZERS),
            "configmaps. has 1 resource instances; Some content in the namespace has",
        ),
        (make_namespace(REMAINING, FINALIZERS), "example.com/hold"),
        (make_namespace(DISCOVERY), "metrics.k8s.io/v1beta1"),
        (make_namespace(finalizers=["controller.cattle.io/namespace-auth"]), "controller.cattle.io/namespace-auth"),
    ],
)
def test_namespace_with_finalizers_is_a_blocker(
    kube: Kube, cluster: FakeCluster, namespace: Object, expected: str
) -> None:
    cluster.objects["Namespace"] = [namespace]
    result, blocker = trace(kube, TERMINATING)
    assert blocker.startswith("namespace auth, deletion: ")
    assert expected in blocker
    assert "-n auth" in result.lasting[0].explanation.remedy


@pytest.mark.parametrize(
    "namespace",
    [
        make_namespace(REMAINING),
        make_namespace(
            ("NamespaceContentRemaining", "Some resources are remaining: pods. has 2 resource instances"),
            (
                "NamespaceFinalizersRemaining",
                "Some content in the namespace has finalizers remaining: kubernetes.io/pvc-protection in 1 resource "
                "instances",
            ),
        ),
    ],
)
def test_deletion_that_is_in_progress_is_awaited(kube: Kube, cluster: FakeCluster, namespace: Object) -> None:
    cluster.objects["Namespace"] = [namespace]
    result, blocker = trace(kube, TERMINATING)
    assert result.awaited == ("namespace auth, which is being deleted",)
    assert blocker == ""


def make_crd(*conditions: Object, **metadata: str) -> Object:
    crd = make_object("CustomResourceDefinition", "backups.example.com", status={"conditions": list(conditions)})
    crd["metadata"] |= metadata
    return {**crd, "spec": {"group": "example.com", "names": {"kind": "Backup"}}}


def test_crd_with_names_of_another_one_is_a_blocker(kube: Kube, cluster: FakeCluster) -> None:
    message = '"BackupList" is already in use'
    cluster.objects["CustomResourceDefinition"] = [
        make_crd({"type": "NamesAccepted", "status": "False", "reason": "ListKindConflict", "message": message})
    ]
    blocker = trace(kube, NO_BACKUP, make_crd())[1]
    assert blocker == f"CRD backups.example.com, names: another CRD has the same names ({message})"


def test_crd_that_is_being_deleted_is_a_blocker(kube: Kube, cluster: FakeCluster) -> None:
    condition = {"type": "Terminating", "status": "True", "message": "CustomResource deletion is in progress"}
    cluster.objects["CustomResourceDefinition"] = [make_crd(condition, deletionTimestamp="2026-11-27T15:37:18Z")]
    assert "CustomResource deletion is in progress" in trace(kube, NO_BACKUP, make_crd())[1]


def test_accepted_crd_is_no_blocker(kube: Kube, cluster: FakeCluster) -> None:
    cluster.objects["CustomResourceDefinition"] = [make_crd({"type": "NamesAccepted", "status": "True"})]
    assert trace(kube, NO_BACKUP, make_crd()) == (Trace(), "")


def test_blockers_that_often_disappear_do_not_count(kube: Kube, cluster: FakeCluster) -> None:
    starting = pod("webhook-1", namespace=NAMESPACE, waiting="ContainerCreating")
    cluster.objects["Pod"] = [starting]
    metadata = {"name": "event-1", "namespace": NAMESPACE, "uid": "1", "resourceVersion": RESOURCE_VERSION}
    event = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": metadata,
        "involvedObject": {"kind": "Pod", "name": "webhook-1", "uid": starting["metadata"]["uid"]},
        "reason": "FailedMount",
        "message": 'MountVolume.SetUp failed for volume "certs" : secret "webhook-tls" not found',
        "lastTimestamp": "2026-11-24T10:00:00Z",
    }
    cluster.objects["Event"] = [event]
    assert trace(kube)[1] == ""


def test_crd_is_not_read_in_the_first_rounds(kube: Kube, cluster: FakeCluster) -> None:
    cluster.objects["CustomResourceDefinition"] = [make_crd(deletionTimestamp="2026-11-27T15:37:18Z")]
    rejections = parse(NO_BACKUP, ("example.com/v1", "Backup"))
    assert RejectionTracer(kube, [make_crd()], 20).trace(rejections) == Trace()
