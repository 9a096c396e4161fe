"""Applying the suite's own objects with server-side apply.

kubectl is not used: before it applies anything, it requests the OpenAPI document, which the API server rebuilds if a
CRD has been created since the last request. While Kubeflow's CRDs are created, each request occupies a CPU for seconds.
"""

from __future__ import annotations

from collections.abc import Sequence

import yaml

from lab.errors import UnreachableError
from lab.k8s.client import Kube
from lab.k8s.objects import Object
from lab.run.waiting import poll, wait_until

WEBHOOK_NOT_READY = ("failed calling webhook", "no endpoints available", "connection refused", "EOF")
"""Parts of the reasons for which the API server rejects an object as long as a webhook does not answer."""
NOT_SERVED = "the API server does not serve the kind"
"""The beginning of the reason of Kube.apply for a kind that is unknown, or whose CRD was created a moment ago."""


def apply_objects(kube: Kube, objects: Sequence[Object], *, timeout: float = 60) -> None:
    """Apply objects in their order, repeatedly as long as a webhook does not answer, or their kind is not served.

    Args:
        kube: The API of the cluster.
        objects: The objects.
        timeout: Seconds after which the wait for the webhook or the kind fails.

    Raises:
        UnrecoverableError: If the API server rejects an object.
        WaitTimeoutError: If the time is up.
    """

    def apply_all() -> str:
        return next(filter(None, map(kube.apply, objects)), "")

    names = ", ".join(f"{obj['kind']} {obj['metadata']['name']}" for obj in objects)
    with kube.journal.record("objects", yaml.safe_dump_all(objects, sort_keys=False)):
        wait_until(
            poll(apply_all, every=0.5, transient=(UnreachableError,)),
            satisfied=lambda reason: not reason,
            unrecoverable=_explain_rejection,
            timeout=timeout,
            waiting_for=f"the API server to accept {names}",
            journal=kube.journal,
            remedy="read the reason above; `kubectl get pods -A` shows the pod that serves the webhook",
        )


def _explain_rejection(reason: str) -> str | None:
    """Return a text if the API server rejects an object permanently; None if it may accept the object later."""
    return None if any(part in reason for part in (*WEBHOOK_NOT_READY, NOT_SERVED)) else "the API server rejects it"
