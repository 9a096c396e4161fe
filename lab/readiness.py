"""Whether pods are ready, and when they never will be."""

from __future__ import annotations

from lab.kube import Kube, Object
from lab.waiting import wait_until

HOPELESS = {
    "ErrImageNeverPull": "its image is not on the node, and must not be pulled",
    "ImagePullBackOff": "its image cannot be pulled",
    "InvalidImageName": "its image has no valid name",
    "CrashLoopBackOff": "its container keeps crashing",
    "CreateContainerConfigError": "its container refers to something that is not there",
}
"""Reasons for which the kubelet keeps a container waiting and that do not pass by themselves."""


def is_ready(one: Object) -> bool:
    """Tells whether a pod or a node has the condition Ready."""
    return _condition(one, "Ready") == "True"


def not_ready(objects: list[Object]) -> list[str]:
    """The pods or nodes that are not ready, by name, with what is known of their state."""
    return [f"{one['metadata']['name']} ({_state(one)})" for one in objects if not is_ready(one)]


def hopeless(pod: Object) -> str | None:
    """Why a pod cannot become ready, with its name and the kubelet's reason; None while it can."""
    status = pod.get("status") or {}
    for container in [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]:
        waiting = (container.get("state") or {}).get("waiting") or {}
        if meaning := HOPELESS.get(waiting.get("reason", "")):
            name = f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
            said = f"{waiting['reason']}: {waiting.get('message', '')}"
            return f"pod {name}, container {container['name']}: {meaning} ({said})"
    return None


def wait_for_pods(kube: Kube, namespace: str, selector: str, count: int, timeout: float, what: str) -> None:
    """Waits until a number of pods are there and ready, by one watch.

    Raises LabError at once when one of them can never become ready, and when time is up.
    """
    wait_until(
        kube.watching("Pod", namespace, selector),
        satisfied=lambda pods: len(pods) >= count and all(map(is_ready, pods)),
        hopeless=lambda pods: next(filter(None, map(hopeless, pods)), None),
        show=_shown,
        timeout=timeout,
        what=what,
        remedy=f"`python -m lab exec -- kubectl describe pods -n {namespace} -l {selector}` says more",
    )


def _shown(pods: list[Object]) -> str:
    return "\n".join(f"{pod['metadata']['name']}: {_state(pod)}" for pod in pods) or "no pod yet"


def _state(pod: Object) -> str:
    if is_ready(pod):
        return "ready"
    status = pod.get("status") or {}
    reasons = [
        waiting["reason"]
        for container in status.get("containerStatuses") or []
        if (waiting := (container.get("state") or {}).get("waiting"))
    ]
    return ", ".join(reasons) or str(status.get("phase") or "not Ready")


def _condition(one: Object, kind: str) -> str:
    conditions = (one.get("status") or {}).get("conditions") or []
    return next((condition["status"] for condition in conditions if condition["type"] == kind), "Unknown")
