"""MetalLB, and the pool of addresses that it gives to Services."""

from __future__ import annotations

from lab import probe_namespace
from lab.cluster import Cluster
from lab.helm import HelmRelease
from lab.kube import Object
from lab.own_objects import apply
from lab.readiness import is_ready, wait_for_pods
from lab.site import Site

NAMESPACE = "metallb-system"
POOL, ADVERTISEMENT = "ip-pool", "l2advertise"
SELECTOR = "app.kubernetes.io/name=metallb"
PODS = 2
"""The controller, and the speaker of the one node."""
READY_TIMEOUT = 120


class MetalLB:
    """MetalLB by its Helm chart: a controller that assigns addresses, and a speaker that answers ARP for them."""

    name = "metallb"

    def __init__(self, site: Site, cluster: Cluster) -> None:
        self.kube = cluster.kube
        self.release = HelmRelease(site.terminal, "metallb", NAMESPACE, site.source.charts["metallb"])

    def wrong(self) -> str | None:
        """That its release is not deployed, or a pod not ready; None when it is right."""
        return self.release.wrong() or MetalLBReadiness(self).wrong()

    def install(self) -> None:
        """Installs it."""
        self.release.prepare()
        self.release.install()

    def pods(self) -> list[Object]:
        """Its pods."""
        return self.kube.all("Pod", NAMESPACE, SELECTOR)


class MetalLBReadiness:
    """Controller and speaker, ready. The controller alone gives addresses, before the speaker can announce them."""

    name = "MetalLB's readiness"

    def __init__(self, metallb: MetalLB) -> None:
        self._metallb = metallb

    def wrong(self) -> str | None:
        """What is not ready; None when all is."""
        pods = self._metallb.pods()
        return None if len(pods) >= PODS and all(map(is_ready, pods)) else "a pod of MetalLB is not ready"

    def install(self) -> None:
        """Waits for it; raises LabError when a pod can never become ready, and when time is up."""
        what = "MetalLB's controller and speaker are ready"
        wait_for_pods(self._metallb.kube, NAMESPACE, SELECTOR, PODS, READY_TIMEOUT, what)


class AddressPool:
    """The pool of the tutorial, announced on the lab's network by ARP."""

    name = "address pool"

    def __init__(self, site: Site, cluster: Cluster) -> None:
        self.site, self.kube = site, cluster.kube

    def wrong(self) -> str | None:
        """That pool or announcement is missing or another one, or that addresses are held by what a killed run left.

        None when all is right.
        """
        if self.addresses() != [str(self.site.settings.pool)]:
            return f"the addresses of {POOL} are {self.addresses()}"
        if self.announced_pools() != [POOL]:
            return f"the pools that {ADVERTISEMENT} announces are {self.announced_pools()}"
        left = probe_namespace.left_behind(self.kube)
        return f"an interrupted run has left {', '.join(left)}" if left else None

    def install(self) -> None:
        """Applies pool and announcement, as soon as MetalLB's webhook answers, and frees what probes hold."""
        pool = {"addresses": [str(self.site.settings.pool)]}
        announcement = {"ipAddressPools": [POOL]}
        apply(
            self.kube,
            [_object("IPAddressPool", POOL, pool), _object("L2Advertisement", ADVERTISEMENT, announcement)],
            timeout=READY_TIMEOUT,
        )
        for namespace in probe_namespace.left_behind(self.kube):
            probe_namespace.remove(namespace, self.site.terminal)

    def addresses(self, name: str = POOL) -> list[str]:
        """The ranges of a pool, as MetalLB has them; none when there is no such pool."""
        pool = self.kube.one("IPAddressPool", name, NAMESPACE) or {}
        return list(pool.get("spec", {}).get("addresses", []))

    def announced_pools(self, name: str = ADVERTISEMENT) -> list[str]:
        """The pools that an announcement names; none when there is no such announcement."""
        announcement = self.kube.one("L2Advertisement", name, NAMESPACE) or {}
        return list(announcement.get("spec", {}).get("ipAddressPools", []))


def _object(kind: str, name: str, spec: Object) -> Object:
    metadata = {"name": name, "namespace": NAMESPACE}
    return {"apiVersion": "metallb.io/v1beta1", "kind": kind, "metadata": metadata, "spec": spec}
