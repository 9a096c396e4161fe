"""The table of sabotages: the fault, the scenario that must detect it, and the words that its error must contain."""

from __future__ import annotations

from lab.config.settings import TUTORIAL_NAMESPACE as PROFILE
from lab.config.settings import TUTORIAL_PASSWORD as PASSWORD
from lab.config.settings import TUTORIAL_USER as USER
from lab.k8s.objects import Object
from lab.layers.auth_chain import OPEN_TO_ALL
from lab.layers.metallb import ADVERTISEMENT, POOL
from lab.run.redaction import Secrets
from lab.web.hosts import INGRESS_URL, KUBEFLOW_HOST, NGINX_HOST
from lab.web.passwords import hash_password
from tools.observations import (
    NGINX_URL,
    accepts_login,
    has_address,
    has_event,
    has_no_pods,
    has_only_new_pods,
    has_pod_event,
    has_pod_status,
    has_status,
    identifies_owner_as,
    rejects_owner,
    returns_status,
    shows_text,
)
from tools.sabotage import differences, request_path, work
from tools.sabotage.sabotage import (
    AUTHSERVICE,
    CLUSTER,
    FIRST_USE_OF_ENTRY_POINTS,
    INGRESS,
    LOGIN,
    MANIFESTS,
    METALLB,
    NAME,
    READINESS,
    Sabotage,
)
from tools.steps import create, delete, edit, run_command, scale_to_zero

OTHER_USER, ADDITIONAL_USER = "admin@example.com", "nobody@example.com"
OTHER_SUBNET = ("--subnet=172.20.1.0/24",)


def _build_workload(kind: str, namespace: str, name: str, pod_spec: Object) -> Object:
    """Return a workload of nginx.

    Args:
        kind: The kind.
        namespace: The namespace.
        name: The name of the workload, and of its container.
        pod_spec: Fields of its pods in addition to the container.
    """
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": name, "image": "nginx"}], **pod_spec}}
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"selector": {"matchLabels": labels}, "template": template},
    }


def _hash(password: str) -> str:
    """Return the bcrypt hash of a password of this table, which is no secret."""
    return hash_password(password, Secrets())


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
        name="subnet-differs",
        fault="the run requests another subnet than the network has, since an existing network cannot change",
        chapter="01_network",
        scenario="The network has the subnet and the gateway of the tutorial",
        expected_words=(
            "expected the subnet 172.20.1.0/24, seen 172.20.0.0/24",
            "does not have the settings of this run",
        ),
        options=OTHER_SUBNET,
    ),
    Sabotage(
        name="container-at-reserved-address",
        fault="a container has an address of MetalLB's pool",
        chapter="01_network",
        scenario="No container uses an address that is reserved for MetalLB",
        expected_words=("containers use addresses that are reserved for MetalLB", "172.20.0.12", NAME),
        steps=[
            run_command(
                f"docker run --detach --name={NAME} --network=lab-network --ip=172.20.0.12 --entrypoint=sleep "
                "rancher/k3s:v1.25.4-k3s1 infinity",
                f"docker rm --force {NAME}",
            )
        ],
    ),
    Sabotage(
        name="dns-stopped",
        fault="the cluster DNS has no pods",
        chapter=CLUSTER,
        scenario="The cluster is ready for use",
        expected_words=("the cluster DNS has no pods",),
        steps=[scale_to_zero("kube-system/Deployment/coredns")],
        effect=has_no_pods("kube-system", "k8s-app=kube-dns"),
    ),
    Sabotage(
        name="no-default-storageclass",
        fault="no StorageClass is the default",
        chapter=CLUSTER,
        scenario="The cluster is ready for use",
        expected_words=(
            "expected one default StorageClass, seen []",
            "PersistentVolumeClaims without a class stay Pending",
        ),
        steps=[edit("StorageClass/local-path", 'is-default-class": "true"', 'is-default-class": "false"')],
    ),
    Sabotage(
        name="other-kubectl-context",
        fault="kubectl uses another context",
        chapter=CLUSTER,
        scenario="kubectl is configured for this cluster",
        expected_words=("expected the kubectl context k3d-k3s-default, seen elsewhere",),
        steps=[
            run_command(
                "kubectl config set-context elsewhere --cluster=k3d-k3s-default --user=admin@k3d-k3s-default",
                "kubectl config delete-context elsewhere",
            ),
            run_command("kubectl config use-context elsewhere", "kubectl config use-context k3d-k3s-default"),
        ],
    ),
    Sabotage(
        name="servicelb-present",
        fault="pods have names like those of servicelb",
        chapter=CLUSTER,
        scenario="The components that the tutorial replaces are not installed",
        expected_words=("svclb-sabotage", "pods of a disabled component are running"),
        steps=[create(_build_workload("DaemonSet", "kube-system", f"svclb-{NAME}", {}))],
        effect=has_pod_status("kube-system", f"app=svclb-{NAME}", "phase"),
    ),
    Sabotage(
        name="metallb-speaker-stopped",
        fault="MetalLB's speaker runs on no node",
        chapter=METALLB,
        scenario="MetalLB is installed and ready",
        expected_words=("expected ready pods of MetalLB's controller and speaker, seen ready: {'controller'}",),
        steps=[
            edit(
                "metallb-system/DaemonSet/metallb-speaker", '"kubernetes.io/os": "linux"', '"kubernetes.io/os": "other"'
            )
        ],
        effect=has_no_pods("metallb-system", "app.kubernetes.io/component=speaker"),
    ),
    Sabotage(
        name="pool-without-ingress-address",
        fault="the pool lacks the address of the Ingress controller",
        chapter=METALLB,
        scenario="MetalLB can assign the reserved addresses, and announces them",
        expected_words=("expected the addresses ['172.20.0.10-172.20.0.15']", "172.20.0.10-172.20.0.12"),
        steps=[
            edit(
                f"metallb-system/IPAddressPool/{POOL}",
                '"172.20.0.10-172.20.0.15"',
                '"172.20.0.10-172.20.0.12", "172.20.0.14-172.20.0.15"',
            )
        ],
    ),
    Sabotage(
        name="address-pool-deleted",
        fault="the pool is deleted; MetalLB keeps using it until it restarts",
        chapter=METALLB,
        scenario="MetalLB can assign the reserved addresses, and announces them",
        expected_words=("seen no such pool",),
        steps=[delete(f"metallb-system/IPAddressPool/{POOL}")],
    ),
    Sabotage(
        name="advertisement-deleted",
        fault="the pool is not announced",
        chapter=METALLB,
        scenario="MetalLB can assign the reserved addresses, and announces them",
        expected_words=(
            f"expected the L2Advertisement {ADVERTISEMENT} to announce the pool {POOL}",
            "no node answers ARP",
        ),
        steps=[delete(f"metallb-system/L2Advertisement/{ADVERTISEMENT}")],
    ),
    Sabotage(
        name="ingress-controller-stopped",
        fault="the Ingress controller has no pods",
        chapter=INGRESS,
        scenario="The Ingress controller is installed and ready",
        expected_words=("the Ingress controller has no pods",),
        steps=[scale_to_zero("kube-system/Deployment/ingress-nginx-controller")],
        effect=has_no_pods("kube-system", "app.kubernetes.io/name=ingress-nginx"),
    ),
    Sabotage(
        name="ingress-controller-at-other-address",
        fault="the Ingress controller has another address than the reserved one",
        chapter=INGRESS,
        scenario="MetalLB assigns the reserved address to the Ingress controller",
        expected_words=("expected the external IP 172.20.0.13 for the Ingress controller, seen 172.20.0.14",),
        steps=[
            edit("kube-system/Service/ingress-nginx-controller", 'IP": "172.20.0.13"', 'IP": "172.20.0.14"'),
        ],
        effect=has_address("kube-system", "ingress-nginx-controller", "172.20.0.14"),
    ),
    Sabotage(
        name="ingressclass-not-default",
        fault="the IngressClass is not the default",
        chapter=INGRESS,
        scenario="The Ingress controller handles every Ingress that names no class",
        expected_words=("expected the default IngressClass nginx, seen []",),
        steps=[edit("IngressClass/nginx", 'is-default-class": "true"', 'is-default-class": "false"')],
    ),
    Sabotage(
        name="test-site-without-endpoints",
        fault="the Ingress of the test site forwards requests to a Service without endpoints",
        chapter=INGRESS,
        scenario="An HTTP client reaches the test site",
        expected_words=("does not return the test site: 503", "the Service nginx in default has no endpoints"),
        steps=[edit("default/Service/nginx", '"selector": {"app": "nginx"}', '"selector": {"app": "other"}')],
        effect=returns_status(NGINX_URL, 503),
    ),
    Sabotage(
        name="test-site-at-other-host",
        fault="the Ingress of the test site is for another host",
        chapter=INGRESS,
        scenario="An HTTP client reaches the test site",
        expected_words=("does not return the test site: 404", "is for nginx.example.org, and not for nginx.example.it"),
        steps=[edit("default/Ingress/ingress-nginx-svc", NGINX_HOST, "nginx.example.org")],
        effect=returns_status(NGINX_URL, 404),
    ),
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
            run_command(
                "kubectl label namespace kubeflow pod-security.kubernetes.io/enforce=restricted",
                "kubectl label namespace kubeflow pod-security.kubernetes.io/enforce-",
            ),
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
    Sabotage(
        name="authservice-parameter-differs",
        fault="authservice identifies users by another claim",
        chapter=AUTHSERVICE,
        scenario="authservice has the parameters of the tutorial",
        expected_words=("USERID_CLAIM: expected 'email', seen 'name'",),
        steps=[
            edit(
                "istio-system/ConfigMap/oidc-authservice-parameters",
                '"USERID_CLAIM": "email"',
                '"USERID_CLAIM": "name"',
            )
        ],
    ),
    Sabotage(
        name="port-forward-without-target",
        fault="the gateway's Service lacks the port of the port-forward",
        chapter=AUTHSERVICE,
        scenario=FIRST_USE_OF_ENTRY_POINTS,
        expected_words=("the port-forward to istio-ingressgateway to be open", "does not have a service port 80"),
        steps=[edit("istio-system/Service/istio-ingressgateway", '"port": 80,', '"port": 81,')],
    ),
    Sabotage(
        name="kubeflow-at-other-host",
        fault="the Ingress of Kubeflow is for another host",
        chapter=AUTHSERVICE,
        scenario=FIRST_USE_OF_ENTRY_POINTS,
        expected_words=("does not redirect to Dex", "is for kubeflow.example.org, and not for kubeflow.example.it"),
        steps=[edit("istio-system/Ingress/svc-istio-ingressgateway", KUBEFLOW_HOST, "kubeflow.example.org")],
        effect=returns_status(INGRESS_URL, 404),
    ),
    Sabotage(
        name="ext-authz-filter-without-gateway",
        fault="the ext_authz filter applies to no gateway, so that the dashboard needs no login",
        chapter=AUTHSERVICE,
        scenario=FIRST_USE_OF_ENTRY_POINTS,
        expected_words=(f"login failed: {USER}", OPEN_TO_ALL),
        steps=[edit("istio-system/EnvoyFilter/authn-filter", '"istio": "ingressgateway"', '"istio": "other"')],
        effect=returns_status(INGRESS_URL, 200),
    ),
    Sabotage(
        name="redirect-uri-unregistered",
        fault="the redirect URI of authservice is not registered in Dex",
        chapter=AUTHSERVICE,
        scenario=FIRST_USE_OF_ENTRY_POINTS,
        expected_words=("Dex does not ask for user and password", "nregistered redirect_uri"),
        steps=[edit("auth/ConfigMap/dex", "/authservice/oidc/callback", "/elsewhere", restart="auth/Deployment/dex")],
        effect=shows_text(INGRESS_URL, "nregistered redirect_uri"),
    ),
    Sabotage(
        name="owner-password-differs",
        fault="the owner has another password in Dex",
        chapter=AUTHSERVICE,
        scenario=FIRST_USE_OF_ENTRY_POINTS,
        expected_words=(f"login failed: {USER}", "Invalid Email Address and password."),
        steps=[edit("auth/ConfigMap/dex", "hash: [^ ]*", f"hash: {_hash(NAME)}\\\\n", restart="auth/Deployment/dex")],
        effect=rejects_owner(),
    ),
    Sabotage(
        name="kubeflow-at-additional-host",
        fault="the Ingress of Kubeflow is for an additional host",
        chapter="09_entry_points",
        scenario="The Ingress exposes Kubeflow",
        expected_words=("Kubeflow's Ingress to expose", "seen ['second.example.it', 'kubeflow.example.it']"),
        steps=[
            edit(
                "istio-system/Ingress/svc-istio-ingressgateway",
                '"rules": \\[(.*)kubeflow.example.it(.*)\\]\\}',
                '"rules": [\\1second.example.it\\2, \\1kubeflow.example.it\\2]}',
            )
        ],
    ),
    Sabotage(
        name="dashboard-identifies-other-user",
        fault="the dashboard identifies every user as another user",
        chapter=LOGIN,
        scenario="The owner logs in and is greeted",
        expected_words=(
            f"expected the dashboard to greet {USER}, who has logged in, seen {OTHER_USER}",
            "headers.request.set.kubeflow-userid of VirtualService centraldashboard in kubeflow",
        ),
        steps=[
            edit(
                "kubeflow/VirtualService/centraldashboard",
                '"route": \\[',
                f'"headers": {{"request": {{"set": {{"kubeflow-userid": "{OTHER_USER}"}}}}}}, "route": [',
            )
        ],
        effect=identifies_owner_as(OTHER_USER),
    ),
    Sabotage(
        name="profile-owned-by-other-user",
        fault="another user owns the Profile",
        chapter=LOGIN,
        scenario="The owner logs in and is greeted",
        expected_words=(f"expected the user to own the namespace {PROFILE}, seen none",),
        steps=[edit(f"Profile/{PROFILE}", f'"name": "{USER}"', f'"name": "{OTHER_USER}"')],
    ),
    Sabotage(
        name="additional-dex-user",
        fault="Dex has an additional user",
        chapter=LOGIN,
        scenario="Unknown users and wrong passwords are rejected",
        expected_words=("expected the error message 'Invalid Email Address and password.' of Dex, seen ''",),
        steps=[
            edit(
                "auth/ConfigMap/dex",
                r"(staticPasswords:\\n)",
                rf"\1- {{email: {ADDITIONAL_USER}, hash: '{_hash(PASSWORD)}', username: second, userID: second}}\\n",
                restart="auth/Deployment/dex",
            )
        ],
        effect=accepts_login(ADDITIONAL_USER),
    ),
    Sabotage(
        name="userid-header-not-removed",
        fault="the gateway does not remove the header kubeflow-userid from requests of clients",
        chapter=LOGIN,
        scenario="A user cannot impersonate another user",
        expected_words=(
            f"who claims to be {OTHER_USER}, seen {OTHER_USER}",
            "does not remove the header kubeflow-userid",
        ),
        steps=[
            edit("istio-system/EnvoyFilter/authn-filter", '"remove": "kubeflow-userid"', '"remove": "x-other"'),
            edit(
                "istio-system/EnvoyFilter/authn-filter",
                '"allowed_upstream_headers"',
                '"allowed_upstream_headers_to_append"',
            ),
        ],
        effect=identifies_owner_as(OTHER_USER, claimed_user=OTHER_USER),
    ),
    Sabotage(
        name="insecure-cookies",
        fault="the cookies of a web app do not have the Secure attribute",
        chapter="11_resources",
        scenario="Users cannot create resources over plain HTTP at the Ingress",
        expected_words=("the web app accepted the request", "XSRF-TOKEN is not Secure"),
        steps=[
            edit(
                "kubeflow/Deployment/jupyter-web-app-deployment",
                '"name": "APP_SECURE_COOKIES", "value": "true"',
                '"name": "APP_SECURE_COOKIES", "value": "false"',
            )
        ],
        effect=has_only_new_pods("kubeflow", "app=jupyter-web-app", '"APP_SECURE_COOKIES", "value": "false"'),
    ),
    Sabotage(
        name="dex-rollout-paused",
        fault="the rollout of Dex is paused, so that Dex never reads another password",
        chapter="12_password",
        scenario="The new password works, the old one is rejected",
        expected_words=("can't restart paused deployment", "rollout resume"),
        steps=[
            run_command(
                "kubectl rollout pause deployment/dex --namespace=auth",
                "kubectl rollout resume deployment/dex --namespace=auth",
            )
        ],
        options=("-m", "password"),
    ),
    *request_path.SABOTAGES,
    *work.SABOTAGES,
    *differences.SABOTAGES,
)
