"""MetalLB, and the pool of addresses that it assigns to Services."""

from __future__ import annotations

from lab.context import Lab
from lab.k8s.client import Kube
from lab.k8s.helm import HelmRelease
from lab.k8s.objects import Object
from lab.k8s.readiness import is_ready, wait_for_pods
from lab.k8s.server_side_apply import apply_objects
from lab.layers import probes

NAMESPACE = "metallb-system"
POOL, ADVERTISEMENT = "ip-pool", "l2advertise"
SELECTOR = "app.kubernetes.io/name=metallb"
PODS = 2
"""The controller, and the speaker of the only node."""
READY_TIMEOUT = 120


class MetalLB:
    """MetalLB from its Helm chart: a controller that assigns addresses, and a speaker that answers ARP for them.

    Args:
        lab: The lab.
    """

    name = "MetalLB"

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.release = HelmRelease(lab.shell, "metallb", NAMESPACE, lab.source.charts["metallb"])

    def problem(self) -> str | None:
        """Return why the Helm release is not deployed, or that a pod is not ready; None if MetalLB is ready."""
        return self.release.problem() or _find_unready(self.lab.kube)

    def install(self) -> None:
        """Install the Helm chart."""
        self.release.prepare()
        self.release.install()

    def list_pods(self) -> list[Object]:
        """Return the pods of MetalLB."""
        return _list_pods(self.lab.kube)


class MetalLBReadiness:
    """Controller and speaker, ready. The controller assigns addresses before the speaker can announce them.

    Args:
        lab: The lab.
    """

    name = "MetalLB readiness"

    def __init__(self, lab: Lab) -> None:
        self.lab = lab

    def problem(self) -> str | None:
        """Return that a pod is not ready, or None."""
        return _find_unready(self.lab.kube)

    def install(self) -> None:
        """Wait until both pods are ready; there is nothing to install.

        Raises:
            WaitError: If a pod cannot become ready, or does not become ready in time.
        """
        wait_for_pods(
            self.lab.kube, NAMESPACE, SELECTOR, PODS, READY_TIMEOUT, "MetalLB controller and speaker to be ready"
        )


class AddressPool:
    """The pool of the tutorial, announced on the lab's network by ARP.

    Args:
        lab: The lab.
    """

    name = "address pool"

    def __init__(self, lab: Lab) -> None:
        self.lab = lab

    def problem(self) -> str | None:
        """Return how pool or advertisement differ, or which namespaces of a killed run hold addresses; or None."""
        if self.get_addresses() != [str(self.lab.settings.pool)]:
            return f"the addresses of the IPAddressPool {POOL} are {self.get_addresses()}"
        if self.get_announced_pools() != [POOL]:
            return f"the pools of the L2Advertisement {ADVERTISEMENT} are {self.get_announced_pools()}"
        leftovers = probes.list_leftovers(self.lab.kube)
        return f"an interrupted run has left the namespaces {', '.join(leftovers)}" if leftovers else None

    def install(self) -> None:
        """Apply pool and advertisement as soon as MetalLB's webhook answers, and delete leftovers of a killed run."""
        apply_objects(
            self.lab.kube,
            [
                _build_object("IPAddressPool", POOL, {"addresses": [str(self.lab.settings.pool)]}),
                _build_object("L2Advertisement", ADVERTISEMENT, {"ipAddressPools": [POOL]}),
            ],
            timeout=READY_TIMEOUT,
        )
        for namespace in probes.list_leftovers(self.lab.kube):
            probes.delete_namespace(namespace, self.lab.shell)

    def get_addresses(self, name: str = POOL) -> list[str]:
        """Return the ranges of an IPAddressPool; an empty list if it does not exist."""
        return self._get_list("IPAddressPool", name, "addresses")

    def get_announced_pools(self, name: str = ADVERTISEMENT) -> list[str]:
        """Return the pools that an L2Advertisement names; an empty list if it does not exist."""
        return self._get_list("L2Advertisement", name, "ipAddressPools")

    def _get_list(self, kind: str, name: str, field: str) -> list[str]:
        obj = self.lab.kube.get(kind, name, NAMESPACE) or {}
        return list(obj.get("spec", {}).get(field, []))


def _find_unready(kube: Kube) -> str | None:
    pods = _list_pods(kube)
    return None if len(pods) >= PODS and all(map(is_ready, pods)) else "a pod of MetalLB is not ready"


def _list_pods(kube: Kube) -> list[Object]:
    return kube.list_objects("Pod", NAMESPACE, SELECTOR)


def _build_object(kind: str, name: str, spec: Object) -> Object:
    metadata = {"name": name, "namespace": NAMESPACE}
    return {"apiVersion": "metallb.io/v1beta1", "kind": kind, "metadata": metadata, "spec": spec}
