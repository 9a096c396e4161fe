"""The sabotages of the layers below Kubeflow: the network, the cluster, MetalLB and the Ingress controller."""

from __future__ import annotations

from lab.k8s.objects import Object
from lab.layers.ingress_admission import CALL_FAILED, CONFIGURATION
from lab.layers.metallb import ADVERTISEMENT, POOL
from lab.web.hosts import NGINX_HOST
from tools.observations import (
    NGINX_URL,
    accepts_second_ingress,
    has_address,
    has_no_pods,
    has_pod_status,
    rejects_second_ingress,
    returns_status,
)
from tools.sabotage.sabotage import (
    CLUSTER,
    INGRESS,
    METALLB,
    NAME,
    Sabotage,
)
from tools.steps import create, delete, edit, run_command, scale_to_zero

WEBHOOK_SCENARIO = "The Ingress controller rejects a second Ingress for the same host and path"
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
        name="ingress-webhook-deleted",
        fault="the configuration of the Ingress controller's admission webhook is deleted, so that it is not asked",
        chapter=INGRESS,
        scenario=WEBHOOK_SCENARIO,
        expected_words=(
            "the API server accepts a second Ingress for nginx.example.it",
            "there is no ValidatingWebhookConfiguration ingress-nginx-admission",
        ),
        steps=[delete(f"ValidatingWebhookConfiguration/{CONFIGURATION}")],
        effect=accepts_second_ingress(),
    ),
    Sabotage(
        name="ingress-webhook-service-wrong",
        fault="the configuration of the Ingress controller's admission webhook names a Service that does not exist",
        chapter=INGRESS,
        scenario=WEBHOOK_SCENARIO,
        expected_words=(
            "the API server cannot check Ingresses: the Service of a webhook does not exist",
            "failed calling webhook",
        ),
        diagnosis="the Service of a webhook does not exist",
        # Without endpoints, the webhook would be called all the same: the API server keeps its connection.
        steps=[
            edit(
                f"ValidatingWebhookConfiguration/{CONFIGURATION}",
                '"name": "ingress-nginx-controller-admission"',
                '"name": "no-such-service"',
            )
        ],
        effect=rejects_second_ingress(CALL_FAILED),
    ),
)
