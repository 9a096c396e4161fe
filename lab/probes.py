"""Services of type LoadBalancer made for a look at what MetalLB does with them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address

import requests

from lab import neighbours, probe_namespace
from lab.ingress import published_address
from lab.kube import Kube, Object, named
from lab.own_objects import apply
from lab.readiness import wait_for_pods
from lab.terminal import Terminal
from lab.waiting import polling, wait_until

SITE = "probe"
ASSIGN_TIMEOUT = 30
READY_TIMEOUT = 60


@contextmanager
def probes(terminal: Terminal, kube: Kube) -> Iterator[Probes]:
    """Makes a namespace for probes, and removes it with all that is in it; the addresses are free when this returns."""
    namespace = probe_namespace.new_name()
    apply(kube, [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}])
    try:
        yield Probes(kube, namespace)
    finally:
        probe_namespace.remove(namespace, terminal)


@dataclass(frozen=True)
class Probes:
    """A namespace of its own with Services, and a site behind them."""

    kube: Kube
    namespace: str

    def exposed_site(self) -> IPv4Address:
        """Runs an nginx behind a Service of type LoadBalancer, and gives the address at which it answers."""
        apply(self.kube, [_site(self.namespace)])
        [name] = self.services(1)
        wait_for_pods(self.kube, self.namespace, f"app={SITE}", 1, READY_TIMEOUT, "the probe's site is ready")
        address = self.addresses([name], assigned=1)[name]
        assert address  # since one is assigned
        self._wait_for_answer(address)
        return address

    def services(self, count: int) -> list[str]:
        """Makes Services of type LoadBalancer, and gives their names."""
        names = [f"probe-{number}" for number in range(1, count + 1)]
        apply(self.kube, [_service(name, self.namespace) for name in names])
        return names

    def addresses(self, names: list[str], assigned: int) -> dict[str, IPv4Address | None]:
        """Waits until so many of the Services have an address, and gives the address of each, or None."""
        seen = wait_until(
            self.kube.watching("Service", self.namespace),
            satisfied=lambda services: sum(published_address(one) is not None for one in services) >= assigned,
            show=lambda services: ", ".join(
                f"{one['metadata']['name']}: {published_address(one) or 'pending'}" for one in services
            ),
            timeout=ASSIGN_TIMEOUT,
            what=f"{assigned} of {len(names)} Services of type LoadBalancer have an address",
            remedy=f"`python -m lab exec -- kubectl get events -n {self.namespace}` has MetalLB's reason",
        )
        return {name: published_address(named(seen, name)) for name in names}

    def _wait_for_answer(self, address: IPv4Address) -> None:
        """Waits until an address is announced, and what is behind it answers."""
        neighbours.forget(address)
        wait_until(
            polling(lambda: requests.get(f"http://{address}/", timeout=(0.5, 5)).status_code, passing=(OSError,)),
            satisfied=bool,
            timeout=ASSIGN_TIMEOUT,
            what=f"http://{address} answers",
            remedy="MetalLB's speaker announces it if an L2Advertisement names its pool: see the speaker's log",
        )

    def reason_for_no_address(self, name: str) -> str:
        """What MetalLB says of a Service that it gives no address, waiting until it has said it."""
        events = wait_until(
            self.kube.watching("Event", self.namespace),
            satisfied=lambda events: bool(_refusals(events, name)),
            show=lambda events: "\n".join(str(event["message"]) for event in events) or "no event",
            timeout=ASSIGN_TIMEOUT,
            what=f"MetalLB says why the Service {name} has no address",
            remedy="the log of MetalLB's controller says more",
        )
        return _refusals(events, name)[0]

    def all_addresses(self) -> set[IPv4Address]:
        """The addresses that Services have in the whole cluster."""
        return {address for one in self.kube.all("Service") if (address := published_address(one))}


def _site(namespace: str) -> Object:
    labels = {"app": SITE}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": SITE, "namespace": namespace},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": SITE, "image": "nginx"}]},
            },
        },
    }


def _service(name: str, namespace: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"type": "LoadBalancer", "selector": {"app": SITE}, "ports": [{"port": 80, "targetPort": 80}]},
    }


def _refusals(events: list[Object], name: str) -> list[str]:
    """MetalLB's reason is an event of the type AllocationFailed, on the Service."""
    return [
        str(event["message"])
        for event in events
        if event["involvedObject"]["name"] == name and event["reason"] == "AllocationFailed"
    ]
