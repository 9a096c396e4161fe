"""MetalLB, and the pool of addresses that it assigns to Services."""

from __future__ import annotations

from lab.config.addresses import parse_pool
from lab.context import Lab
from lab.errors import PermissionDeniedError, ProgramError
from lab.k8s.client import Kube
from lab.k8s.helm import HelmRelease
from lab.k8s.objects import Object, ObjectRef, get_nested, is_selected
from lab.k8s.readiness import is_ready, list_running_pods, wait_for_pods
from lab.k8s.server_side_apply import apply_objects
from lab.layers.temporary_objects import delete_leftovers, describe_leftovers, list_leftovers

NAMESPACE = "metallb-system"
POOL, ADVERTISEMENT = "ip-pool", "l2advertise"
SELECTOR = "app.kubernetes.io/name=metallb"
PODS = 2
"""The minimum: the controller, and the speaker of one node."""
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
        return find_release_problem(self.release, self.lab) or _find_unready(self.lab.kube)

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
        """Return how pool or advertisement differ, or which objects of a killed run hold addresses; or None."""
        if not self.has_addresses(str(self.lab.settings.pool)):
            return f"the addresses of the IPAddressPool {POOL} are {self.get_addresses()}"
        if POOL not in self.list_announced_pools():
            return f"the pools of the L2Advertisement {ADVERTISEMENT} are {self.list_announced_pools()}"
        leftovers = self._list_leftovers()
        return describe_leftovers(leftovers) if leftovers else None

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
        delete_leftovers(self.lab, self._list_leftovers())

    def _list_leftovers(self) -> list[ObjectRef]:
        return list_leftovers(self.lab, ("metallb",))

    def get_addresses(self, name: str = POOL) -> list[str]:
        """Return the ranges of an IPAddressPool as it lists them; an empty list if it does not exist."""
        pool = self.lab.kube.get("IPAddressPool", name, NAMESPACE)
        return list(map(str, get_nested(pool, "spec", "addresses") or []))

    def has_addresses(self, addresses: str, name: str = POOL) -> bool:
        """Return whether an IPAddressPool has certain IPv4 addresses and no others, in whatever form it lists them.

        Args:
            addresses: The addresses, as in 172.20.0.10-172.20.0.15.
            name: The name of the pool.
        """
        try:
            return parse_pool(self.get_addresses(name)) == parse_pool([addresses])
        except ValueError:
            return False

    def list_announced_pools(self, name: str = ADVERTISEMENT) -> list[str]:
        """Return the pools that an L2Advertisement announces, those that it names first; none if it does not exist.

        It announces the pools that it names and those that it selects by labels; without names and selectors, all.
        """
        advertisement = self.lab.kube.get("L2Advertisement", name, NAMESPACE)
        if advertisement is None:
            return []
        names = get_nested(advertisement, "spec", "ipAddressPools") or []
        selectors = get_nested(advertisement, "spec", "ipAddressPoolSelectors") or []
        pools = self.lab.kube.list_objects("IPAddressPool", NAMESPACE)
        selected = [
            str(pool["metadata"]["name"])
            for pool in pools
            if any(is_selected(pool, selector) for selector in selectors) or not (names or selectors)
        ]
        return list(dict.fromkeys([*names, *sorted(selected)]))

    def list_pools(self) -> list[str]:
        """Return the names of all pools: besides that of the tutorial, a cluster may have others."""
        pools = self.lab.kube.list_objects("IPAddressPool", NAMESPACE)
        return sorted(str(pool["metadata"]["name"]) for pool in pools)

    def get_pool_to_request(self) -> str:
        """Return the pool that probes must request, since MetalLB may choose any other; empty if there is no other."""
        return "" if set(self.list_pools()) <= {POOL} else POOL


def find_release_problem(release: HelmRelease, lab: Lab) -> str | None:
    """Return why a Helm release is not deployed as required, or None.

    On a cluster that is only verified, Helm may be missing: preflight requires it for the chapters that are about it.

    Raises:
        LabError: If Helm fails where the lab is installed.
    """
    try:
        return release.problem()
    except PermissionDeniedError as error:
        note_uninspected(release, error, lab)
        return None
    except ProgramError as error:
        if lab.settings.kind.is_installed:
            raise
        return f"the Helm release {release.name} was not inspected: {error.headline}"


def note_uninspected(release: HelmRelease, error: PermissionDeniedError, lab: Lab) -> None:
    """Note that a Helm release was not inspected: Helm keeps it in a Secret, and the user may not list Secrets."""
    lab.progress.note(f"the Helm release {release.name} was not inspected: {error.headline}")


def _find_unready(kube: Kube) -> str | None:
    pods = _list_pods(kube)
    return None if len(pods) >= PODS and all(map(is_ready, pods)) else "a pod of MetalLB is not ready"


def _list_pods(kube: Kube) -> list[Object]:
    return list_running_pods(kube, NAMESPACE, SELECTOR)


def _build_object(kind: str, name: str, spec: Object) -> Object:
    metadata = {"name": name, "namespace": NAMESPACE}
    return {"apiVersion": "metallb.io/v1beta1", "kind": kind, "metadata": metadata, "spec": spec}
