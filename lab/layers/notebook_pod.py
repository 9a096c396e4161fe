"""The pod of a notebook, and whether it could be created: a notebook object exists even if its pod is rejected."""

from __future__ import annotations

from lab.errors import LabError
from lab.k8s.client import Kube
from lab.k8s.objects import Object
from lab.k8s.rejections import explain_rejection

NAME = "kubeflow-lab-dry-run"
SERVICE_ACCOUNT = "default-editor"
"""The ServiceAccount of notebooks, which the Profile controller creates in the namespace of each Profile."""
REQUESTS, LIMITS = {"cpu": "100m", "memory": "100Mi"}, {"cpu": "120m", "memory": "120Mi"}
"""The resources of a small notebook; the web app for notebooks sets limits to 1.2 times the requests."""
NO_DRY_RUN = "does not support dry run"
"""A part of the API server's rejection if it would have to call a webhook that may have side effects."""


def build_notebook_pod(namespace: str) -> Object:
    """Return a pod with the labels, the ServiceAccount and the resources that the pod of a notebook has."""
    labels = {"app": NAME, "notebook-name": NAME, "statefulset": NAME}
    container = {"name": NAME, "image": "nginx", "resources": {"requests": REQUESTS, "limits": LIMITS}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": NAME, "namespace": namespace, "labels": labels},
        "spec": {"serviceAccountName": SERVICE_ACCOUNT, "containers": [container]},
    }


def check_pod_accepted(kube: Kube, pod: Object) -> None:
    """Check in a dry run that the API server would accept a pod; nothing is created.

    Quotas, Pod Security, ServiceAccounts and webhooks decide as for a real pod. If a webhook does not support dry runs,
    nothing is known about the pod, and it is taken as accepted.

    Args:
        kube: The API of the cluster.
        pod: The pod.

    Raises:
        LabError: If it would be rejected, with the API server's words.
    """
    reason = kube.apply(pod, dry_run=True)
    if reason and NO_DRY_RUN not in reason:
        namespace = pod["metadata"]["namespace"]
        explanation = explain_rejection(reason, namespace)
        raise LabError(
            f"no notebook can start in the namespace {namespace}: {explanation.summary}",
            seen=f"the API server rejects a pod in a dry run: {reason}",
            remedy=explanation.remedy,
        )
