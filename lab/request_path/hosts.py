"""The hosts of Istio's objects: short names and fully qualified names of Services."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from lab.k8s.objects import Object, ObjectRef, get_nested
from lab.k8s.sidecars import list_containers
from lab.request_path.snapshot import Snapshot

DEFAULT_DOMAIN = "cluster.local"
DOMAIN_ARGUMENT = "--domain"
"""The argument of Istio's proxy that is followed by NAMESPACE.svc.DOMAIN."""


@dataclass(frozen=True)
class Mesh:
    """The domain of the cluster, and the hosts outside of it that Istio knows.

    Args:
        domain: The domain of the cluster.
        external_hosts: The hosts of ServiceEntries.
    """

    domain: str
    external_hosts: frozenset[str]

    @classmethod
    def from_cluster(cls, snapshot: Snapshot, gateway_pods: list[Object]) -> Mesh:
        """Return the mesh that a gateway belongs to.

        Args:
            snapshot: The objects of the cluster.
            gateway_pods: The pods of the gateway.
        """
        entries = snapshot.list_objects("ServiceEntry")
        hosts = frozenset(str(host) for obj in entries for host in get_nested(obj, "spec", "hosts") or [])
        return cls(_find_domain(gateway_pods), hosts)

    def find_service(self, host: str, namespace: str) -> ObjectRef | None:
        """Return the Service that a host of an object of Istio names, or None if it names none.

        A name without a dot is that of a Service in the namespace of the object; any other name must be complete.

        Args:
            host: The host.
            namespace: The namespace of the object.
        """
        if "." not in host:
            return ObjectRef("Service", host, namespace)
        match host.removesuffix(f".svc.{self.domain}").split("."):
            case [name, service_namespace] if host.endswith(f".svc.{self.domain}"):
                return ObjectRef("Service", name, service_namespace)
        return None

    def is_external(self, host: str) -> bool:
        """Return whether a ServiceEntry has a host."""
        return host in self.external_hosts or f"*.{host.partition('.')[2]}" in self.external_hosts

    def complete(self, service: ObjectRef) -> str:
        """Return the fully qualified name of a Service."""
        return f"{service.name}.{service.namespace}.svc.{self.domain}"


def _find_domain(gateway_pods: list[Object]) -> str:
    for pod in gateway_pods:
        for container in list_containers(pod):
            arguments = container.get("args") or []
            for name, value in pairwise(arguments):
                if name == DOMAIN_ARGUMENT:
                    return str(value).partition(".svc.")[2] or DEFAULT_DOMAIN
    return DEFAULT_DOMAIN
