"""The Ingress controller, at the address that is reserved for it, and Ingresses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address

import yaml

from lab.context import Lab
from lab.k8s.client import Kube
from lab.k8s.helm import HelmRelease
from lab.k8s.objects import (
    Object,
    ObjectRef,
    find_by_name,
    label_selector,
    load_balancer_ip,
    names_with_annotation,
)
from lab.k8s.readiness import is_ready, wait_for_pods
from lab.k8s.server_side_apply import apply_objects
from lab.layers.metallb import POOL
from lab.run.waiting import wait_until

NAMESPACE = "kube-system"
SERVICE = "ingress-nginx-controller"
VALUES_FILE = "ingress-nginx-values.yaml"
CLASS = "nginx"
SELECTOR = "app.kubernetes.io/name=ingress-nginx,app.kubernetes.io/component=controller"
READ_LOG = f"read the log of the Ingress controller: `kubectl logs -n {NAMESPACE} deployment/{SERVICE}`"
READY_TIMEOUT = 120
ADDRESS_TIMEOUT = 30
PUBLISHED_TIMEOUT = 75
"""Seconds; ingress-nginx writes addresses into Ingresses once a minute."""
DEFAULT_CLASS_ANNOTATION = "ingressclass.kubernetes.io/is-default-class"


@dataclass(frozen=True)
class Backend:
    """The Service that an Ingress forwards requests to, and its port."""

    namespace: str
    name: str
    port: int


def build_chart_values(address: IPv4Address) -> Object:
    """Return the values for the chart, as in the tutorial.

    Args:
        address: The address that is reserved for the Ingress controller.
    """
    service = {"annotations": {"metallb.universe.tf/address-pool": POOL}, "loadBalancerIP": str(address)}
    return {"controller": {"service": service, "ingressClassResource": {"default": True}}}


class IngressController:
    """The controller from its Helm chart, with the tutorial's values.

    Args:
        lab: The lab.
        wait_for_addresses: Returns when MetalLB can assign addresses, which may be installed at the same time.
    """

    name = "Ingress controller"

    def __init__(self, lab: Lab, wait_for_addresses: Callable[[], object]) -> None:
        self.lab, self._wait_for_addresses = lab, wait_for_addresses
        self.values = lab.home / VALUES_FILE
        chart = lab.source.charts["ingress-nginx"]
        self.release = HelmRelease(lab.shell, "ingress-nginx", NAMESPACE, chart, self.values)

    def problem(self) -> str | None:
        """Return what is wrong with Helm release, pod, address or IngressClass, or None."""
        pods = self.list_pods()
        if problem := self.release.problem():
            return problem
        if not pods or not all(map(is_ready, pods)):
            return "the pod of the Ingress controller is not ready"
        address = self.get_external_address()
        if address != self.lab.settings.ingress_address:
            return f"the external address of the Service {SERVICE} is {address}"
        classes = self.list_default_classes()
        return None if classes == [CLASS] else f"the default IngressClasses are {classes}"

    def install(self) -> None:
        """Install the chart, and wait until the pod is ready and the Service has the reserved address.

        Raises:
            LabError: If Helm fails.
            WaitError: If the pod does not become ready, or the Service does not get the address.
        """
        self.values.parent.mkdir(parents=True, exist_ok=True)
        self.values.write_text(yaml.safe_dump(self.build_values()))
        self.release.prepare()
        self._wait_for_addresses()
        self.release.install()
        kube = self.lab.kube
        wait_for_pods(kube, NAMESPACE, SELECTOR, 1, READY_TIMEOUT, "the pod of the Ingress controller to be ready")
        wait_for_address(
            kube,
            ObjectRef("Service", SERVICE, NAMESPACE),
            self.lab.settings.ingress_address,
            ADDRESS_TIMEOUT,
            remedy=f"read the events of MetalLB: `kubectl describe service -n {NAMESPACE} {SERVICE}`",
        )

    def build_values(self) -> Object:
        """Return the values for the chart, as in the tutorial."""
        return build_chart_values(self.lab.settings.ingress_address)

    def get_external_address(self) -> IPv4Address | None:
        """Return the external address of the controller's Service."""
        return load_balancer_ip(self.lab.kube.get("Service", SERVICE, NAMESPACE))

    def list_pods(self) -> list[Object]:
        """Return the pods of the controller."""
        return self.lab.kube.list_objects("Pod", NAMESPACE, SELECTOR)

    def list_default_classes(self) -> list[str]:
        """Return the names of the IngressClasses that Ingresses without a class get."""
        return names_with_annotation(self.lab.kube.list_objects("IngressClass"), DEFAULT_CLASS_ANNOTATION)


def diagnose_ingress(kube: Kube, namespace: str, name: str, host: str) -> list[str]:
    """Return the reasons why an Ingress does not forward requests for a host to a pod; empty if it does.

    Args:
        kube: The API of the cluster.
        namespace: The namespace of the Ingress.
        name: The name of the Ingress.
        host: The host that it should expose.
    """
    ingress = kube.get("Ingress", name, namespace)
    if ingress is None:
        return [f"there is no Ingress {name} in {namespace}"]
    rules = ingress["spec"].get("rules") or []
    hosts = [rule.get("host", "*") for rule in rules]
    if host not in hosts:
        return [f"the Ingress {name} in {namespace} is for {', '.join(hosts)}, and not for {host}"]
    paths = [path for rule in rules if rule.get("host") == host for path in rule["http"]["paths"]]
    services = dict.fromkeys(path["backend"]["service"]["name"] for path in paths)
    return [problem for service in services if (problem := _find_service_problem(kube, namespace, service))]


def _find_service_problem(kube: Kube, namespace: str, name: str) -> str | None:
    """Return why requests to a Service of an Ingress do not reach a pod, or None."""
    service = kube.get("Service", name, namespace)
    if service is None:
        return f"the Ingress forwards requests to the Service {name} in {namespace}, which does not exist"
    subsets = (kube.get("Endpoints", name, namespace) or {}).get("subsets") or []
    if any(subset.get("addresses") for subset in subsets):
        return None
    labels = label_selector(service["spec"].get("selector") or {})
    return f"the Service {name} in {namespace} has no endpoints: no ready pod has its labels ({labels})"


def wait_for_address(kube: Kube, ref: ObjectRef, address: IPv4Address, timeout: float, remedy: str) -> None:
    """Wait until a Service or an Ingress has an external address.

    Args:
        kube: The API of the cluster.
        ref: The Service or the Ingress.
        address: The address.
        timeout: Seconds.
        remedy: What to do if it does not get the address.

    Raises:
        WaitTimeoutError: If it does not get the address in time.
    """
    wait_until(
        kube.watch(ref.kind, ref.namespace),
        satisfied=lambda objects: load_balancer_ip(find_by_name(objects, ref.name)) == address,
        describe=lambda objects: f"its address is {load_balancer_ip(find_by_name(objects, ref.name))}",
        timeout=timeout,
        waiting_for=f"the {ref.kind} {ref.name} to have the address {address}",
        journal=kube.journal,
        remedy=remedy,
    )


def create_ingress(kube: Kube, name: str, host: str, service: Backend, address: IPv4Address) -> None:
    """Create an Ingress for all paths of a host, and wait until the controller has written its address into it.

    The controller may serve the host before or after that, so the caller must wait for an answer, too.

    Args:
        kube: The API of the cluster.
        name: The name of the Ingress.
        host: The host.
        service: The Service that requests are forwarded to; the Ingress is in its namespace.
        address: The address of the Ingress controller.

    Raises:
        LabError: If the API server rejects it.
        WaitTimeoutError: If the controller does not handle it.
    """
    backend = {"service": {"name": service.name, "port": {"number": service.port}}}
    path = {"pathType": "Prefix", "path": "/", "backend": backend}
    ingress = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": name, "namespace": service.namespace},
        "spec": {"rules": [{"host": host, "http": {"paths": [path]}}]},
    }
    apply_objects(kube, [ingress])
    wait_for_address(kube, ObjectRef("Ingress", name, service.namespace), address, PUBLISHED_TIMEOUT, remedy=READ_LOG)
