"""The mesh of manifests: whether their sidecars can be injected, and the ports that need a protocol for these."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lab.k8s.objects import Object, get_nested
from lab.k8s.sidecars import INJECTION, REVISION, has_injection

PLUG_IN = "istio-cni-node"
PROFILE_LABELS = "namespace-labels.yaml"
"""The file of the labels of Profiles' namespaces; a label with an empty value is not set."""
HTTP = "http"
LOCAL = ".svc.cluster.local"

Port = tuple[str, str, int]
"""The namespace and the name of a Service, and one of its ports."""


@dataclass(frozen=True)
class Mesh:
    """The facts about all objects of an installation that edits of single objects depend on.

    Args:
        has_sidecars: Whether sidecars are injected: the manifests ask for them, and do not need a plug-in that the kit
            lacks.
        http_ports: The ports that VirtualServices route HTTP to.
    """

    has_sidecars: bool = True
    http_ports: frozenset[Port] = frozenset()

    @classmethod
    def from_objects(cls, objects: Iterable[Object], *, has_plug_in: bool = False) -> Mesh:
        """Return the mesh of all objects of an installation.

        Args:
            objects: The objects.
            has_plug_in: Whether the kit has the plug-in that an agent of the nodes installs.
        """
        found = list(objects)
        has_agent = any(obj["kind"] == "DaemonSet" and obj["metadata"]["name"] == PLUG_IN for obj in found)
        ports = {port for obj in found if obj["kind"] == "VirtualService" for port in _list_http_ports(obj)}
        has_sidecars = any(map(_asks_for_sidecars, found)) and (has_plug_in or not has_agent)
        return cls(has_sidecars, frozenset(ports))

    def name_protocols(self, service: Object) -> bool:
        """Declare that ports of a Service serve HTTP; return whether this changes it.

        Istio detects HTTP within mutual TLS by a filter of its own, which a stock Envoy lacks. Without it, a sidecar
        treats requests as TCP: it closes connections instead of answering 403, and ignores conditions about headers.
        """
        if service["kind"] != "Service" or not self.has_sidecars:
            return False
        metadata, has_changed = service["metadata"], False
        for port in service["spec"].get("ports") or []:
            key = metadata.get("namespace", ""), metadata["name"], port["port"]
            is_named = "appProtocol" in port or port.get("name", "").partition("-")[0] == HTTP
            if key in self.http_ports and not is_named:
                port["appProtocol"], has_changed = HTTP, True
        return has_changed


def _asks_for_sidecars(obj: Object) -> bool:
    """Return whether a namespace, or those of Profiles, have the label with which pods get sidecars."""
    if obj["kind"] == "Namespace":
        return has_injection(obj)
    return obj["kind"] == "ConfigMap" and PROFILE_LABELS in (obj.get("data") or {})


def disable_injection(obj: Object) -> bool:
    """Disable the injection into a namespace, or into those of Profiles, whose labels are in a ConfigMap."""
    if not _asks_for_sidecars(obj):
        return False
    if obj["kind"] == "ConfigMap":
        obj["data"][PROFILE_LABELS] += f"\n{INJECTION}: ''\n"
    else:
        obj["metadata"]["labels"].pop(REVISION, None)
        obj["metadata"]["labels"][INJECTION] = "disabled"
    return True


def disable_mutual_tls(obj: Object) -> bool:
    """Let a DestinationRule not require mutual TLS of a Service."""
    tls = get_nested(obj, "spec", "trafficPolicy", "tls") or {}
    if obj["kind"] != "DestinationRule" or tls.get("mode") != "ISTIO_MUTUAL":
        return False
    tls["mode"] = "DISABLE"
    return True


def _list_http_ports(virtual_service: Object) -> Iterator[Port]:
    for rule in get_nested(virtual_service, "spec", "http") or []:
        for route in rule.get("route") or []:
            name, _, namespace = route["destination"]["host"].removesuffix(LOCAL).partition(".")
            port = get_nested(route, "destination", "port", "number")
            if port:
                yield namespace or virtual_service["metadata"].get("namespace", ""), name, port
