"""The Ingress controller, at the address that is reserved for it, and Ingresses."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address

import yaml

from lab.context import Lab
from lab.k8s.client import Kube
from lab.k8s.helm import HelmRelease
from lab.k8s.objects import (
    Object,
    ObjectRef,
    describe_external_addresses,
    find_by_name,
    get_nested,
    label_selector,
    load_balancer_ips,
    names_with_annotation,
)
from lab.k8s.readiness import is_ready, list_running_pods, wait_for_pods
from lab.k8s.server_side_apply import apply_objects
from lab.k8s.version_numbers import find_version, is_in_range
from lab.layers.metallb import POOL, find_release_problem
from lab.layers.probes import POOL_ANNOTATION
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
ANSWERS = 10
"""The answers in a row after which a new Ingress is served: while nginx replaces its processes, an old one may answer
in between."""
DEFAULT_CLASS_ANNOTATION = "ingressclass.kubernetes.io/is-default-class"
MANY_DEFAULTS_ACCEPTED = ">=1.25"
"""The versions of Kubernetes that are known to accept several default IngressClasses, and to use the newest."""
ANY_HOST = "*"
"""The host of a rule that names none, and of an Ingress that has only a default backend."""


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
    service = {"annotations": {POOL_ANNOTATION: POOL}, "loadBalancerIP": str(address)}
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
        if problem := find_release_problem(self.release, self.lab):
            return problem
        if not pods or not all(map(is_ready, pods)):
            return "the pod of the Ingress controller is not ready"
        service = self.get_service()
        if self.lab.settings.ingress_address not in load_balancer_ips(service):
            return f"the external address of the Service {SERVICE} is {describe_external_addresses(service)}"
        return self.find_class_problem(CLASS) or None

    def install(self) -> None:
        """Install the chart, and wait until the pod is ready and the Service has the reserved address.

        The chart needs no address: MetalLB assigns it as soon as it has a pool.

        Raises:
            LabError: If Helm fails.
            WaitError: If the pod does not become ready, or the Service does not get the address.
        """
        self.values.parent.mkdir(parents=True, exist_ok=True)
        self.values.write_text(yaml.safe_dump(self.build_values()))
        self.release.prepare()
        self.release.install()
        self._wait_for_addresses()
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

    def get_service(self) -> Object | None:
        """Return the controller's Service, or None."""
        return self.lab.kube.get("Service", SERVICE, NAMESPACE)

    def list_pods(self) -> list[Object]:
        """Return the pods of the controller."""
        return list_running_pods(self.lab.kube, NAMESPACE, SELECTOR)

    def find_class_problem(self, name: str) -> str:
        """Return why an Ingress without a class does not get an IngressClass; empty if it gets this class.

        Args:
            name: The name of the IngressClass.
        """
        classes = self.lab.kube.list_objects("IngressClass")
        names = list_default_classes(classes)
        if len(names) < 2:
            return "" if names == [name] else f"the default IngressClasses are {names}"
        version = find_version(self.lab.kube.get_server_version())
        marked = f"{len(names)} IngressClasses are marked as default ({', '.join(names)})"
        if not version or not is_in_range(version, MANY_DEFAULTS_ACCEPTED):
            return f"{marked}: this Kubernetes may reject an Ingress without a class; from 1.25 on, the newest is used"
        return "" if names[0] == name else f"{marked}: an Ingress without a class gets the newest of them, {names[0]}"


def list_default_classes(classes: Iterable[Object]) -> list[str]:
    """Return the names of the IngressClasses that are marked as default, in the order in which Kubernetes takes them.

    From 1.25 on, that is the newest first; of those of the same second, the first by name.
    """
    by_name = sorted(classes, key=lambda each: str(each["metadata"]["name"]))
    newest_first = sorted(by_name, key=lambda each: str(each["metadata"].get("creationTimestamp")), reverse=True)
    return names_with_annotation(newest_first, DEFAULT_CLASS_ANNOTATION)


def list_hosts(ingress: Object | None) -> list[str]:
    """Return the hosts that an Ingress exposes; "*" for a rule without a host, and for a default backend."""
    rules = _list_rules(ingress)
    hosts = [str(rule.get("host") or ANY_HOST) for rule in rules]
    if get_nested(ingress, "spec", "defaultBackend"):
        hosts.append(ANY_HOST)
    return list(dict.fromkeys(hosts))


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
    hosts = list_hosts(ingress)
    if host not in hosts and ANY_HOST not in hosts:
        return [f"the Ingress {name} in {namespace} is for {', '.join(hosts) or 'no host'}, and not for {host}"]
    backends = _list_backends(ingress, host)
    if not backends:
        return [f"the Ingress {name} in {namespace} has no backend for {host}: no path, and no default backend"]
    problems = [_find_backend_problem(kube, namespace, backend) for backend in backends]
    return [problem for problem in dict.fromkeys(problems) if problem]


def _list_rules(ingress: Object | None) -> list[Object]:
    return [rule for rule in get_nested(ingress, "spec", "rules") or [] if isinstance(rule, dict)]


def _list_backends(ingress: Object, host: str) -> list[Object]:
    """Return the backends that requests for a host may be forwarded to.

    Rules for the host itself precede those without a host. A rule without paths forwards to the default backend.
    """
    by_host = [rule for rule in _list_rules(ingress) if rule.get("host") == host]
    rules = by_host or [rule for rule in _list_rules(ingress) if not rule.get("host")]
    paths = [path for rule in rules for path in get_nested(rule, "http", "paths") or []]
    default = get_nested(ingress, "spec", "defaultBackend")
    return [path.get("backend") or {} for path in paths] or ([default] if default else [])


def _find_backend_problem(kube: Kube, namespace: str, backend: Object) -> str | None:
    """Return why requests to a backend of an Ingress do not reach a pod, or None."""
    service = get_nested(backend, "service", "name")
    if service:
        return _find_service_problem(kube, namespace, service)
    kind, name = get_nested(backend, "resource", "kind"), get_nested(backend, "resource", "name")
    return f"the Ingress forwards requests to the {kind or 'unknown resource'} {name}, and not to a Service"


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
        satisfied=lambda objects: address in load_balancer_ips(find_by_name(objects, ref.name)),
        describe=lambda objects: f"its address is {describe_external_addresses(find_by_name(objects, ref.name))}",
        timeout=timeout,
        waiting_for=f"the {ref.kind} {ref.name} to have the address {address}",
        journal=kube.journal,
        remedy=remedy,
    )


def create_ingress(
    kube: Kube, name: str, host: str, service: Backend, address: IPv4Address, *, tls_secret: str = ""
) -> None:
    """Create an Ingress for all paths of a host, and wait until the controller has written its address into it.

    The controller may serve the host before or after that, so the caller must wait for an answer, too.

    Args:
        kube: The API of the cluster.
        name: The name of the Ingress.
        host: The host.
        service: The Service that requests are forwarded to; the Ingress is in its namespace.
        address: The address of the Ingress controller.
        tls_secret: The Secret with the certificate of the host; empty for plain HTTP.

    Raises:
        LabError: If the API server rejects it.
        WaitTimeoutError: If the controller does not handle it.
    """
    backend = {"service": {"name": service.name, "port": {"number": service.port}}}
    path = {"pathType": "Prefix", "path": "/", "backend": backend}
    tls = {"tls": [{"hosts": [host], "secretName": tls_secret}]} if tls_secret else {}
    ingress = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": name, "namespace": service.namespace},
        "spec": {"rules": [{"host": host, "http": {"paths": [path]}}], **tls},
    }
    apply_objects(kube, [ingress])
    wait_for_address(kube, ObjectRef("Ingress", name, service.namespace), address, PUBLISHED_TIMEOUT, remedy=READ_LOG)
