"""The Ingress controller, at the address that is reserved for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address

import yaml

from lab.cluster import Cluster
from lab.helm import HelmRelease
from lab.kube import Kube, Object, marked, named
from lab.metallb import POOL
from lab.own_objects import apply
from lab.readiness import is_ready, wait_for_pods
from lab.site import Site
from lab.waiting import wait_until

NAMESPACE = "kube-system"
SERVICE = "ingress-nginx-controller"
CLASS = "nginx"
SELECTOR = "app.kubernetes.io/name=ingress-nginx,app.kubernetes.io/component=controller"
READY_TIMEOUT = 120
ADDRESS_TIMEOUT = 30
PUBLISHED_TIMEOUT = 75
"""Seconds; ingress-nginx writes addresses into Ingresses once a minute."""
DEFAULT_CLASS = "ingressclass.kubernetes.io/is-default-class"


@dataclass(frozen=True)
class Backend:
    """The Service that an Ingress leads to, and its port."""

    namespace: str
    name: str
    port: int


class IngressController:
    """The controller by its Helm chart, with the tutorial's values.

    Arguments:
        addresses_there: comes back when there are addresses to be had, which may be on their way.
    """

    name = "ingress controller"

    def __init__(self, site: Site, cluster: Cluster, addresses_there: Callable[[], object]) -> None:
        self.site, self.kube, self._addresses_there = site, cluster.kube, addresses_there
        self.values = site.home / "ingress-nginx-values.yaml"
        chart = site.source.charts["ingress-nginx"]
        self.release = HelmRelease(site.terminal, "ingress-nginx", NAMESPACE, chart, self.values)

    def wrong(self) -> str | None:
        """That its release is not deployed, a pod not ready, or the address another one; None when it is right."""
        pods = self.pods()
        if wrong := self.release.wrong():
            return wrong
        if not pods or not all(map(is_ready, pods)):
            return "the controller's pod is not ready"
        if self.external_address() != self.site.settings.ingress_address:
            return f"the external address of {SERVICE} is {self.external_address()}"
        classes = self.default_classes()
        return None if classes == [CLASS] else f"the default IngressClasses are {classes}"

    def install(self) -> None:
        """Installs it, and waits until its pod is ready and its Service has the reserved address."""
        self.values.parent.mkdir(parents=True, exist_ok=True)
        self.values.write_text(yaml.safe_dump(self._values()))
        self.release.prepare()
        self._addresses_there()
        self.release.install()
        wait_for_pods(self.kube, NAMESPACE, SELECTOR, 1, READY_TIMEOUT, "the Ingress controller is ready")
        wait_for_address(
            self.kube,
            ("Service", NAMESPACE, SERVICE),
            self.site.settings.ingress_address,
            ADDRESS_TIMEOUT,
            remedy=f"`python -m lab exec -- kubectl describe service -n {NAMESPACE} {SERVICE}` has MetalLB's reason",
        )

    def external_address(self) -> IPv4Address | None:
        """The address that its Service has."""
        return published_address(self.kube.one("Service", SERVICE, NAMESPACE))

    def pods(self) -> list[Object]:
        """Its pods."""
        return self.kube.all("Pod", NAMESPACE, SELECTOR)

    def default_classes(self) -> list[str]:
        """The names of the IngressClasses that Ingresses get that name none."""
        return marked(self.kube.all("IngressClass"), DEFAULT_CLASS)

    def _values(self) -> Object:
        service = {
            "annotations": {"metallb.universe.tf/address-pool": POOL},
            "loadBalancerIP": str(self.site.settings.ingress_address),
        }
        return {"controller": {"service": service, "ingressClassResource": {"default": True}}}


def published_address(one: Object | None) -> IPv4Address | None:
    """The external address of a Service or an Ingress; None while it is pending."""
    status = (one or {}).get("status") or {}
    addresses = (status.get("loadBalancer") or {}).get("ingress") or []
    return IPv4Address(addresses[0]["ip"]) if addresses and addresses[0].get("ip") else None


def unserved(kube: Kube, namespace: str, name: str, host: str) -> list[str]:
    """What keeps an Ingress from leading a host's visitors to a pod, in words; empty when nothing does.

    Arguments:
        namespace, name: of the Ingress.
        host: the host that it is to expose.
    """
    ingress = kube.one("Ingress", name, namespace)
    if ingress is None:
        return [f"there is no Ingress {name} in {namespace}"]
    rules = ingress["spec"].get("rules") or []
    hosts = [rule.get("host", "*") for rule in rules]
    if host not in hosts:
        return [f"the Ingress {name} in {namespace} is for {', '.join(hosts)}, and not for {host}"]
    paths = [path for rule in rules if rule.get("host") == host for path in rule["http"]["paths"]]
    services = dict.fromkeys(path["backend"]["service"]["name"] for path in paths)
    return [words for service in services if (words := _leads_nowhere(kube, namespace, service))]


def _leads_nowhere(kube: Kube, namespace: str, service: str) -> str:
    there = kube.one("Service", service, namespace)
    if there is None:
        return f"there is no Service {service} in {namespace}, which the Ingress leads to"
    subsets = (kube.one("Endpoints", service, namespace) or {}).get("subsets") or []
    if any(subset.get("addresses") for subset in subsets):
        return ""
    selector = ",".join(f"{key}={value}" for key, value in (there["spec"].get("selector") or {}).items())
    return f"the Service {service} in {namespace} has no endpoints: no pod that is ready has its labels ({selector})"


def wait_for_address(kube: Kube, of: tuple[str, str, str], address: IPv4Address, timeout: float, remedy: str) -> None:
    """Waits until a Service or an Ingress has an external address.

    Arguments:
        of: its kind, namespace and name.
        timeout: seconds.

    Raises LabError when time is up.
    """
    kind, namespace, name = of
    wait_until(
        kube.watching(kind, namespace),
        satisfied=lambda found: published_address(named(found, name)) == address,
        show=lambda found: f"its address is {published_address(named(found, name))}",
        timeout=timeout,
        what=f"the {kind} {name} has the address {address}",
        remedy=remedy,
    )


def expose(kube: Kube, name: str, host: str, service: Backend, address: IPv4Address) -> None:
    """Makes an Ingress for all of a host, and waits until the controller has written its address into it.

    Whether the host is served comes before or after that: it must be waited for, too.

    Raises LabError when the API server refuses it, or the controller does not take it up.
    """
    backend = {"service": {"name": service.name, "port": {"number": service.port}}}
    path = {"pathType": "Prefix", "path": "/", "backend": backend}
    ingress = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": name, "namespace": service.namespace},
        "spec": {"rules": [{"host": host, "http": {"paths": [path]}}]},
    }
    apply(kube, [ingress])
    remedy = "the Ingress controller writes it; its log says why it does not"
    wait_for_address(kube, ("Ingress", service.namespace, name), address, PUBLISHED_TIMEOUT, remedy)
