"""Probes: temporary Services of type LoadBalancer, by which scenarios check what MetalLB does.

They are created in a namespace of their own. What a killed run leaves of it is found by lab.layers.temporary_objects.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address

from lab.context import Lab
from lab.host import arp
from lab.k8s.client import Kube
from lab.k8s.objects import (
    Object,
    ObjectRef,
    external_addresses,
    find_by_name,
    get_nested,
    load_balancer_ip,
    load_balancer_ips,
)
from lab.k8s.readiness import wait_for_pods
from lab.k8s.server_side_apply import apply_objects
from lab.layers.temporary_objects import PREFIX, build_metadata, wait_until_deleted
from lab.run.waiting import poll, wait_until
from lab.web.http_client import get_without_proxy

SITE = f"{PREFIX}probe"
POOL_ANNOTATION = "metallb.universe.tf/address-pool"
"""The annotation by which a Service requests an address of one pool of MetalLB."""
ASSIGN_TIMEOUT = 30
READY_TIMEOUT = 60


@contextmanager
def open_probes(lab: Lab, pool: str = "") -> Iterator[Probes]:
    """Create a namespace for probes, and delete it with all its objects; its addresses are free afterwards.

    Args:
        lab: The lab.
        pool: The pool of MetalLB that the probes request an address of; empty: MetalLB chooses one.

    Yields:
        The probes. Their namespace has a new name, since an earlier namespace may not be deleted completely yet.
    """
    namespace = f"{SITE}s-{secrets.token_hex(3)}"
    apply_objects(lab.kube, [{"apiVersion": "v1", "kind": "Namespace", "metadata": build_metadata(namespace)}])
    try:
        yield Probes(lab.kube, namespace, pool)
    finally:
        _delete_namespace(namespace, lab.kube)


def _delete_namespace(namespace: str, kube: Kube) -> None:
    """Delete a namespace, and wait until its Services are deleted, so that their addresses are free.

    Raises:
        WaitTimeoutError: If the Services are not deleted in time.
    """
    services = [ObjectRef.from_object(service) for service in kube.list_objects("Service", namespace)]
    for service in services:
        kube.delete(service)
    wait_until_deleted(kube, services, kube.journal)
    kube.delete(ObjectRef("Namespace", namespace))


@dataclass(frozen=True)
class Probes:
    """Services of type LoadBalancer in a namespace of their own, and a site that they forward to.

    Args:
        kube: The API of the cluster.
        namespace: The namespace.
        pool: The pool of MetalLB that they request an address of; empty: MetalLB chooses one.
    """

    kube: Kube
    namespace: str
    pool: str = ""

    def expose_site(self) -> IPv4Address:
        """Run an nginx behind a Service of type LoadBalancer, and return the address at which it answers.

        Raises:
            WaitError: If its pod does not become ready, or it does not answer.
        """
        apply_objects(self.kube, [_build_site(self.namespace)])
        [name] = self.create_services(1)
        wait_for_pods(
            self.kube,
            self.namespace,
            f"app={SITE}",
            1,
            READY_TIMEOUT,
            "the pod of the probe to be ready",
            remedy="check whether the node can run another pod: `kubectl describe nodes`",
        )
        address = self.wait_for_addresses([name], assigned=1)[name]
        assert address, f"the Service {name} has lost its address"
        self._wait_for_answer(address)
        return address

    def create_services(self, count: int) -> list[str]:
        """Create a number of Services of type LoadBalancer, and return their names."""
        names = [f"{SITE}-{number}" for number in range(1, count + 1)]
        apply_objects(self.kube, [_build_service(name, self.namespace, self.pool) for name in names])
        return names

    def wait_for_addresses(self, names: Sequence[str], assigned: int) -> dict[str, IPv4Address | None]:
        """Wait until a number of Services have an address.

        Args:
            names: The names of the Services.
            assigned: The number of Services that must have an address.

        Returns:
            The address of each Service, or None.
        """
        services = wait_until(
            self.kube.watch("Service", self.namespace),
            satisfied=lambda services: sum(load_balancer_ip(service) is not None for service in services) >= assigned,
            describe=lambda services: ", ".join(
                f"{service['metadata']['name']}: {', '.join(external_addresses(service)) or 'pending'}"
                for service in services
            ),
            timeout=ASSIGN_TIMEOUT,
            waiting_for=f"{assigned} of {len(names)} Services of type LoadBalancer to have an IPv4 address"
            + (f" of the pool {self.pool}" if self.pool else ""),
            journal=self.kube.journal,
            remedy="read the log of MetalLB's controller: "
            "`kubectl logs -n metallb-system -l app.kubernetes.io/component=controller`",
        )
        return {name: load_balancer_ip(find_by_name(services, name)) for name in names}

    def wait_for_rejection(self, name: str) -> str:
        """Wait until MetalLB has reported why a Service has no address, and return the reason."""
        events = wait_until(
            self.kube.watch("Event", self.namespace),
            satisfied=lambda events: bool(_list_rejections(events, name)),
            describe=lambda events: "\n".join(str(event["message"]) for event in events) or "no event",
            timeout=ASSIGN_TIMEOUT,
            waiting_for=f"MetalLB to report why the Service {name} has no address",
            journal=self.kube.journal,
            remedy="read the log of MetalLB's controller: "
            "`kubectl logs -n metallb-system -l app.kubernetes.io/component=controller`",
        )
        return _list_rejections(events, name)[0]

    def list_assigned_addresses(self) -> set[IPv4Address]:
        """Return the IPv4 addresses of all Services of the cluster, except those of other load balancers than MetalLB.

        Such a Service has a class, and MetalLB ignores it.
        """
        return {
            address
            for service in self.kube.list_objects("Service")
            if not get_nested(service, "spec", "loadBalancerClass")
            for address in load_balancer_ips(service)
        }

    def _wait_for_answer(self, address: IPv4Address) -> None:
        """Wait until an address is announced, and the site behind it answers."""
        arp.forget_mac(address)
        wait_until(
            poll(lambda: get_without_proxy(f"http://{address}/", timeout=(0.25, 5)).status_code, transient=(OSError,)),
            satisfied=bool,
            timeout=ASSIGN_TIMEOUT,
            waiting_for=f"http://{address} to answer",
            journal=self.kube.journal,
            remedy="MetalLB's speaker announces the address if an L2Advertisement names its pool; read its log: "
            "`kubectl logs -n metallb-system -l app.kubernetes.io/component=speaker`",
        )


def _build_site(namespace: str) -> Object:
    labels = {"app": SITE}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": build_metadata(SITE, namespace),
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": SITE, "image": "nginx"}]},
            },
        },
    }


def _build_service(name: str, namespace: str, pool: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": build_metadata(name, namespace, **({POOL_ANNOTATION: pool} if pool else {})),
        "spec": {"type": "LoadBalancer", "selector": {"app": SITE}, "ports": [{"port": 80, "targetPort": 80}]},
    }


def _list_rejections(events: Sequence[Object], name: str) -> list[str]:
    """Return MetalLB's reasons, which are in events AllocationFailed of the Service."""
    return [
        str(event["message"])
        for event in events
        if event["involvedObject"]["name"] == name and event["reason"] == "AllocationFailed"
    ]
