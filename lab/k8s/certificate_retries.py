"""Retries of Certificates that cert-manager has failed to issue for a reason of its own.

While cert-manager starts, it sometimes creates two private keys for one Certificate, deletes the one that the request
was signed with, and tries again after an hour (cert-manager/cert-manager#6331).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection
from contextlib import suppress
from threading import Event

from lab.k8s import certificates
from lab.k8s.client import TRANSIENT_ERRORS, Kube
from lab.k8s.objects import Object, ObjectRef, get_nested
from lab.run.background import on_cancel
from lab.run.shell import Shell

RESOURCE = "certificates.cert-manager.io"
"""The resource for kubectl; Knative has a kind of the same name."""
LOST_KEY = "CSR not signed by referenced private key"
"""A part of cert-manager's message."""
RETRY = json.dumps({"status": {"lastFailureTime": None, "failedIssuanceAttempts": None}})
"""The patch after which cert-manager tries again at once."""
INTERVAL, MAX_RETRIES = 2.0, 3


def retry_until_cancelled(
    kube: Kube,
    shell: Shell,
    required: Collection[ObjectRef],
    report: Callable[[str], None],
    interval: float = INTERVAL,
) -> None:
    """Let cert-manager retry failed Certificates, each a few times, until this background task is cancelled.

    Args:
        kube: The API of the cluster.
        shell: Runs kubectl.
        required: The Certificates.
        report: Receives a line for each retry.
        interval: Seconds between two checks.
    """
    cancelled, retries = Event(), Counter[ObjectRef]()
    with on_cancel(cancelled.set):
        while not cancelled.wait(interval):
            with suppress(*TRANSIENT_ERRORS):
                for obj in kube.list_objects(certificates.KIND):
                    ref = ObjectRef.from_object(obj)
                    if ref in required and has_lost_key(obj) and retries[ref] < MAX_RETRIES:
                        retries[ref] += 1
                        report(f"{ref} failed ({LOST_KEY}); cert-manager tries again")
                        _retry(ref, shell)


def has_lost_key(certificate: Object) -> bool:
    """Return whether cert-manager has failed to issue a Certificate because it had deleted the private key."""
    conditions = get_nested(certificate, "status", "conditions") or []
    return any(
        condition["type"] == "Issuing" and condition["status"] == "False" and LOST_KEY in condition.get("message", "")
        for condition in conditions
    ) and bool(get_nested(certificate, "status", "lastFailureTime"))


def _retry(ref: ObjectRef, shell: Shell) -> None:
    target = (f"{RESOURCE}/{ref.name}", f"--namespace={ref.namespace}")
    shell.run("kubectl", "patch", *target, "--subresource=status", "--type=merge", f"--patch={RETRY}")
