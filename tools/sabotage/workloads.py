"""The sabotages of Kubeflow's objects and workloads: objects are missing, or pods do not become ready."""

from __future__ import annotations

from lab.config.entry_points import INGRESS_URL
from lab.config.settings import TUTORIAL_NAMESPACE as PROFILE
from tools.observations import (
    has_event,
    has_no_pods,
    has_only_new_pods,
    has_pod_event,
    has_pod_status,
    has_status,
    returns_status,
)
from tools.sabotage.sabotage import (
    MANIFESTS,
    NAME,
    OAUTH2_PROXY,
    OIDC_AUTHSERVICE,
    READINESS,
    Sabotage,
    requires_auth_proxy,
)
from tools.steps import create, delete, edit, run_command, scale_to_zero, set_label

CLAIM = {
    "apiVersion": "v1",
    "kind": "PersistentVolumeClaim",
    "metadata": {"name": NAME, "namespace": "kubeflow"},
    "spec": {
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": "no-such-class",
        "resources": {"requests": {"storage": "1Gi"}},
    },
}
VOLUMES = '"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "sabotage"}}], '
QUOTA = {
    "apiVersion": "v1",
    "kind": "ResourceQuota",
    "metadata": {"name": NAME, "namespace": PROFILE},
    "spec": {"hard": {"cpu": "4", "memory": "8Gi"}},
}
FAILING_PROBE = '"readinessProbe": {"httpGet": {"path": "/healthz", "port": 8083}, "periodSeconds": 1}, '

SABOTAGES = (
    Sabotage(
        name="crd-deleted",
        fault="a CRD is deleted",
        chapter=MANIFESTS,
        scenario="The API server accepts all objects of the manifests",
        expected_words=("CustomResourceDefinition/experiments.kubeflow.org",),
        steps=[delete("CustomResourceDefinition/experiments.kubeflow.org")],
    ),
    Sabotage(
        name="authorization-policy-deleted",
        fault="the AuthorizationPolicy that denies by default is deleted",
        chapter=MANIFESTS,
        scenario="The API server accepts all objects of the manifests",
        expected_words=("AuthorizationPolicy/global-deny-all istio-system",),
        steps=[delete("istio-system/AuthorizationPolicy/global-deny-all")],
    ),
    Sabotage(
        name="ext-authz-filter-deleted",
        fault="the ext_authz filter is deleted, so that the dashboard needs no login",
        chapter=MANIFESTS,
        scenario="The API server accepts all objects of the manifests",
        expected_words=("EnvoyFilter/authn-filter istio-system", "Kubeflow is open to everybody"),
        steps=[delete("istio-system/EnvoyFilter/authn-filter")],
        effect=returns_status(INGRESS_URL, 200),
    ),
    Sabotage(
        name="dex-virtualservice-deleted",
        fault="the VirtualService of Dex is deleted",
        chapter=MANIFESTS,
        scenario="The API server accepts all objects of the manifests",
        expected_words=("VirtualService/dex auth",),
        steps=[delete("auth/VirtualService/dex")],
    ),
    Sabotage(
        name="dex-stopped",
        fault="Dex has no pods",
        chapter=READINESS,
        scenario="All pods of a namespace are ready",
        expected_words=("the namespace auth has no pods", "Deployment auth/dex is set to 0 replicas"),
        steps=[scale_to_zero("auth/Deployment/dex")],
        effect=has_no_pods("auth", "app=dex"),
    ),
    Sabotage(
        name="image-missing",
        fault="a Deployment has an image that does not exist",
        chapter=READINESS,
        scenario="All pods of a namespace are ready",
        expected_words=("pods in the namespace kubeflow are not ready", "its image cannot be pulled"),
        steps=[edit("kubeflow/Deployment/kserve-models-web-app", r"models-web-app:v[\w.-]*", "models-web-app:v99")],
        effect=has_pod_status("kubeflow", "app.kubernetes.io/component=kserve-models-web-app", "ImagePull"),
    ),
    Sabotage(
        name="container-crashing",
        fault="the container of a Deployment exits immediately after its start",
        chapter=READINESS,
        scenario="All pods of a namespace are ready",
        expected_words=(
            "pods in the namespace kubeflow are not ready",
            "its container keeps crashing",
            "the last lines of",
        ),
        steps=[edit("kubeflow/Deployment/katib-ui", '"args": \\["idle"', '"args": ["no-such-role"')],
        effect=has_pod_status("kubeflow", "katib.kubeflow.org/component=ui", "CrashLoopBackOff"),
    ),
    Sabotage(
        name="pod-unschedulable",
        fault="no node has the label that a Deployment requires",
        chapter=READINESS,
        scenario="All pods of a namespace are ready",
        expected_words=("pods in the namespace kubeflow are not ready", "no node has the labels that it requires"),
        steps=[
            edit(
                "kubeflow/Deployment/metadata-writer",
                '"containers": \\[',
                f'"nodeSelector": {{"{NAME}": "yes"}}, "containers": [',
            )
        ],
        effect=has_pod_status("kubeflow", "app=metadata-writer", "Unschedulable"),
    ),
    Sabotage(
        name="claim-pending",
        fault="the PersistentVolumeClaim of a Deployment names a StorageClass that does not exist",
        chapter=READINESS,
        scenario="All pods of a namespace are ready",
        expected_words=(
            "pods in the namespace kubeflow are not ready",
            f"claim {NAME}",
            "its StorageClass does not exist",
        ),
        steps=[
            create(CLAIM),
            edit("kubeflow/Deployment/metadata-writer", '"containers": \\[', f'{VOLUMES}"containers": ['),
        ],
        effect=has_event("kubeflow", NAME, "no-such-class"),
    ),
    Sabotage(
        name="quota-without-limits",
        fault="a quota in the owner's namespace requires limits that Kubeflow's pods do not have",
        chapter=READINESS,
        scenario="All pods of a namespace are ready",
        expected_words=(
            f"pods in the namespace {PROFILE} are not ready",
            f"Deployment {PROFILE}/ml-pipeline-visualizationserver, creation of its pods",
            f"failed quota: {NAME}: must specify",
        ),
        steps=[
            create(QUOTA),
            run_command(
                f"kubectl delete pods --namespace={PROFILE} --selector=app=ml-pipeline-visualizationserver --now",
                "kubectl version --client",
            ),
        ],
        effect=has_status(f"{PROFILE}/Deployment/ml-pipeline-visualizationserver", "failed quota"),
    ),
    Sabotage(
        name="pod-security-restricted",
        fault="Pod Security of the namespace kubeflow forbids the pods of a changed Deployment",
        chapter=READINESS,
        scenario="All pods of a namespace are ready",
        expected_words=(
            "Deployment kubeflow/centraldashboard, creation of its pods",
            'violates PodSecurity "restricted:latest"',
        ),
        steps=[
            set_label("Namespace/kubeflow", "pod-security.kubernetes.io/enforce", "restricted"),
            edit(
                "kubeflow/Deployment/centraldashboard",
                '"terminationGracePeriodSeconds": 30',
                '"terminationGracePeriodSeconds": 31',
            ),
        ],
        effect=has_status("kubeflow/Deployment/centraldashboard", "violates PodSecurity"),
    ),
    Sabotage(
        name="service-account-missing",
        fault="a Deployment names a ServiceAccount that does not exist",
        chapter=READINESS,
        scenario="All pods of a namespace are ready",
        expected_words=(
            "Deployment kubeflow/katib-ui, creation of its pods: its ServiceAccount does not exist",
            f"error looking up service account kubeflow/{NAME}",
        ),
        steps=[
            edit(
                "kubeflow/Deployment/katib-ui", '"serviceAccount(Name)?": "katib-ui"', rf'"serviceAccount\1": "{NAME}"'
            ),
        ],
        effect=has_status("kubeflow/Deployment/katib-ui", "error looking up service account"),
    ),
    Sabotage(
        name="readiness-probe-failing",
        fault="the readiness probe of a Deployment requests a port at which nothing listens",
        chapter=READINESS,
        scenario="All pods of a namespace are ready",
        expected_words=(
            "pods in the namespace kubeflow are not ready",
            "container centraldashboard: its probe fails (Unhealthy: Readiness probe failed: Get",
        ),
        steps=[
            edit(
                "kubeflow/Deployment/centraldashboard",
                '"containers": \\[\\{',
                f'"containers": [{{{FAILING_PROBE}',
            )
        ],
        effect=has_pod_event("kubeflow", "centraldashboard-", "Readiness probe failed: Get"),
    ),
    Sabotage(
        name="authservice-stopped",
        fault="authservice has no pods",
        chapter=READINESS,
        scenario="Every workload has all its replicas",
        expected_words=("StatefulSet istio-system/authservice is set to 0 replicas",),
        steps=[scale_to_zero("istio-system/StatefulSet/authservice")],
        effect=has_no_pods("istio-system", "app=authservice"),
        explain_omission=requires_auth_proxy(OIDC_AUTHSERVICE),
    ),
    Sabotage(
        name="oauth2-proxy-stopped",
        fault="oauth2-proxy has no pods",
        chapter=READINESS,
        scenario="All pods of a namespace are ready",
        expected_words=("Deployment oauth2-proxy/oauth2-proxy is set to 0 replicas",),
        steps=[scale_to_zero("oauth2-proxy/Deployment/oauth2-proxy")],
        effect=has_no_pods("oauth2-proxy", "app=oauth2-proxy"),
        explain_omission=requires_auth_proxy(OAUTH2_PROXY),
    ),
    Sabotage(
        name="webhook-stopped",
        fault="the webhook of cert-manager has no pods",
        chapter=READINESS,
        scenario="Every workload has all its replicas",
        expected_words=("Deployment cert-manager/cert-manager-webhook is set to 0 replicas",),
        steps=[scale_to_zero("cert-manager/Deployment/cert-manager-webhook")],
        effect=has_no_pods("cert-manager", "app=webhook"),
    ),
    Sabotage(
        name="component-version-differs",
        fault="the image of a component has another tag than the release's table of components",
        chapter="07_versions",
        scenario="<component> has the version of this release",
        expected_words=("PodDefaults Webhook: compared: tag v1.7.0", "seen: v0.15.0"),
        steps=[
            edit(
                "kubeflow/Deployment/admission-webhook-deployment",
                "docker.io/kubeflownotebookswg/poddefaults-webhook:v1.7.0",
                "docker.io/kubeflowkatib/katib-ui:v0.15.0",
            )
        ],
        effect=has_only_new_pods("kubeflow", "app=poddefaults", "katib-ui:v0.15.0"),
    ),
)
