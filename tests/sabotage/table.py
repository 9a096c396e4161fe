"""The sabotages: what is broken, and which scenario must notice it, with which words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lab import doors, nginx_site
from lab.diagnosis import OPEN_TO_ALL
from lab.kube import Object
from lab.kubeflow import PROFILE
from lab.metallb import ADVERTISEMENT, POOL
from lab.passwords import hashed
from lab.visitor import PASSWORD, USER
from tests.sabotage.seeing import (
    Sight,
    address_of,
    answered,
    has_said,
    let_in,
    no_pod,
    only_new_pods,
    pod_says,
    refused,
    shown,
    taken_for,
)
from tests.sabotage.steps import Step, deleted, done, edited, made, scaled_to_nothing

OTHER_USER, STRANGER = "admin@example.com", "nobody@example.com"
OTHER_RANGE = (
    "--subnet=172.20.1.0/24",
    "--gateway=172.20.1.1",
    "--pool=172.20.1.10-172.20.1.15",
    "--ingress-address=172.20.1.13",
)
MADE = "sabotage"
"""The name of what is made."""
CLUSTER, METALLB, INGRESS = "02_cluster", "03_metallb", "04_ingress"
MANIFESTS, READINESS, AUTHSERVICE, LOGIN = "05_manifests", "06_readiness", "08_authservice", "10_login"
WAY = "The tutorial's way leads to the log-in, and not to authservice's pages"
"""The first scenario that comes by the doors."""


@dataclass(frozen=True)
class Sabotage:
    """One thing that is broken.

    Arguments:
        name: by which it is chosen.
        breaks: what is broken, in words.
        chapter: the feature that notices, by the name of its file.
        scenario: the first scenario that fails, which is what a person would meet.
        words: what it must say.
        steps: what is done, and taken back in the opposite order.
        seen: what is to be seen before the suite looks; None where the break is there at once.
        options: of pytest, for the run that is to notice.
    """

    name: str
    breaks: str
    chapter: str
    scenario: str
    words: tuple[str, ...]
    steps: Sequence[Step] = ()
    seen: Sight | None = None
    options: tuple[str, ...] = ()


def _workload(kind: str, namespace: str, name: str, pod: Object) -> Object:
    """A workload of nginx.

    Arguments:
        pod: what its pods have beside the container.
    """
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": name, "image": "nginx"}], **pod}}
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"selector": {"matchLabels": labels}, "template": template},
    }


CLAIM = {
    "apiVersion": "v1",
    "kind": "PersistentVolumeClaim",
    "metadata": {"name": MADE, "namespace": "kubeflow"},
    "spec": {
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": "no-such-class",
        "resources": {"requests": {"storage": "1Gi"}},
    },
}
CLAIMING = {"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": MADE}}]}

SABOTAGES = (
    Sabotage(
        name="another-subnet",
        breaks="the network has another range than asked for; a lab's own cannot change, so another is asked for",
        chapter="01_network",
        scenario="The network has the range that the tutorial counts on",
        words=("expected the subnet 172.20.1.0/24, seen 172.20.0.0/24", "another network"),
        options=OTHER_RANGE,
    ),
    Sabotage(
        name="reserved-address-taken",
        breaks="a container has an address of the pool",
        chapter="01_network",
        scenario="Nobody holds an address that is kept for MetalLB",
        words=("containers hold addresses that are kept for MetalLB", "172.20.0.12", MADE),
        steps=[
            done(
                f"docker run --detach --name={MADE} --network=lab-network --ip=172.20.0.12 --entrypoint=sleep "
                "rancher/k3s:v1.25.4-k3s1 infinity",
                f"docker rm --force {MADE}",
            )
        ],
    ),
    Sabotage(
        name="dns-stopped",
        breaks="the cluster's DNS has no pod",
        chapter=CLUSTER,
        scenario="The cluster is ready for use",
        words=("there is no pod of the cluster's DNS",),
        steps=[scaled_to_nothing("kube-system/deployment/coredns")],
        seen=no_pod("kube-system", "k8s-app=kube-dns"),
    ),
    Sabotage(
        name="no-default-storageclass",
        breaks="no StorageClass is the default one",
        chapter=CLUSTER,
        scenario="The cluster is ready for use",
        words=("expected one default StorageClass, seen []", "claims stay Pending"),
        steps=[edited("storageclass/local-path", 'is-default-class": "true"', 'is-default-class": "false"')],
    ),
    Sabotage(
        name="other-context",
        breaks="kubectl uses another context",
        chapter=CLUSTER,
        scenario="kubectl talks to this cluster",
        words=("kubectl uses the context elsewhere",),
        steps=[
            done(
                "kubectl config set-context elsewhere --cluster=k3d-k3s-default --user=admin@k3d-k3s-default",
                "kubectl config delete-context elsewhere",
            ),
            done("kubectl config use-context elsewhere", "kubectl config use-context k3d-k3s-default"),
        ],
    ),
    Sabotage(
        name="servicelb-present",
        breaks="pods run that are named as servicelb's are",
        chapter=CLUSTER,
        scenario="What the tutorial installs itself is not there already",
        words=("svclb-sabotage", "run although the cluster was to be made without"),
        steps=[made(_workload("DaemonSet", "kube-system", f"svclb-{MADE}", {}))],
        seen=pod_says("kube-system", f"app=svclb-{MADE}", "phase"),
    ),
    Sabotage(
        name="speaker-stopped",
        breaks="MetalLB's speaker runs on no node",
        chapter=METALLB,
        scenario="MetalLB is installed and runs",
        words=("of MetalLB's controller and speaker, these are ready", "{'controller'}"),
        steps=[
            edited(
                "metallb-system/daemonset/metallb-speaker", '"kubernetes.io/os": "linux"', '"kubernetes.io/os": "no"'
            )
        ],
        seen=no_pod("metallb-system", "app.kubernetes.io/component=speaker"),
    ),
    Sabotage(
        name="pool-without-13",
        breaks="the pool lacks the Ingress controller's address",
        chapter=METALLB,
        scenario="MetalLB may give the addresses that are kept for it, and announces them",
        words=("expected the addresses ['172.20.0.10-172.20.0.15']", "172.20.0.10-172.20.0.12"),
        steps=[
            edited(
                f"metallb-system/ipaddresspool/{POOL}",
                '"172.20.0.10-172.20.0.15"',
                '"172.20.0.10-172.20.0.12", "172.20.0.14-172.20.0.15"',
            )
        ],
    ),
    Sabotage(
        name="pool-deleted",
        breaks="the pool is gone, which MetalLB goes on with until it is started anew",
        chapter=METALLB,
        scenario="MetalLB may give the addresses that are kept for it, and announces them",
        words=("seen no such pool",),
        steps=[deleted(f"metallb-system/ipaddresspool/{POOL}")],
    ),
    Sabotage(
        name="advertisement-deleted",
        breaks="nobody announces the pool",
        chapter=METALLB,
        scenario="MetalLB may give the addresses that are kept for it, and announces them",
        words=(f"{ADVERTISEMENT} does not announce {POOL}", "nobody will answer ARP"),
        steps=[deleted(f"metallb-system/l2advertisement/{ADVERTISEMENT}")],
    ),
    Sabotage(
        name="ingress-controller-stopped",
        breaks="the Ingress controller has no pod",
        chapter=INGRESS,
        scenario="The Ingress controller is installed and runs",
        words=("there is no pod of the Ingress controller",),
        steps=[scaled_to_nothing("kube-system/deployment/ingress-nginx-controller")],
        seen=no_pod("kube-system", "app.kubernetes.io/name=ingress-nginx"),
    ),
    Sabotage(
        name="other-ingress-address",
        breaks="the Ingress controller has another address than the reserved one",
        chapter=INGRESS,
        scenario="MetalLB gives the Ingress controller its reserved address",
        words=("the external address of the Ingress controller is 172.20.0.14", "names point to 172.20.0.13"),
        steps=[
            edited("kube-system/service/ingress-nginx-controller", 'IP": "172.20.0.13"', 'IP": "172.20.0.14"'),
        ],
        seen=address_of("kube-system", "ingress-nginx-controller", "172.20.0.14"),
    ),
    Sabotage(
        name="ingressclass-not-default",
        breaks="the IngressClass is not the default one",
        chapter=INGRESS,
        scenario="An Ingress that names no class is the controller's",
        words=("expected the default IngressClass nginx, seen []",),
        steps=[edited("ingressclass/nginx", 'is-default-class": "true"', 'is-default-class": "false"')],
    ),
    Sabotage(
        name="site-without-endpoints",
        breaks="the Ingress leads to a Service without endpoints",
        chapter=INGRESS,
        scenario="An HTTP client gets the test site",
        words=("does not show the site: 503", "the Service nginx in default has no endpoints"),
        steps=[edited("default/service/nginx", '"selector": {"app": "nginx"}', '"selector": {"app": "nobody"}')],
        seen=answered(f"http://{nginx_site.HOST}", 503),
    ),
    Sabotage(
        name="site-at-wrong-host",
        breaks="the Ingress is for another host",
        chapter=INGRESS,
        scenario="An HTTP client gets the test site",
        words=("does not show the site: 404", "is for nginx.example.org, and not for nginx.example.it"),
        steps=[edited("default/ingress/ingress-nginx-svc", nginx_site.HOST, "nginx.example.org")],
        seen=answered(f"http://{nginx_site.HOST}", 404),
    ),
    Sabotage(
        name="crd-deleted",
        breaks="a CRD is gone",
        chapter=MANIFESTS,
        scenario="All objects of the manifests are accepted",
        words=("CustomResourceDefinition/experiments.kubeflow.org",),
        steps=[deleted("customresourcedefinition/experiments.kubeflow.org")],
    ),
    Sabotage(
        name="policy-deleted",
        breaks="the AuthorizationPolicy is gone that denies what no other one allows",
        chapter=MANIFESTS,
        scenario="All objects of the manifests are accepted",
        words=("AuthorizationPolicy/global-deny-all istio-system",),
        steps=[deleted("istio-system/authorizationpolicy/global-deny-all")],
    ),
    Sabotage(
        name="guard-deleted",
        breaks="the ext_authz filter is gone: the dashboard is open to all",
        chapter=MANIFESTS,
        scenario="All objects of the manifests are accepted",
        words=("EnvoyFilter/authn-filter istio-system", "Kubeflow is open to everybody"),
        steps=[deleted("istio-system/envoyfilter/authn-filter")],
        seen=answered(doors.PUBLIC, 200),
    ),
    Sabotage(
        name="dex-way-deleted",
        breaks="the VirtualService of Dex is gone",
        chapter=MANIFESTS,
        scenario="All objects of the manifests are accepted",
        words=("VirtualService/dex auth",),
        steps=[deleted("auth/virtualservice/dex")],
    ),
    Sabotage(
        name="dex-stopped",
        breaks="Dex has no pod",
        chapter=READINESS,
        scenario="All pods of a namespace are ready",
        words=("there is no pod in auth", "Deployment auth/dex is set to 0 replicas"),
        steps=[scaled_to_nothing("auth/deployment/dex")],
        seen=no_pod("auth", "app=dex"),
    ),
    Sabotage(
        name="image-missing",
        breaks="a Deployment has an image that does not exist",
        chapter=READINESS,
        scenario="All pods of a namespace are ready",
        words=("in kubeflow, not all pods are ready", "its image cannot be pulled"),
        steps=[edited("kubeflow/deployment/kserve-models-web-app", r"models-web-app:v[\w.-]*", "models-web-app:v99")],
        seen=pod_says("kubeflow", "app.kubernetes.io/component=kserve-models-web-app", "ImagePull"),
    ),
    Sabotage(
        name="crashing",
        breaks="a Deployment's container ends as soon as it has started",
        chapter=READINESS,
        scenario="All pods of a namespace are ready",
        words=("in kubeflow, not all pods are ready", "its container keeps crashing", "the last lines of"),
        steps=[edited("kubeflow/deployment/katib-ui", '"args": \\["idle"', '"args": ["no-such-role"')],
        seen=pod_says("kubeflow", "katib.kubeflow.org/component=ui", "CrashLoopBackOff"),
    ),
    Sabotage(
        name="unschedulable",
        breaks="no node has the label that a Deployment wants",
        chapter=READINESS,
        scenario="All pods of a namespace are ready",
        words=("in kubeflow, not all pods are ready", "no node has the labels that it wants"),
        steps=[
            edited(
                "kubeflow/deployment/metadata-writer",
                '"containers": \\[',
                f'"nodeSelector": {{"{MADE}": "yes"}}, "containers": [',
            )
        ],
        seen=pod_says("kubeflow", "app=metadata-writer", "Unschedulable"),
    ),
    Sabotage(
        name="claim-unbound",
        breaks="a Deployment's claim names a StorageClass that is not there",
        chapter=READINESS,
        scenario="All pods of a namespace are ready",
        words=("in kubeflow, not all pods are ready", f"claim {MADE}", "its StorageClass is not there"),
        steps=[made(_workload("Deployment", "kubeflow", MADE, CLAIMING), CLAIM)],
        seen=has_said("no-such-class", MADE, "kubeflow"),
    ),
    Sabotage(
        name="authservice-stopped",
        breaks="authservice has no pod",
        chapter=READINESS,
        scenario="Every workload has all its replicas",
        words=("StatefulSet istio-system/authservice is set to 0 replicas",),
        steps=[scaled_to_nothing("istio-system/statefulset/authservice")],
        seen=no_pod("istio-system", "app=authservice"),
    ),
    Sabotage(
        name="webhook-stopped",
        breaks="cert-manager's webhook has no pod",
        chapter=READINESS,
        scenario="Every workload has all its replicas",
        words=("Deployment cert-manager/cert-manager-webhook is set to 0 replicas",),
        steps=[scaled_to_nothing("cert-manager/deployment/cert-manager-webhook")],
        seen=no_pod("cert-manager", "app=webhook"),
    ),
    Sabotage(
        name="other-version",
        breaks="a component's image has another tag than the table of components",
        chapter="07_versions",
        scenario="<component> has the version of this release",
        words=("PodDefaults Webhook: compared: tag v1.7.0", "seen: v0.15.0"),
        steps=[
            edited(
                "kubeflow/deployment/admission-webhook-deployment",
                "docker.io/kubeflownotebookswg/poddefaults-webhook:v1.7.0",
                "docker.io/kubeflowkatib/katib-ui:v0.15.0",
            )
        ],
        seen=only_new_pods("kubeflow", "app=poddefaults", "katib-ui:v0.15.0"),
    ),
    Sabotage(
        name="other-parameter",
        breaks="authservice is told to tell of users by another claim",
        chapter=AUTHSERVICE,
        scenario="authservice has the tutorial's parameters",
        words=("USERID_CLAIM is 'name', and not 'email'",),
        steps=[
            edited(
                "istio-system/configmap/oidc-authservice-parameters",
                '"USERID_CLAIM": "email"',
                '"USERID_CLAIM": "name"',
            )
        ],
    ),
    Sabotage(
        name="port-forward-without-target",
        breaks="the gateway's Service lacks the port that the port-forward leads to",
        chapter=AUTHSERVICE,
        scenario=WAY,
        words=("the port-forward to istio-ingressgateway is open", "does not have a service port 80"),
        steps=[edited("istio-system/service/istio-ingressgateway", '"port": 80,', '"port": 81,')],
    ),
    Sabotage(
        name="kubeflow-at-wrong-host",
        breaks="Kubeflow's Ingress is for another host",
        chapter=AUTHSERVICE,
        scenario=WAY,
        words=("does not lead to Dex", "is for kubeflow.example.org, and not for kubeflow.example.it"),
        steps=[edited("istio-system/ingress/svc-istio-ingressgateway", doors.HOST, "kubeflow.example.org")],
        seen=answered(doors.PUBLIC, 404),
    ),
    Sabotage(
        name="guard-disarmed",
        breaks="the ext_authz filter is there, and is for no gateway: the dashboard is open to all",
        chapter=AUTHSERVICE,
        scenario=WAY,
        words=(f"{USER} cannot log in", OPEN_TO_ALL),
        steps=[edited("istio-system/envoyfilter/authn-filter", '"istio": "ingressgateway"', '"istio": "nobody"')],
        seen=answered(doors.PUBLIC, 200),
    ),
    Sabotage(
        name="unknown-redirect",
        breaks="Dex does not know the redirect URI of authservice",
        chapter=AUTHSERVICE,
        scenario=WAY,
        words=("Dex does not ask for user and password", "nregistered redirect_uri"),
        steps=[
            edited("auth/configmap/dex", "/authservice/oidc/callback", "/elsewhere", restarts="auth/deployment/dex")
        ],
        seen=shown(doors.PUBLIC, "nregistered redirect_uri"),
    ),
    Sabotage(
        name="other-password",
        breaks="Dex has another password of the owner",
        chapter=AUTHSERVICE,
        scenario=WAY,
        words=(f"{USER} cannot log in", "Invalid Email Address and password."),
        steps=[
            edited("auth/configmap/dex", "hash: [^ ]*", f"hash: {hashed(MADE)}\\\\n", restarts="auth/deployment/dex")
        ],
        seen=refused(),
    ),
    Sabotage(
        name="kubeflow-at-second-host",
        breaks="Kubeflow's Ingress is for another host, too",
        chapter="09_doors",
        scenario="The Ingress exposes Kubeflow",
        words=("Kubeflow's Ingress exposes ['second.example.it', 'kubeflow.example.it']",),
        steps=[
            edited(
                "istio-system/ingress/svc-istio-ingressgateway",
                '"rules": \\[(.*)kubeflow.example.it(.*)\\]\\}',
                '"rules": [\\1second.example.it\\2, \\1kubeflow.example.it\\2]}',
            )
        ],
    ),
    Sabotage(
        name="dashboard-for-another",
        breaks="the dashboard is told that everybody is somebody else",
        chapter=LOGIN,
        scenario="The owner logs in and is greeted",
        words=(f"the dashboard takes {USER}, who has logged in, for {OTHER_USER}",),
        steps=[
            edited(
                "kubeflow/virtualservice/centraldashboard",
                '"route": \\[',
                f'"headers": {{"request": {{"set": {{"kubeflow-userid": "{OTHER_USER}"}}}}}}, "route": [',
            )
        ],
        seen=taken_for(OTHER_USER),
    ),
    Sabotage(
        name="profile-of-another",
        breaks="the Profile belongs to somebody else",
        chapter=LOGIN,
        scenario="The owner logs in and is greeted",
        words=(f"they own nothing, and not {PROFILE}",),
        steps=[edited(f"profile/{PROFILE}", f'"name": "{USER}"', f'"name": "{OTHER_USER}"')],
    ),
    Sabotage(
        name="stranger-let-in",
        breaks="Dex has one user too many",
        chapter=LOGIN,
        scenario="Who cannot be known is refused",
        words=("expected Dex's words 'Invalid Email Address and password.', seen ''",),
        steps=[
            edited(
                "auth/configmap/dex",
                r"(staticPasswords:\\n)",
                rf"\1- {{email: {STRANGER}, hash: '{hashed(PASSWORD)}', username: one, userID: one}}\\n",
                restarts="auth/deployment/dex",
            )
        ],
        seen=let_in(STRANGER),
    ),
    Sabotage(
        name="header-let-through",
        breaks="the header kubeflow-userid is let through from clients",
        chapter=LOGIN,
        scenario="A visitor cannot make themselves somebody else",
        words=(f"who calls themselves {OTHER_USER}, for {OTHER_USER}", "lets the header kubeflow-userid through"),
        steps=[
            edited("istio-system/envoyfilter/authn-filter", '"remove": "kubeflow-userid"', '"remove": "x-nobody"'),
            edited(
                "istio-system/envoyfilter/authn-filter",
                '"allowed_upstream_headers"',
                '"allowed_upstream_headers_to_append"',
            ),
        ],
        seen=taken_for(OTHER_USER, claimed=OTHER_USER),
    ),
    Sabotage(
        name="insecure-cookies",
        breaks="a web app's cookies are not secure ones",
        chapter="11_writes",
        scenario="A write is refused over plain HTTP at the other door",
        words=("the web app accepted the write", "XSRF-TOKEN is not Secure"),
        steps=[
            edited(
                "kubeflow/deployment/jupyter-web-app-deployment",
                '"name": "APP_SECURE_COOKIES", "value": "true"',
                '"name": "APP_SECURE_COOKIES", "value": "false"',
            )
        ],
        seen=only_new_pods("kubeflow", "app=jupyter-web-app", '"APP_SECURE_COOKIES", "value": "false"'),
    ),
    Sabotage(
        name="dex-paused",
        breaks="Dex's roll-out is paused, so that it never reads another password",
        chapter="12_password",
        scenario="The new password is accepted, and the old one no more",
        words=("can't restart paused deployment", "rollout resume"),
        steps=[
            done(
                "kubectl rollout pause deployment/dex --namespace=auth",
                "kubectl rollout resume deployment/dex --namespace=auth",
            )
        ],
        options=("-m", "password"),
    ),
)
