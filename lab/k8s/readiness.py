"""The readiness of pods and nodes."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress

from lab.k8s.blocker_tracker import PATIENCE, BlockerTracker
from lab.k8s.blockers import PULL_FAILED, Blocker, container_blockers, scheduling_message, warning_blockers
from lab.k8s.client import TRANSIENT_ERRORS, Kube
from lab.k8s.objects import Object, get_nested, is_terminated
from lab.k8s.workload_blockers import creation_blockers
from lab.run.waiting import Unrecoverable, wait_until


def is_ready(obj: Object) -> bool:
    """Return whether a pod or a node has the condition Ready."""
    conditions = (obj.get("status") or {}).get("conditions") or []
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)


def describe_unready(objects: Iterable[Object], events: Collection[Object] = ()) -> list[str]:
    """Return the name and the state of each pod or node that is not ready.

    Args:
        objects: The pods or nodes.
        events: Events; those about a failing probe or another warning of the kubelet are a part of the state.
    """
    return [f"{obj['metadata']['name']} ({_describe_state(obj, events)})" for obj in objects if not is_ready(obj)]


def list_running_pods(kube: Kube, namespace: str, selector: str) -> list[Object]:
    """Return the pods with some labels that have not ended: evicted pods remain in addition to new ones."""
    return [pod for pod in kube.list_objects("Pod", namespace, selector) if not is_terminated(pod)]


def find_blocker(pod: Object) -> Blocker | None:
    """Return the reason why the containers of a pod can never become ready, or None while they can.

    A first failed pull is no such reason, since it is repeated soon. Neither is a pod that cannot be scheduled: in a
    new cluster, the nodes themselves are not ready yet.
    """
    blockers = container_blockers(pod)
    return next((blocker for blocker in blockers if not blocker.message.startswith(PULL_FAILED)), None)


def wait_for_pods(
    kube: Kube,
    namespace: str,
    selector: str,
    count: int,
    timeout: float,
    waiting_for: str,
    *,
    remedy: str = "",
    patience: float = PATIENCE,
) -> None:
    """Wait until a number of pods exist and all of them are ready, with one watch. Pods that have ended do not count.

    Args:
        kube: The API of the cluster.
        namespace: The namespace of the pods.
        selector: The label selector of the pods.
        count: The minimum number of pods.
        timeout: Seconds after which the wait fails.
        waiting_for: The awaited state, as for wait_until.
        remedy: What to do if the time is up; by default, to describe the pods.
        patience: Seconds for which the API server may reject the pods.

    Raises:
        UnrecoverableError: As soon as one of the pods can never become ready, or is not created.
        WaitTimeoutError: If the time is up.
    """
    tracker = BlockerTracker(patience)

    def unrecoverable(pods: Sequence[Object]) -> Unrecoverable | None:
        running = [pod for pod in pods if not is_terminated(pod)]
        blocker = next(filter(None, map(find_blocker, running)), None)
        if not blocker and len(running) < count:
            rejections = _find_rejections(kube, namespace, selector)
            blocker = next(iter(tracker.update(rejections, (), time.monotonic())), None)
        return Unrecoverable(str(blocker), blocker.explanation.remedy) if blocker else None

    def is_satisfied(pods: Sequence[Object]) -> bool:
        running = [pod for pod in pods if not is_terminated(pod)]
        return len(running) >= count and all(map(is_ready, running))

    wait_until(
        kube.watch("Pod", namespace, selector),
        satisfied=is_satisfied,
        unrecoverable=unrecoverable,
        describe=_describe_pods,
        timeout=timeout,
        waiting_for=waiting_for,
        journal=kube.journal,
        remedy=remedy or f"`kubectl describe pods -n {namespace} -l {selector}` shows the reason",
    )


def _find_rejections(kube: Kube, namespace: str, selector: str) -> list[Blocker]:
    """Return the blockers of workloads in a namespace whose pods match a selector, and are rejected."""
    labels = dict(part.split("=", 1) for part in selector.split(",") if "=" in part).items()
    with suppress(*TRANSIENT_ERRORS):
        creators = [
            obj
            for kind in ("ReplicaSet", "StatefulSet", "DaemonSet")
            for obj in kube.list_objects(kind, namespace)
            if labels <= (get_nested(obj, "spec", "template", "metadata", "labels") or {}).items()
        ]
        events = kube.list_objects("Event", namespace) if creators else []
        return [blocker for obj in creators for blocker in creation_blockers(obj, [], events)]
    return []


def _describe_pods(pods: Sequence[Object]) -> str:
    return "\n".join(f"{pod['metadata']['name']}: {_describe_state(pod)}" for pod in pods) or "no pod yet"


def _describe_state(obj: Object, events: Collection[Object] = ()) -> str:
    if is_ready(obj):
        return "ready"
    status = obj.get("status") or {}
    phase = str(status.get("phase") or "not Ready")
    if reason := status.get("reason"):  # of an ended pod, such as Evicted
        return f"{phase}: {reason}"
    reasons = [
        waiting["reason"]
        for container in status.get("containerStatuses") or []
        if (waiting := (container.get("state") or {}).get("waiting"))
    ]
    return ", ".join(reasons) or scheduling_message(obj) or _describe_phase(obj, phase, events)


def _describe_phase(obj: Object, phase: str, events: Collection[Object]) -> str:
    """Return the phase of a pod; if it runs, with the kubelet's warning, the unmet condition, or unready containers."""
    if phase != "Running":
        return phase
    warnings = (f"container {blocker.container}: {blocker.message}" for blocker in warning_blockers(obj, events))
    conditions = (
        str(condition["message"])
        for condition in obj["status"].get("conditions") or []
        if condition["type"] == "Ready" and condition.get("message")
    )
    detail = next(warnings, None) or next(conditions, None) or _describe_probes(obj)
    return f"{phase}, {detail}" if detail else phase


def _describe_probes(pod: Object) -> str:
    """Return the readiness probes that a pod waits for: those of its containers that are not ready."""
    statuses = pod["status"].get("containerStatuses") or []
    unready = [each["name"] for each in statuses if not each.get("ready")]
    probes = {each["name"]: each.get("readinessProbe") for each in get_nested(pod, "spec", "containers") or []}
    texts = [
        f"container {name} is not ready; its readiness probe: {_describe_probe(probes.get(name))}" for name in unready
    ]
    return ", ".join(texts)


def _describe_probe(probe: Object | None) -> str:
    """Return a probe as in "httpGet :8080/healthz"."""
    if probe is None:
        return "none"
    for kind in ("httpGet", "tcpSocket", "grpc"):
        if target := probe.get(kind):
            return f"{kind} :{target.get('port')}{target.get('path', '')}"
    return f"exec {' '.join(get_nested(probe, 'exec', 'command') or [])}"
