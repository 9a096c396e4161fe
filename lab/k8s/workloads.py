"""The readiness of single workloads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from lab.k8s.objects import Object, qualified_name

WORKLOADS = ("Deployment", "StatefulSet")


def is_workload_ready(workload: Object) -> bool:
    """Return whether all replicas of a Deployment or StatefulSet are ready and of the newest revision.

    There must be no further pods: during a rollout there are old ones, which are still ready, and new ones. A workload
    with 0 replicas is ready when it has no pods.
    """
    status, replicas = workload.get("status") or {}, workload["spec"].get("replicas", 1)
    is_observed = status.get("observedGeneration", 0) >= workload["metadata"].get("generation", 0)
    counts = {status.get(count, 0) for count in ("replicas", "readyReplicas", "updatedReplicas")}
    return bool(is_observed) and counts == {replicas}


def describe_workload(workload: Object) -> str:
    """Return name and replicas of a workload, as in "auth/dex (0 of 1 ready)"."""
    return f"{qualified_name(workload)} ({describe_replicas(workload)})"


def count_ready(workloads: Iterable[Object]) -> str:
    """Return the numbers of ready and of all workloads by namespace, as in "auth 0/1, kubeflow 20/30"."""
    counts: dict[str, list[bool]] = defaultdict(list)
    for workload in workloads:
        counts[workload["metadata"]["namespace"]].append(is_workload_ready(workload))
    return ", ".join(f"{namespace} {sum(ready)}/{len(ready)}" for namespace, ready in sorted(counts.items()))


def describe_replicas(workload: Object) -> str:
    """Return the numbers of ready and of all replicas, as in "0 of 1 ready"."""
    ready, replicas = (workload.get("status") or {}).get("readyReplicas", 0), workload["spec"].get("replicas", 1)
    return f"{ready} of {replicas} ready"
