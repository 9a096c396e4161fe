"""Kubeflow's gateway, an Istio ingress gateway: all entry points forward requests to it."""

from __future__ import annotations

from lab.config.settings import Settings
from lab.k8s.objects import ObjectRef

PORT = 80
"""The port of its Service."""


def find_service(settings: Settings) -> ObjectRef:
    """Return the Service of the gateway. Its Deployment has the same name, in Istio's manifests and in its chart."""
    namespace, _, name = settings.gateway_service.partition("/")
    return ObjectRef("Service", name, namespace)


def read_log(settings: Settings) -> str:
    """Return the command that shows the log of the gateway."""
    service = find_service(settings)
    return f"`kubectl logs -n {service.namespace} deployment/{service.name}`"
