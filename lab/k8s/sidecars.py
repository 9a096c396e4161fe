"""Istio's sidecars: the pods that have one, and the namespaces whose pods get one."""

from __future__ import annotations

from lab.k8s.objects import Object, get_nested

SIDECAR = "istio-proxy"
"""The container of Istio's proxy, in a pod and in the pod of a gateway."""
INJECTION, REVISION = "istio-injection", "istio.io/rev"
"""The labels of namespaces whose pods get a sidecar."""
NO_INJECTION = {"sidecar.istio.io/inject": "false"}
"""The label of pods that get no sidecar."""


def list_containers(pod: Object) -> list[Object]:
    """Return the containers of a pod, and its init containers that keep running, such as native sidecars."""
    spec = pod.get("spec") or {}
    sidecars = [each for each in spec.get("initContainers") or [] if each.get("restartPolicy") == "Always"]
    return [*(spec.get("containers") or []), *sidecars]


def has_sidecar(pod: Object) -> bool:
    """Return whether Istio's proxy receives the requests to a pod."""
    return any(container.get("name") == SIDECAR for container in list_containers(pod))


def has_injection(namespace: Object | None) -> bool:
    """Return whether the pods of a namespace get a sidecar."""
    labels = get_nested(namespace, "metadata", "labels") or {}
    return labels.get(INJECTION) == "enabled" or REVISION in labels
