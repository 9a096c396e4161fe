"""The admission webhook of the Ingress controller, which checks an Ingress before the API server accepts it."""

from __future__ import annotations

from lab.errors import LabError
from lab.k8s.client import Kube
from lab.k8s.objects import Object, ObjectRef
from lab.k8s.rejections import explain_rejection

CONFIGURATION = "ingress-nginx-admission"
"""The ValidatingWebhookConfiguration of the chart, with the tutorial's name of the Helm release."""
NAME = "kubeflow-lab-dry-run"
CALL_FAILED = "failed calling webhook"
"""A part of the API server's rejection if a webhook does not answer."""
INSTALL_AGAIN = (
    "install the chart ingress-nginx again, with controller.admissionWebhooks.enabled=true, which is its default: "
    "`helm get values -n kube-system ingress-nginx` shows the values of the release"
)


def build_duplicate(ingress: Object, host: str) -> Object:
    """Return an Ingress of another name that has the path / of a host, with the backend of an Ingress.

    Args:
        ingress: The Ingress that has this host and path already.
        host: The host.
    """
    [path, *_] = ingress["spec"]["rules"][0]["http"]["paths"]
    rule = {"host": host, "http": {"paths": [{**path, "path": "/", "pathType": "Prefix"}]}}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": NAME, "namespace": ingress["metadata"]["namespace"]},
        "spec": {"rules": [rule]},
    }


def try_duplicate(kube: Kube, ref: ObjectRef, host: str) -> str:
    """Return why the API server would reject an Ingress whose host and path another one has; empty if it would not.

    Nothing is created.

    Args:
        kube: The API of the cluster.
        ref: The Ingress that has the path / of the host.
        host: The host.

    Raises:
        LabError: If the Ingress does not exist.
    """
    ingress = kube.get(ref.kind, ref.name, ref.namespace)
    if ingress is None:
        raise LabError(f"there is no {ref}", remedy=f"create an Ingress for {host} again, as in the tutorial")
    return kube.apply(build_duplicate(ingress, host), dry_run=True)


def check_duplicate_rejected(kube: Kube, ref: ObjectRef, host: str) -> None:
    """Check in a dry run that the webhook rejects an Ingress whose host and path another one has.

    Args:
        kube: The API of the cluster.
        ref: The Ingress that has the path / of the host.
        host: The host.

    Raises:
        LabError: If the API server accepts the second Ingress, or rejects it for another reason.
    """
    reason = try_duplicate(kube, ref, host)
    if f"already defined in ingress {ref.namespace}/{ref.name}" in reason:
        return
    expected = f"the admission webhook of the Ingress controller rejects it: {ref} has this host and path"
    if not reason:
        raise LabError(
            f"the API server accepts a second Ingress for {host}",
            expected=expected,
            seen=_describe_configuration(kube),
            remedy=INSTALL_AGAIN,
        )
    headline = f"the API server rejects a second Ingress for {host}, but not because of its host and path"
    remedy = "read the message of the API server, and correct the object that it names"
    if CALL_FAILED in reason:
        explanation = explain_rejection(reason, ref.namespace)
        headline, remedy = f"the API server cannot check Ingresses: {explanation.summary}", explanation.remedy
    raise LabError(headline, expected=expected, seen=f"the API server rejects it in a dry run: {reason}", remedy=remedy)


def _describe_configuration(kube: Kube) -> str:
    """Return whether the API server asks the webhook."""
    if kube.get("ValidatingWebhookConfiguration", CONFIGURATION) is None:
        return (
            f"there is no ValidatingWebhookConfiguration {CONFIGURATION}, so the API server does not ask the controller"
        )
    return f"the ValidatingWebhookConfiguration {CONFIGURATION} exists, and its webhook accepts the Ingress"
