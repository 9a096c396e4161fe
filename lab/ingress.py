"""The Ingress controller, at the address that is reserved for it."""

from __future__ import annotations

from ipaddress import IPv4Address

import yaml

from lab.cluster import Cluster
from lab.helm import HelmRelease
from lab.kube import Object, marked, named
from lab.metallb import POOL
from lab.readiness import is_ready, wait_for_pods
from lab.site import Site
from lab.waiting import wait_until

NAMESPACE = "kube-system"
SERVICE = "ingress-nginx-controller"
CLASS = "nginx"
SELECTOR = "app.kubernetes.io/name=ingress-nginx,app.kubernetes.io/component=controller"
READY_TIMEOUT = 120
ADDRESS_TIMEOUT = 30
DEFAULT_CLASS = "ingressclass.kubernetes.io/is-default-class"


class IngressController:
    """The controller by its Helm chart, with the tutorial's values."""

    name = "ingress controller"

    def __init__(self, site: Site, cluster: Cluster) -> None:
        self.site, self.kube = site, cluster.kube
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
        self.release.install()
        wait_for_pods(self.kube, NAMESPACE, SELECTOR, 1, READY_TIMEOUT, "the Ingress controller is ready")
        address = self.site.settings.ingress_address
        wait_until(
            self.kube.watching("Service", NAMESPACE),
            satisfied=lambda services: published_address(named(services, SERVICE)) == address,
            show=lambda services: f"the external address of {SERVICE} is {published_address(named(services, SERVICE))}",
            timeout=ADDRESS_TIMEOUT,
            what=f"MetalLB gives the Service {SERVICE} the address {address}",
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
