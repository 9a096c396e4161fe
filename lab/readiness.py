"""Whether pods are ready, and when they never will be."""

from __future__ import annotations

from lab.kube import Kube, Object
from lab.obstacles import PULL_FAILED, Obstacle, of_containers, unscheduled
from lab.waiting import Hopeless, wait_until


def is_ready(one: Object) -> bool:
    """Tells whether a pod or a node has the condition Ready."""
    return _condition(one, "Ready") == "True"


def not_ready(objects: list[Object]) -> list[str]:
    """The pods or nodes that are not ready, by name, with what is known of their state."""
    return [f"{one['metadata']['name']} ({_state(one)})" for one in objects if not is_ready(one)]


def hopeless(pod: Object) -> Obstacle | None:
    """Why the containers of a pod cannot become ready; None while they can.

    A pull that has failed once is tried again soon. That no node takes a pod is not told here: at first, nodes are not
    ready themselves.
    """
    return next((one for one in of_containers(pod) if not one.said.startswith(PULL_FAILED)), None)


def wait_for_pods(kube: Kube, namespace: str, selector: str, count: int, timeout: float, what: str) -> None:
    """Waits until a number of pods are there and ready, by one watch.

    Raises LabError at once when one of them can never become ready, and when time is up.
    """

    def lost(pods: list[Object]) -> Hopeless | None:
        obstacle = next(filter(None, map(hopeless, pods)), None)
        return Hopeless(str(obstacle), obstacle.meaning.remedy) if obstacle else None

    wait_until(
        kube.watching("Pod", namespace, selector),
        satisfied=lambda pods: len(pods) >= count and all(map(is_ready, pods)),
        hopeless=lost,
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
    return ", ".join(reasons) or unscheduled(pod) or str(status.get("phase") or "not Ready")


def _condition(one: Object, kind: str) -> str:
    conditions = (one.get("status") or {}).get("conditions") or []
    return next((condition["status"] for condition in conditions if condition["type"] == kind), "Unknown")
