"""The sabotages of objects that still exist, and differ from the manifests."""

from __future__ import annotations

from tools.observations import has_status
from tools.sabotage.sabotage import NAME, OIDC_AUTHSERVICE, Sabotage, requires_auth_proxy
from tools.steps import edit

CHAPTER, SCENARIO = "13_differences", "The <objects> are as the manifests define them"
ONLY_THIS_CHAPTER = ("-m", "differences")
"""The options of a run of this chapter: some of these faults have consequences that earlier chapters detect."""
CHANGED = "(changed since it was applied)"

SABOTAGES = (
    Sabotage(
        name="service-selector-differs",
        fault="a Service selects pods that do not exist",
        chapter=CHAPTER,
        scenario=SCENARIO,
        expected_words=(
            # Server-side apply does not record in an annotation what was applied.
            f"Service katib-ui in kubeflow: spec.selector.katib.kubeflow.org/component: expected ui, seen {NAME}",
            "kubectl patch -n kubeflow service/katib-ui --type=json",
        ),
        steps=[
            edit(
                "kubeflow/Service/katib-ui",
                '"katib.kubeflow.org/component": "ui"',
                f'"katib.kubeflow.org/component": "{NAME}"',
            )
        ],
        options=ONLY_THIS_CHAPTER,
    ),
    Sabotage(
        name="deployment-image-differs",
        fault="a Deployment has an image of another version; its pod of the old version remains",
        chapter=CHAPTER,
        scenario=SCENARIO,
        expected_words=(
            "Deployment metadata-writer in kubeflow: spec.template.spec.containers[main].image: expected ",
            f"seen gcr.io/ml-pipeline/metadata-writer:1.0.0 {CHANGED}",
        ),
        steps=[edit("kubeflow/Deployment/metadata-writer", r'metadata-writer:2[\w.-]*"', 'metadata-writer:1.0.0"')],
        options=ONLY_THIS_CHAPTER,
    ),
    Sabotage(
        name="webhook-path-differs",
        fault="a webhook configuration calls another path",
        chapter=CHAPTER,
        scenario=SCENARIO,
        expected_words=(
            "MutatingWebhookConfiguration cert-manager-webhook: webhooks[webhook.cert-manager.io].clientConfig",
            f"service.path: expected /mutate, seen /{NAME} {CHANGED}",
        ),
        steps=[edit("MutatingWebhookConfiguration/cert-manager-webhook", '"/mutate"', f'"/{NAME}"')],
        options=ONLY_THIS_CHAPTER,
    ),
    Sabotage(
        name="envoy-filter-differs",
        fault="the ext_authz filter passes another header to authservice",
        chapter=CHAPTER,
        scenario=SCENARIO,
        expected_words=(
            "EnvoyFilter authn-filter in istio-system: spec.configPatches[0].patch.value",
            f"exact: expected x-auth-token, seen x-{NAME} {CHANGED}",
        ),
        steps=[edit("istio-system/EnvoyFilter/authn-filter", '"exact": "x-auth-token"', f'"exact": "x-{NAME}"')],
        options=ONLY_THIS_CHAPTER,
        explain_omission=requires_auth_proxy(OIDC_AUTHSERVICE),
    ),
    Sabotage(
        name="certificate-not-ready",
        fault="the issuer of a Certificate does not exist",
        chapter="06_readiness",
        scenario="The Certificates of the manifests are ready",
        expected_words=("Certificate kfp-cache-cert in kubeflow is not ready: ", f"its issuer is Issuer {NAME}"),
        steps=[
            # Knative has a kind Certificate, too.
            edit("kubeflow/certificate.cert-manager.io/kfp-cache-cert", '"kfp-cache-selfsigned-issuer"', f'"{NAME}"')
        ],
        effect=has_status("kubeflow/Certificate/kfp-cache-cert", '"status": "False"'),
    ),
)
