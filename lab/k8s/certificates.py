"""The readiness of Certificates: cert-manager has issued them, and has stored them in their Secrets."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from lab.k8s.api_versions import API_VERSIONS
from lab.k8s.client import Kube
from lab.k8s.objects import Object, ObjectRef, get_nested, namespace_of
from lab.k8s.readiness import is_ready
from lab.run.waiting import wait_until

KIND = "Certificate"
REMEDY = (
    "`kubectl describe certificates.cert-manager.io,issuers.cert-manager.io -A` shows what is missing, and "
    "`kubectl logs -n cert-manager deployment/cert-manager` why"
)


def list_certificates(manifests: Iterable[Object]) -> list[ObjectRef]:
    """Return the Certificates of cert-manager among objects; Knative has a kind of the same name."""
    group = API_VERSIONS[KIND].partition("/")[0]
    return [
        ObjectRef(KIND, obj["metadata"]["name"], namespace_of(obj))
        for obj in manifests
        if obj["kind"] == KIND and obj["apiVersion"].startswith(f"{group}/")
    ]


def describe_unready(required: Collection[ObjectRef], existing: Iterable[Object]) -> list[str]:
    """Return a text for each Certificate that is not ready, with the reason of cert-manager and the issuer.

    Args:
        required: The Certificates that must be ready.
        existing: The Certificates of the cluster.
    """
    by_ref = {ObjectRef.from_object(obj): obj for obj in existing}
    return [
        f"{ref} is not ready: {_describe_state(by_ref.get(ref))}"
        for ref in required
        if ref not in by_ref or not is_ready(by_ref[ref])
    ]


def wait_until_ready(
    kube: Kube,
    required: Sequence[ObjectRef],
    timeout: float,
    waiting_for: str = "the Certificates of the manifests to be ready",
) -> None:
    """Wait until Certificates are ready.

    Args:
        kube: The API of the cluster.
        required: The Certificates.
        timeout: Seconds after which the wait fails.
        waiting_for: The awaited state.

    Raises:
        WaitTimeoutError: If the time is up.
    """
    if required:
        wait_until(
            kube.watch(KIND),
            satisfied=lambda existing: not describe_unready(required, existing),
            describe=lambda existing: "\n".join(describe_unready(required, existing)),
            timeout=timeout,
            waiting_for=waiting_for,
            journal=kube.journal,
            remedy=REMEDY,
        )


def _describe_state(certificate: Object | None) -> str:
    """Return what cert-manager reports about a Certificate, and its issuer."""
    if certificate is None:
        return "it does not exist"
    conditions = get_nested(certificate, "status", "conditions") or []
    reasons = [
        f"{condition.get('reason')}: {condition.get('message')}"
        for condition in conditions
        if condition["type"] == "Ready"
    ]
    issuer = get_nested(certificate, "spec", "issuerRef") or {}
    reason = next(iter(reasons), "cert-manager has not reported anything about it")
    return f"{reason} (its issuer is {issuer.get('kind', 'Issuer')} {issuer.get('name')})"
