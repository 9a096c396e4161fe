"""The last hop: the pods of a Service."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from lab.k8s.objects import Object, ObjectRef, get_nested
from lab.k8s.readiness import describe_unready, is_ready
from lab.k8s.sidecars import SIDECAR, list_containers
from lab.request_path.findings import Finding
from lab.request_path.snapshot import Snapshot

HOP = "pod"


def check_pods(snapshot: Snapshot, pods: Sequence[Object]) -> Iterator[Finding]:
    """Yield that no pod is ready, with the failing probe in the words of the kubelet.

    Args:
        snapshot: The objects of the cluster.
        pods: The pods that a Service selects, at least one.
    """
    if not any(map(is_ready, pods)):
        pod = pods[0]
        [state] = describe_unready([pod], snapshot.list_objects("Event"))
        ref = ObjectRef("Pod", pod["metadata"]["name"], pod["metadata"]["namespace"])
        command = f"kubectl describe -n {ref.namespace} pod/{ref.name}"
        yield Finding(
            HOP, ref, "status.conditions[Ready]", "True", f"False: {state}", remedy=f"find the reason: `{command}`"
        )


def list_ports(pod: Object) -> list[Object]:
    """Return the ports that the containers of a pod declare."""
    return [port for container in list_containers(pod) for port in container.get("ports") or []]


def declares_all_ports(pod: Object) -> bool:
    """Return whether each container declares ports, apart from a sidecar, so that an undeclared port is unusual."""
    containers = list_containers(pod)
    own = [container for container in containers if container.get("name") != SIDECAR] or containers
    return bool(own) and all(container.get("ports") for container in own)


def find_principal(pods: Sequence[Object], trust_domain: str = "cluster.local") -> str:
    """Return the identity that Istio gives to pods, which follows from their ServiceAccount; empty without pods."""
    if not pods:
        return ""
    account = get_nested(pods[0], "spec", "serviceAccountName") or "default"
    return f"{trust_domain}/ns/{pods[0]['metadata']['namespace']}/sa/{account}"


def find_workload(snapshot: Snapshot, namespace: str, labels: Mapping[str, str]) -> Object | None:
    """Return a workload whose pods have some labels, or None."""
    workloads = [
        obj for kind in ("Deployment", "StatefulSet", "DaemonSet") for obj in snapshot.list_objects(kind, namespace)
    ]
    return next((obj for obj in workloads if labels.items() <= template_labels(obj).items()), None)


def template_labels(workload: Object) -> Mapping[str, str]:
    """Return the labels of a workload's pods."""
    return get_nested(workload, "spec", "template", "metadata", "labels") or {}
