"""The readiness of pods and nodes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lab.k8s.blockers import PULL_FAILED, Blocker, container_blockers, scheduling_message
from lab.k8s.client import Kube
from lab.k8s.objects import Object
from lab.run.waiting import Unrecoverable, wait_until


def is_ready(obj: Object) -> bool:
    """Return whether a pod or a node has the condition Ready."""
    conditions = (obj.get("status") or {}).get("conditions") or []
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)


def describe_unready(objects: Iterable[Object]) -> list[str]:
    """Return the name and the state of each pod or node that is not ready."""
    return [f"{obj['metadata']['name']} ({_describe_state(obj)})" for obj in objects if not is_ready(obj)]


def find_blocker(pod: Object) -> Blocker | None:
    """Return the reason why the containers of a pod can never become ready, or None while they can.

    A first failed pull is no such reason, since it is repeated soon. Neither is a pod that cannot be scheduled: in a
    new cluster, the nodes themselves are not ready yet.
    """
    blockers = container_blockers(pod)
    return next((blocker for blocker in blockers if not blocker.message.startswith(PULL_FAILED)), None)


def wait_for_pods(
    kube: Kube, namespace: str, selector: str, count: int, timeout: float, waiting_for: str, *, remedy: str = ""
) -> None:
    """Wait until a number of pods exist and all of them are ready, with one watch.

    Args:
        kube: The API of the cluster.
        namespace: The namespace of the pods.
        selector: The label selector of the pods.
        count: The minimum number of pods.
        timeout: Seconds after which the wait fails.
        waiting_for: The awaited state, as for wait_until.
        remedy: What to do if the time is up; by default, to describe the pods.

    Raises:
        UnrecoverableError: As soon as one of the pods can never become ready.
        WaitTimeoutError: If the time is up.
    """

    def unrecoverable(pods: Sequence[Object]) -> Unrecoverable | None:
        blocker = next(filter(None, map(find_blocker, pods)), None)
        return Unrecoverable(str(blocker), blocker.explanation.remedy) if blocker else None

    wait_until(
        kube.watch("Pod", namespace, selector),
        satisfied=lambda pods: len(pods) >= count and all(map(is_ready, pods)),
        unrecoverable=unrecoverable,
        describe=_describe_pods,
        timeout=timeout,
        waiting_for=waiting_for,
        journal=kube.journal,
        remedy=remedy or f"`kubectl describe pods -n {namespace} -l {selector}` shows the reason",
    )


def _describe_pods(pods: Sequence[Object]) -> str:
    return "\n".join(f"{pod['metadata']['name']}: {_describe_state(pod)}" for pod in pods) or "no pod yet"


def _describe_state(obj: Object) -> str:
    if is_ready(obj):
        return "ready"
    status = obj.get("status") or {}
    reasons = [
        waiting["reason"]
        for container in status.get("containerStatuses") or []
        if (waiting := (container.get("state") or {}).get("waiting"))
    ]
    return ", ".join(reasons) or scheduling_message(obj) or str(status.get("phase") or "not Ready")
