"""Istio's Gateways: which of them accept a request, by selector, port and host."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lab.k8s.objects import Object, ObjectRef, get_nested, label_selector
from lab.request_path.findings import Finding, describe_labels, list_texts

HOP = "Gateway"
PROTOCOLS = ("HTTP", "HTTP2", "GRPC")
"""The protocols of servers that accept plain HTTP."""


@dataclass(frozen=True)
class Listener:
    """Where requests arrive: the pods of the gateway, and the port.

    Args:
        labels: The labels of the pods.
        namespace: Their namespace.
        ports: The numbers of the port: that of the Service, and that of the pods.
        host: The host of the request.
    """

    labels: Mapping[str, str]
    namespace: str
    ports: tuple[int, ...]
    host: str


def check_gateway(gateway: Object, listener: Listener, namespace: str) -> Iterator[Finding]:
    """Yield why a Gateway does not accept a request; the first reason counts.

    Args:
        gateway: The Gateway.
        listener: Where the request arrives.
        namespace: The namespace of the VirtualService that uses the Gateway.
    """
    ref, selector = ObjectRef.from_object(gateway), get_nested(gateway, "spec", "selector") or {}
    if not selector.items() <= listener.labels.items():
        expected = f"labels of the pods of the ingress gateway: {describe_labels(listener.labels, selector)}"
        yield Finding(HOP, ref, "spec.selector", expected, label_selector(selector))
    servers = list(enumerate(get_nested(gateway, "spec", "servers") or []))
    for_port = [(index, each) for index, each in servers if get_nested(each, "port", "number") in listener.ports]
    if not for_port:
        numbers = list_texts(get_nested(each, "port", "number") for _, each in servers)
        yield Finding(HOP, ref, "spec.servers[0].port.number", str(listener.ports[0]), numbers)
        return
    for_http = [(index, each) for index, each in for_port if _protocol(each) in PROTOCOLS]
    if not for_http:
        index, server = for_port[0]
        yield Finding(HOP, ref, f"spec.servers[{index}].port.protocol", "HTTP", _protocol(server))
        return
    hosts = [host for _, each in for_http for host in each.get("hosts") or []]
    if not any(_accepts(host, listener.host, namespace, ref.namespace) for host in hosts):
        field = f"spec.servers[{for_http[0][0]}].hosts"
        expected = f"a host that matches {listener.host} for VirtualServices in {namespace}"
        yield Finding(HOP, ref, field, expected, list_texts(hosts))


def matches_host(pattern: str, host: str) -> bool:
    """Return whether a host matches a pattern of Istio: a host, *.SUFFIX or *."""
    return pattern in ("*", host) or (pattern.startswith("*.") and host.endswith(pattern[1:]))


def _accepts(pattern: str, host: str, namespace: str, own_namespace: str) -> bool:
    """Return whether a host of a Gateway is meant for a request and for a VirtualService.

    Args:
        pattern: The host of the Gateway, with the namespace of VirtualServices before it, as in ./HOST; or without.
        host: The host of the request.
        namespace: The namespace of the VirtualService.
        own_namespace: The namespace of the Gateway.
    """
    allowed, _, host_pattern = pattern.rpartition("/")
    is_allowed = allowed in ("", "*", namespace) or (allowed == "." and namespace == own_namespace)
    return is_allowed and matches_host(host_pattern, host)


def _protocol(server: Object) -> str:
    return str(get_nested(server, "port", "protocol") or "").upper()
