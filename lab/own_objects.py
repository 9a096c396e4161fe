"""Applying objects of the suite's own, on the server's side.

Not by kubectl: before it applies anything, it has the API server make its whole OpenAPI anew if a CRD has come since.
While Kubeflow's CRDs come, that keeps a processor busy for seconds each time.
"""

from __future__ import annotations

from collections.abc import Sequence

import yaml

from lab.journal import JOURNAL
from lab.kube import Kube, Object, UnreachableError
from lab.waiting import polling, wait_until

NOT_READY_YET = ("failed calling webhook", "no endpoints available", "connection refused", "EOF")
"""Signs that a webhook of the API server does not answer yet, which passes by itself."""


def apply(kube: Kube, objects: Sequence[Object], *, timeout: float = 60) -> None:
    """Applies objects in their order, again and again as long as a webhook that must look at them does not answer yet.

    Raises LabError when the API server refuses one, or when time is up.
    """
    names = ", ".join(f"{one['kind']} {one['metadata']['name']}" for one in objects)

    def permanent(reason: str) -> str | None:
        return None if any(sign in reason for sign in NOT_READY_YET) else "the API server refuses it"

    with JOURNAL.entry("objects", yaml.safe_dump_all(objects, sort_keys=False)):
        wait_until(
            polling(lambda: next(filter(None, map(kube.apply, objects)), ""), every=0.5, passing=(UnreachableError,)),
            satisfied=lambda reason: not reason,
            hopeless=permanent,
            timeout=timeout,
            what=f"the API server accepts {names}",
            remedy="see the refusal above; `python -m lab exec -- kubectl get pods -A` shows what serves the webhook",
        )
