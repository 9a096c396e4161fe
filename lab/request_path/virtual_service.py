"""Istio's VirtualServices: the one that a gateway applies to a request, its headers and its destination.

Of the VirtualServices of a gateway, those with the most specific host apply. Their routes are merged in the order of
their creation, routes for every path come last, and the first route that matches a request is used.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from lab.k8s.objects import Object, ObjectRef, get_nested
from lab.request_path.findings import Finding, list_texts
from lab.request_path.hosts import Mesh
from lab.request_path.istio_gateway import Listener, check_gateway, matches_host
from lab.request_path.services import Reference
from lab.request_path.snapshot import Snapshot

HOP = "VirtualService"
USER_HEADER = "kubeflow-userid"
"""The header that identifies the user; only the auth proxy may set it."""


@dataclass(frozen=True)
class Request:
    """A request, as a gateway receives it.

    Args:
        host: The host.
        path: The path.
        port: The port of the gateway's Service.
        method: The method.
    """

    host: str
    path: str
    port: int
    method: str = "GET"


@dataclass(frozen=True)
class Route:
    """A route of a VirtualService, with one of its matches.

    Args:
        virtual_service: The VirtualService.
        index: The number of the route in spec.http.
        match: The match; empty if the route has none and matches everything.
    """

    virtual_service: Object
    index: int
    match: Object

    @property
    def ref(self) -> ObjectRef:
        """The VirtualService."""
        return ObjectRef.from_object(self.virtual_service)

    @property
    def rule(self) -> Object:
        """The entry of spec.http."""
        rule: Object = self.virtual_service["spec"]["http"][self.index]
        return rule

    @property
    def field(self) -> str:
        """The field of the entry."""
        return f"spec.http[{self.index}]"

    @property
    def is_catch_all(self) -> bool:
        """True if it matches every path; the gateway tries such a route last."""
        uri = self.match.get("uri") or {}
        is_for_all_paths = uri.get("prefix") == "/" or uri.get("regex") in (".*", "/.*", "*")
        return (not uri or is_for_all_paths) and not any(self.match.get(key) for key in ("headers", "queryParams"))

    def matches(self, request: Request, gateways: Collection[str]) -> bool:
        """Return whether it matches a request without special headers that one of some gateways receives."""
        match, namespace = self.match, self.ref.namespace
        in_match = {qualify_gateway(name, namespace) for name in match.get("gateways") or []}
        conditions = (
            _matches_text(match.get("uri"), request.path, is_ignoring_case=bool(match.get("ignoreUriCase"))),
            _matches_text(match.get("authority"), request.host),
            _matches_text(match.get("method"), request.method),
            _matches_text(match.get("scheme"), "http"),
            match.get("port") in (None, request.port),
            not match.get("headers") and not match.get("queryParams"),
            not in_match or bool(in_match & set(gateways)),
        )
        return all(conditions)

    def rewrite(self, path: str) -> str:
        """Return the path that the destination receives."""
        uri = get_nested(self.rule, "rewrite", "uri")
        prefix = get_nested(self.match, "uri", "prefix")
        if not uri:
            return path
        return f"{uri}{path[len(prefix) :]}" if prefix else str(uri)

    def list_destinations(self) -> Iterator[tuple[str, Object]]:
        """Yield field and destination of each part of the route that gets requests."""
        parts = self.rule.get("route") or []
        for index, part in enumerate(parts):
            if len(parts) == 1 or part.get("weight", 1):
                yield f"{self.field}.route[{index}].destination", part.get("destination") or {}


def list_routes(virtual_service: Object) -> Iterator[Route]:
    """Yield the HTTP routes of a VirtualService, one for each match."""
    for index, rule in enumerate(get_nested(virtual_service, "spec", "http") or []):
        for match in rule.get("match") or [{}]:
            yield Route(virtual_service, index, match)


def find_route(snapshot: Snapshot, request: Request, listener: Listener) -> Route | None:
    """Return the route that the gateway applies to a request, or None.

    Args:
        snapshot: The objects of the cluster.
        request: The request.
        listener: Where it arrives at the gateway.
    """
    applied = sorted(list_applied(snapshot, request, listener), key=_creation)
    routes = sorted((route for obj in applied for route in list_routes(obj)), key=lambda route: route.is_catch_all)
    return next((route for route in routes if route.matches(request, _accepting(snapshot, route, listener))), None)


def list_applied(snapshot: Snapshot, request: Request, listener: Listener) -> list[Object]:
    """Return the VirtualServices of the gateway with the most specific host that matches a request."""
    hosts = [
        (host, obj)
        for obj in snapshot.list_objects(HOP)
        for host in list_hosts(obj)
        if matches_host(host, request.host) and list_gateways(snapshot, obj, listener)
    ]
    # A host without a wildcard is the most specific one, then the longest suffix.
    best = max((host for host, _ in hosts), key=lambda host: ("*" not in host, len(host)), default="")
    return [obj for host, obj in hosts if host == best]


def _accepting(snapshot: Snapshot, route: Route, listener: Listener) -> set[str]:
    return list_gateways(snapshot, route.virtual_service, listener)


def list_gateways(snapshot: Snapshot, virtual_service: Object, listener: Listener) -> set[str]:
    """Return NAMESPACE/NAME of the Gateways that accept a request for a VirtualService."""
    namespace = virtual_service["metadata"]["namespace"]
    if not is_exported(virtual_service, listener):
        return set()
    found = _find_gateways(snapshot, virtual_service)
    return {name for name, obj in found.items() if next(check_gateway(obj, listener, namespace), None) is None}


def is_exported(virtual_service: Object, listener: Listener) -> bool:
    """Return whether the gateway sees a VirtualService."""
    allowed = get_nested(virtual_service, "spec", "exportTo") or ["*"]
    is_near = "." in allowed and virtual_service["metadata"]["namespace"] == listener.namespace
    return "*" in allowed or listener.namespace in allowed or is_near


def qualify_gateway(name: str, namespace: str) -> str:
    """Return NAMESPACE/NAME of a Gateway that a VirtualService names; "mesh" stands for all sidecars."""
    return name if "/" in name or name == "mesh" else f"{namespace}/{name}"


def list_hosts(virtual_service: Object) -> list[str]:
    """Return the hosts of a VirtualService."""
    return get_nested(virtual_service, "spec", "hosts") or []


def check_route(route: Route, mesh: Mesh) -> Iterator[Finding]:
    """Yield what is wrong with a route itself: faults, the user header, and hosts that name no Service.

    Args:
        route: The route that is applied to a request.
        mesh: The mesh.
    """
    abort = get_nested(route.rule, "fault", "abort")
    if abort and get_nested(abort, "percentage", "value") in (None, 100):
        yield Finding(HOP, route.ref, f"{route.field}.fault.abort", "none", str(abort))
    yield from _check_headers(route)
    if not any(route.rule.get(key) for key in ("route", "redirect", "directResponse", "delegate")):
        yield Finding(HOP, route.ref, f"{route.field}.route", "a destination", "none")
    for field, destination in route.list_destinations():
        host = str(destination.get("host") or "")
        if mesh.find_service(host, route.ref.namespace) is None and not mesh.is_external(host):
            expected = f"the name of a Service, as in NAME.NAMESPACE.svc.{mesh.domain}"
            yield Finding(HOP, route.ref, f"{field}.host", expected, host)


def list_references(route: Route, mesh: Mesh) -> Iterator[tuple[Reference, str]]:
    """Yield the Services that a route forwards requests to, each with its subset, which may be empty."""
    for field, destination in route.list_destinations():
        if service := mesh.find_service(str(destination.get("host") or ""), route.ref.namespace):
            number = get_nested(destination, "port", "number")
            reference = Reference(HOP, route.ref, service, number, f"{field}.host", f"{field}.port.number")
            yield reference, str(destination.get("subset") or "")


def explain_missing_route(
    snapshot: Snapshot, request: Request, listener: Listener, expected: ObjectRef, mesh: Mesh
) -> Iterator[Finding]:
    """Yield why the VirtualService that routes requests to a Service does not apply to a request.

    Args:
        snapshot: The objects of the cluster.
        request: The request.
        listener: Where it arrives at the gateway.
        expected: The Service that should get the request.
        mesh: The mesh.
    """
    candidates = [
        route
        for obj in snapshot.list_objects(HOP)
        for route in list_routes(obj)
        if expected in [reference.service for reference, _ in list_references(route, mesh)]
    ]
    # Of the VirtualServices for a Service, the one with the right path is only wrong in its hosts or gateways.
    candidates.sort(key=lambda route: not _matches_text(route.match.get("uri"), request.path))
    if candidates:
        yield from _explain_route(snapshot, candidates[0], request, listener)
    else:
        ref = ObjectRef(HOP, expected.name, expected.namespace)
        remedy = f"list them: `kubectl get virtualservices -n {expected.namespace}`"
        seen = "no VirtualService with this destination"
        yield Finding(HOP, ref, "", f"a route for {request.path} to {mesh.complete(expected)}", seen, remedy=remedy)


def _explain_route(snapshot: Snapshot, route: Route, request: Request, listener: Listener) -> Iterator[Finding]:
    """Yield why a route does not apply to a request; the first reason counts."""
    ref, virtual_service, hosts = route.ref, route.virtual_service, list_hosts(route.virtual_service)
    names = get_nested(virtual_service, "spec", "gateways") or ["mesh"]
    found, accepting = _find_gateways(snapshot, virtual_service), _accepting(snapshot, route, listener)
    if not found:
        yield _explain_missing_gateway(snapshot, ref, names)
    if not is_exported(virtual_service, listener):
        seen = list_texts(virtual_service["spec"]["exportTo"])
        yield Finding(HOP, ref, "spec.exportTo", f"* or {listener.namespace}", seen)
    if not accepting:
        yield from _blame_gateway(snapshot, ref, found, listener)
    if not any(matches_host(host, request.host) for host in hosts):
        yield Finding(HOP, ref, "spec.hosts", f"a host that matches {request.host}", list_texts(hosts))
    if not _matches_text(route.match.get("uri"), request.path):
        seen = _describe_text(route.match.get("uri"))
        yield Finding(HOP, ref, f"{route.field}.match", f"a match for {request.path}", seen)
    if not route.matches(request, accepting):
        yield Finding(HOP, ref, f"{route.field}.match", f"a match for GET {request.path}", str(route.match))
    applied = list_applied(snapshot, request, listener)
    if virtual_service not in applied:
        other, expected = ObjectRef.from_object(applied[0]), f"none that is more specific than that of {ref}"
        yield Finding(HOP, other, "spec.hosts", expected, list_texts(list_hosts(applied[0])))


def _explain_missing_gateway(snapshot: Snapshot, ref: ObjectRef, names: list[str]) -> Finding:
    """Return that a VirtualService names no Gateway that exists, or that a Gateway is missing that others name, too."""
    qualified = qualify_gateway(names[0], ref.namespace)
    users = [obj for obj in snapshot.list_objects(HOP) if qualified in _qualify_gateways(obj)]
    if names != ["mesh"] and len(users) > 1:
        namespace, _, name = qualified.partition("/")
        expected = f"the Gateway that {len(users)} VirtualServices name"
        return Finding("Gateway", ObjectRef("Gateway", name, namespace), "", expected, "none")
    seen = "mesh: sidecars only" if names == ["mesh"] else f"{list_texts(names)}, which does not exist"
    return Finding(HOP, ref, "spec.gateways", "a Gateway that exists", seen)


def _qualify_gateways(virtual_service: Object) -> list[str]:
    """Return NAMESPACE/NAME of the Gateways that a VirtualService names."""
    names = get_nested(virtual_service, "spec", "gateways") or []
    return [qualify_gateway(name, virtual_service["metadata"]["namespace"]) for name in names]


def _find_gateways(snapshot: Snapshot, virtual_service: Object) -> dict[str, Object]:
    """Return the Gateways that a VirtualService names and that exist, by NAMESPACE/NAME."""
    qualified = _qualify_gateways(virtual_service)
    found = {
        name: snapshot.get(ObjectRef("Gateway", *reversed(name.split("/", 1)))) for name in qualified if "/" in name
    }
    return {name: gateway for name, gateway in found.items() if gateway}


def _blame_gateway(
    snapshot: Snapshot, ref: ObjectRef, gateways: dict[str, Object], listener: Listener
) -> Iterator[Finding]:
    """Yield that a VirtualService names a Gateway of other pods, or that its Gateway is wrong.

    The Gateway that most VirtualServices name is meant for these pods.
    """
    used = [name for obj in snapshot.list_objects(HOP) for name in _find_gateways(snapshot, obj)]
    name, gateway = next(iter(gateways.items()))
    most_used = max(used, key=used.count)
    if used.count(name) < used.count(most_used):
        yield Finding(HOP, ref, "spec.gateways", most_used, name)
    yield from check_gateway(gateway, listener, ref.namespace)


def _check_headers(route: Route) -> Iterator[Finding]:
    """Yield that a route changes the header that identifies the user."""
    parts = [(route.field, route.rule)]
    parts += [(f"{route.field}.route[{index}]", part) for index, part in enumerate(route.rule.get("route") or [])]
    for field, part in parts:
        headers = get_nested(part, "headers", "request") or {}
        for operation in ("set", "add"):
            for name, value in (headers.get(operation) or {}).items():
                if name.lower() == USER_HEADER:
                    path = f"{field}.headers.request.{operation}.{name}"
                    expected = "no such header, since only the auth proxy may set it"
                    yield Finding(HOP, route.ref, path, expected, str(value))
        if USER_HEADER in [str(name).lower() for name in headers.get("remove") or []]:
            expected = f"no {USER_HEADER}, since web apps identify the user by it"
            yield Finding(HOP, route.ref, f"{field}.headers.request.remove", expected, USER_HEADER)


def _creation(obj: Object) -> tuple[str, str, str]:
    metadata = obj["metadata"]
    return str(metadata.get("creationTimestamp", "")), metadata["name"], metadata["namespace"]


def _matches_text(condition: Object | None, text: str, *, is_ignoring_case: bool = False) -> bool:
    """Return whether a text meets a condition: exact, prefix or regex; without a condition, each text does."""
    if not condition:
        return True
    if is_ignoring_case:
        condition, text = {key: value.lower() for key, value in condition.items()}, text.lower()
    if "exact" in condition:
        return bool(text == condition["exact"])
    if "prefix" in condition:
        return text.startswith(condition["prefix"])
    try:
        return re.fullmatch(condition.get("regex", ".*"), text) is not None
    except re.error:  # RE2 has forms that Python does not have
        return False


def _describe_text(condition: Object | None) -> str:
    return list_texts(f"{key} {value}" for key, value in (condition or {}).items())
