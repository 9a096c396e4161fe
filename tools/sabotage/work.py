"""The sabotages with which a user can log in, and cannot work: apps do not answer, and notebooks cannot start."""

from __future__ import annotations

from lab.config.settings import TUTORIAL_NAMESPACE as PROFILE
from lab.k8s.objects import Object
from tools.sabotage.sabotage import NAME, Sabotage
from tools.steps import create, delete, edit, set_label

APPS = "Every app that the dashboard links to answers the owner"
NOTEBOOKS = "The pod of a notebook can be created in the owner's namespace"
NO_NOTEBOOK = f"no notebook can start in the namespace {PROFILE}"


def build_pod_webhook(service: str) -> Object:
    """Return a webhook for the pods of all Profiles, as that of PodDefaults.

    Args:
        service: The name of its Service in the namespace kubeflow.
    """
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": NAME},
        "webhooks": [
            {
                "name": "admission-webhook-deployment.kubeflow.org",
                "admissionReviewVersions": ["v1"],
                "sideEffects": "None",
                "failurePolicy": "Fail",
                "clientConfig": {"service": {"name": service, "namespace": "kubeflow", "path": "/apply-poddefault"}},
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": PROFILE}},
                "rules": [
                    {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]},
                ],
            }
        ],
    }


SABOTAGES = (
    Sabotage(
        name="katib-without-endpoints",
        fault="the Service of Katib's page selects no pods",
        chapter="10_login",
        scenario=APPS,
        expected_words=(
            "Katib does not answer the owner",
            "/katib/fetch_namespaces returns 503",
            "spec.selector of Service katib-ui in kubeflow",
        ),
        steps=[edit("kubeflow/Service/katib-ui", '"selector": {', f'"selector": {{"app": "{NAME}", ')],
    ),
    Sabotage(
        name="pipelines-route-to-other-port",
        fault="the VirtualService of Kubeflow Pipelines leads to a port that its Service does not have",
        chapter="10_login",
        scenario=APPS,
        expected_words=(
            "Kubeflow Pipelines does not answer the owner",
            "/pipeline/apis/v1beta1/healthz returns 503",
            "destination.port.number of VirtualService ml-pipeline-ui in kubeflow",
        ),
        steps=[edit("kubeflow/VirtualService/ml-pipeline-ui", '"number": 80', '"number": 8081')],
    ),
    Sabotage(
        name="kfam-without-endpoints",
        fault="the Service of KFAM selects no pods",
        chapter="10_login",
        scenario="The owner logs in and is greeted",
        expected_words=(
            "/api/workgroup/env-info returns",
            "to the page",
            "spec.selector of Service profiles-kfam in kubeflow",
        ),
        steps=[edit("kubeflow/Service/profiles-kfam", '"selector": {', f'"selector": {{"app": "{NAME}", ')],
    ),
    Sabotage(
        name="pod-webhook-certificate-wrong",
        fault="the certificate of the webhook for the pods of Profiles is for another name",
        chapter="11_resources",
        scenario=NOTEBOOKS,
        expected_words=(
            NO_NOTEBOOK,
            "the certificate of a webhook is for another name",
            "x509: certificate is valid for",
        ),
        steps=[create(build_pod_webhook("admission-webhook-service"))],
    ),
    Sabotage(
        name="pod-webhook-missing",
        fault="an earlier installation has left the configuration of a webhook for the pods of Profiles",
        chapter="11_resources",
        scenario=NOTEBOOKS,
        expected_words=(NO_NOTEBOOK, "the Service of a webhook does not exist", f'service "{NAME}" not found'),
        steps=[create(build_pod_webhook(NAME))],
    ),
    Sabotage(
        name="notebook-account-deleted",
        fault="the ServiceAccount of notebooks was deleted from the owner's namespace",
        chapter="11_resources",
        scenario=NOTEBOOKS,
        expected_words=(NO_NOTEBOOK, "its ServiceAccount does not exist", "default-editor"),
        steps=[delete(f"{PROFILE}/ServiceAccount/default-editor")],
    ),
    Sabotage(
        name="profile-quota-exhausted",
        fault="a quota of the owner's namespace allows no further pod",
        chapter="11_resources",
        scenario=NOTEBOOKS,
        expected_words=(NO_NOTEBOOK, "a ResourceQuota of the namespace is exhausted", f"exceeded quota: {NAME}"),
        steps=[
            create(
                {
                    "apiVersion": "v1",
                    "kind": "ResourceQuota",
                    "metadata": {"name": NAME, "namespace": PROFILE},
                    "spec": {"hard": {"pods": "1"}},
                }
            )
        ],
    ),
    Sabotage(
        name="profile-pod-security-restricted",
        fault="Pod Security of the owner's namespace forbids the pods of notebooks",
        chapter="11_resources",
        scenario=NOTEBOOKS,
        expected_words=(NO_NOTEBOOK, "Pod Security of the namespace forbids it", 'violates PodSecurity "restricted'),
        steps=[set_label(f"Namespace/{PROFILE}", "pod-security.kubernetes.io/enforce", "restricted")],
    ),
)
