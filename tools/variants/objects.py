"""The objects that variants create: what users of a cluster have besides Kubeflow."""

from __future__ import annotations

from typing import Any

from lab.config.settings import TUTORIAL_NAMESPACE as PROFILE
from lab.k8s.objects import Object

NAME = "variant"
"""The name of the objects that variants create."""
OTHER_NAMESPACE = "team-a"
"""A namespace that has nothing to do with Kubeflow."""
NGINX = "nginx"
FAILING_COMMAND, ENDING_COMMAND = ["/no-such-program"], ["nginx", "-v"]
"""Commands of the image nginx: one that cannot be started, and one that ends with exit status 0."""


def build_object(kind: str, api_version: str = "v1", *, name: str = NAME, namespace: str = "", **fields: Any) -> Object:
    """Return an object.

    Args:
        kind: The kind.
        api_version: The API version.
        name: The name.
        namespace: The namespace; empty for a kind without namespace.
        fields: Other fields; those of `metadata` are added to the name.
    """
    metadata = {"name": name, **({"namespace": namespace} if namespace else {}), **fields.pop("metadata", {})}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **fields}


def build_pod_spec(command: list[str] | None = None, image: str = NGINX, **fields: Any) -> Object:
    """Return the specification of a pod with one container, which ends without delay when it is deleted.

    Args:
        command: The command of the container; None for that of the image.
        image: The image.
        fields: Other fields of the specification.
    """
    container = {"name": NAME, "image": image, **({"command": command} if command else {})}
    return {"containers": [container], "terminationGracePeriodSeconds": 1, **fields}


def build_workload(kind: str, namespace: str, pod_spec: Object, **fields: Any) -> Object:
    """Return a Deployment or StatefulSet.

    Args:
        kind: The kind.
        namespace: The namespace.
        pod_spec: The specification of its pods.
        fields: Other fields of its specification.
    """
    labels = {"app": NAME}
    template = {"metadata": {"labels": labels}, "spec": pod_spec}
    spec = {"selector": {"matchLabels": labels}, "template": template, **fields}
    return build_object(kind, "apps/v1", namespace=namespace, spec=spec)


def build_pod(namespace: str, command: list[str] | None = None, image: str = NGINX, **labels: str) -> Object:
    """Return a pod that is not restarted.

    Args:
        namespace: The namespace.
        command: The command of its container; None for that of the image.
        image: The image.
        labels: Labels, besides one with the name.
    """
    spec = build_pod_spec(command, image, restartPolicy="Never")
    return build_object("Pod", namespace=namespace, metadata={"labels": {"app": NAME, **labels}}, spec=spec)


def build_evicted_pod(namespace: str, app: str) -> Object:
    """Return a pod as the kubelet leaves it after an eviction, with the label of the Deployment that has replaced it.

    No scheduler assigns it to a node, so that its status stays as it is.
    """
    status = {
        "phase": "Failed",
        "reason": "Evicted",
        "message": "The node was low on resource: ephemeral-storage. Threshold quantity: 1Gi, available: 800Mi.",
    }
    spec = build_pod_spec(schedulerName="none")
    return build_object("Pod", namespace=namespace, metadata={"labels": {"app": app}}, spec=spec, status=status)


def build_job(namespace: str, command: list[str]) -> Object:
    """Return a Job with one attempt."""
    spec = {"backoffLimit": 0, "template": {"spec": build_pod_spec(command, restartPolicy="Never")}}
    return build_object("Job", "batch/v1", namespace=namespace, spec=spec)


def build_load_balancer(*ingress: Object, load_balancer_class: str = "") -> Object:
    """Return a Service of type LoadBalancer.

    Args:
        ingress: The entries of its status.
        load_balancer_class: A class, for which MetalLB is not responsible; empty for MetalLB.
    """
    spec: Object = {"type": "LoadBalancer", "selector": {"app": NAME}, "ports": [{"port": 80}]}
    if not load_balancer_class:
        return build_object("Service", namespace="default", spec=spec)
    status = {"loadBalancer": {"ingress": list(ingress)}}
    spec["loadBalancerClass"] = load_balancer_class
    return build_object("Service", namespace="default", spec=spec, status=status)


def build_ingress(path: str, host: str = "", **metadata: Any) -> Object:
    """Return an Ingress of the test site's Service.

    Args:
        path: The path.
        host: The host; every host if empty.
        metadata: Fields of its metadata besides its name and its namespace.
    """
    backend = {"service": {"name": "nginx", "port": {"number": 80}}}
    rule: Object = {"http": {"paths": [{"path": path, "pathType": "Prefix", "backend": backend}]}}
    if host:
        rule["host"] = host
    spec = {"rules": [rule]}
    return build_object("Ingress", "networking.k8s.io/v1", namespace="default", metadata=metadata, spec=spec)


def build_profile(owner: str) -> Object:
    """Return a Profile."""
    return build_object("Profile", "kubeflow.org/v1", spec={"owner": {"kind": "User", "name": owner}})


def build_pool(addresses: str) -> Object:
    """Return an IPAddressPool of MetalLB."""
    spec = {"addresses": [addresses]}
    return build_object("IPAddressPool", "metallb.io/v1beta1", namespace="metallb-system", spec=spec)


def build_advertisement(*pools: str) -> Object:
    """Return an L2Advertisement of MetalLB, of all pools if none is named."""
    spec = {"ipAddressPools": list(pools)} if pools else {}
    return build_object("L2Advertisement", "metallb.io/v1beta1", namespace="metallb-system", spec=spec)


def build_unreachable_webhook() -> Object:
    """Return a webhook whose Service does not exist, for pods of one foreign namespace, which it does not prevent."""
    service = {"name": "no-such-service", "namespace": OTHER_NAMESPACE, "path": "/validate"}
    webhook = {
        "name": "pods.team-a.example.com",
        "admissionReviewVersions": ["v1"],
        "sideEffects": "None",
        "failurePolicy": "Ignore",
        "timeoutSeconds": 1,
        "clientConfig": {"service": service},
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": OTHER_NAMESPACE}},
        "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}],
    }
    api = "admissionregistration.k8s.io/v1"
    return build_object("ValidatingWebhookConfiguration", api, webhooks=[webhook])


def build_site_of_team() -> tuple[Object, ...]:
    """Return a namespace with a site of its own behind Istio's gateway, at another host than Kubeflow's."""
    host, istio = "team-a.example.it", "networking.istio.io/v1beta1"
    server = {"hosts": [host], "port": {"name": "http", "number": 80, "protocol": "HTTP"}}
    gateway = {"selector": {"istio": "ingressgateway"}, "servers": [server]}
    destination = {"host": f"{NAME}.{OTHER_NAMESPACE}.svc.cluster.local", "port": {"number": 80}}
    virtual_service = {"hosts": [host], "gateways": [NAME], "http": [{"route": [{"destination": destination}]}]}
    service = {"selector": {"app": NAME}, "ports": [{"port": 80}]}
    return (
        build_object("Namespace", name=OTHER_NAMESPACE),
        build_workload("Deployment", OTHER_NAMESPACE, build_pod_spec()),
        build_object("Service", namespace=OTHER_NAMESPACE, spec=service),
        build_object("Gateway", istio, namespace=OTHER_NAMESPACE, spec=gateway),
        build_object("VirtualService", istio, namespace=OTHER_NAMESPACE, spec=virtual_service),
    )


def build_quota_with_defaults() -> tuple[Object, ...]:
    """Return a ResourceQuota of the owner's namespace, and the LimitRange that lets pods without requests pass it."""
    limits = [{"type": "Container", "default": {"cpu": "1", "memory": "1Gi"}, "defaultRequest": {"cpu": "10m"}}]
    hard = {"requests.cpu": "8", "limits.memory": "32Gi", "pods": "50"}
    return (
        build_object("LimitRange", namespace=PROFILE, spec={"limits": limits}),
        build_object("ResourceQuota", namespace=PROFILE, spec={"hard": hard}),
    )


def build_unused_claim() -> Object:
    """Return a volume that no notebook uses yet, which stays Pending until one does."""
    resources = {"requests": {"storage": "1Gi"}}
    spec = {"accessModes": ["ReadWriteOnce"], "storageClassName": "local-path", "resources": resources}
    return build_object("PersistentVolumeClaim", namespace=PROFILE, spec=spec)
