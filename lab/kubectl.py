"""Applying manifests with kubectl, as the tutorial does."""

from __future__ import annotations

from collections.abc import Sequence

import yaml

from lab.kube import Object
from lab.terminal import Terminal
from lab.waiting import polling, wait_until

NOT_READY_YET = ("failed calling webhook", "no endpoints available", "connection refused", "EOF")
"""Signs that a webhook of the API server does not answer yet, which passes by itself."""


def apply(terminal: Terminal, objects: Sequence[Object], *, timeout: float = 60) -> None:
    """Applies objects, again and again as long as a webhook that must look at them does not answer yet.

    Raises LabError when the API server refuses them, or when time is up.
    """
    manifest = yaml.safe_dump_all(objects)
    names = ", ".join(f"{one['kind']} {one['metadata']['name']}" for one in objects)

    def refusal() -> str:
        result = terminal.run("kubectl", "apply", "-f", "-", stdin=manifest, may_fail=True)
        return result.last_lines if result.exit_status else ""

    def permanent(reason: str) -> str | None:
        return None if any(sign in reason for sign in NOT_READY_YET) else "the API server refuses it"

    wait_until(
        polling(refusal, every=0.5),
        satisfied=lambda reason: not reason,
        hopeless=permanent,
        timeout=timeout,
        what=f"the API server accepts {names}",
        remedy="see the refusal above; `python -m lab exec -- kubectl get pods -A` shows what serves the webhook",
    )
