"""Kubeflow's gateway, the Istio ingress gateway: both entry points forward requests to it."""

from __future__ import annotations

NAMESPACE, SERVICE, PORT = "istio-system", "istio-ingressgateway", 80
"""The Service of the gateway. Its Deployment has the same name."""
