"""The Ingress controller and the Ingress that it applies to a request: class, host, path, TLS and backend."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address

from lab.k8s.objects import (
    Object,
    ObjectRef,
    describe_external_addresses,
    get_nested,
    load_balancer_ips,
    names_with_annotation,
)
from lab.k8s.sidecars import list_containers
from lab.layers.ingress import ANY_HOST, DEFAULT_CLASS_ANNOTATION
from lab.request_path.findings import Finding, list_texts
from lab.request_path.services import Reference, find_port, list_selected_pods
from lab.request_path.snapshot import Snapshot

HOP, CONTROLLER_HOP = "Ingress", "Ingress controller"
CLASS_ANNOTATION = "kubernetes.io/ingress.class"
WITHOUT_CLASS = "--watch-ingress-without-class"
"""The argument of an Ingress controller that also handles Ingresses without a class."""


@dataclass(frozen=True)
class Route:
    """A path of an Ingress.

    Args:
        ingress: The Ingress.
        host: Its host, "*" if it has none.
        path: The path; empty for the default backend.
        path_type: Prefix, Exact or ImplementationSpecific.
        backend: The backend.
        field: The field of the rule or of the default backend.
        backend_field: The field of the backend.
    """

    ingress: Object
    host: str
    path: str
    path_type: str
    backend: Object
    field: str
    backend_field: str

    @property
    def reference(self) -> Reference:
        """The Service and the port that the backend names."""
        ref, port = ObjectRef.from_object(self.ingress), get_nested(self.backend, "service", "port") or {}
        service = ObjectRef("Service", get_nested(self.backend, "service", "name") or "", ref.namespace)
        key = "name" if port.get("name") else "number"
        prefix = f"{self.backend_field}.service"
        return Reference(HOP, ref, service, port.get(key), f"{prefix}.name", f"{prefix}.port.{key}")

    def matches_path(self, path: str) -> bool:
        """Return whether it applies to a path; prefixes end at a slash."""
        if self.path_type == "Exact":
            return path == self.path
        if self.path_type == "Prefix":
            return f"{path}/".startswith(f"{self.path.rstrip('/')}/")
        return path.startswith(self.path) or any(character in self.path for character in "(*[$")


def find_controller(snapshot: Snapshot, address: IPv4Address) -> ObjectRef | None:
    """Return the Service that has an external address, or None."""
    services = (obj for obj in snapshot.list_objects("Service") if address in load_balancer_ips(obj))
    return next(map(ObjectRef.from_object, services), None)


def check_address(snapshot: Snapshot, controller: ObjectRef, address: IPv4Address) -> Iterator[Finding]:
    """Yield that the Ingress controller does not have the address that clients connect to.

    Args:
        snapshot: The objects of the cluster.
        controller: The Service of the Ingress controller, as the tutorial names it. The controller of another
            installation may be exposed in another way, without a Service.
        address: The address.
    """
    if find_controller(snapshot, address) is None and (service := snapshot.get(controller)):
        field = "status.loadBalancer.ingress[0].ip"
        remedy = (
            "read the events of MetalLB, and list the addresses of all Services: "
            f"`kubectl describe service -n {controller.namespace} {controller.name}`, `kubectl get services -A`"
        )
        seen = describe_external_addresses(service)
        yield Finding(CONTROLLER_HOP, controller, field, str(address), seen, remedy=remedy)


class Classes:
    """The classes of the Ingresses that a controller handles, as its arguments and the IngressClasses say.

    Args:
        snapshot: The objects of the cluster.
        controller: The Service of the Ingress controller.
        name: The class that it handles if its arguments do not say.
    """

    def __init__(self, snapshot: Snapshot, controller: ObjectRef, name: str) -> None:
        pods = list_selected_pods(snapshot, controller)
        arguments = [text for pod in pods for each in list_containers(pod) for text in each.get("args") or []]
        self._without_class = any(text.startswith(WITHOUT_CLASS) and not text.endswith("=false") for text in arguments)
        self._classes = snapshot.list_objects("IngressClass")
        self.name = _read_option(arguments, "--ingress-class") or name
        by_name = {obj["metadata"]["name"]: get_nested(obj, "spec", "controller") for obj in self._classes}
        program = _read_option(arguments, "--controller-class") or by_name.get(self.name)
        self._handled = {self.name, *(each for each, controller in by_name.items() if controller == program)}

    def check(self, ingress: Object) -> Iterator[Finding]:
        """Yield that the controller does not handle an Ingress."""
        ref, annotations = ObjectRef.from_object(ingress), ingress["metadata"].get("annotations") or {}
        field, name = "spec.ingressClassName", get_nested(ingress, "spec", "ingressClassName")
        if not name and (annotation := annotations.get(CLASS_ANNOTATION)):
            field, name = f"metadata.annotations[{CLASS_ANNOTATION}]", annotation
        if name and name not in self._handled:
            exists = any(obj["metadata"]["name"] == name for obj in self._classes)
            seen = f"{name}, {'which another controller handles' if exists else 'which is no IngressClass'}"
            yield Finding(HOP, ref, field, self.name, seen)
        elif not name and not self._without_class:
            defaults = names_with_annotation(self._classes, DEFAULT_CLASS_ANNOTATION)
            if not self._handled & set(defaults):
                seen = f"no class, and the default IngressClasses are: {list_texts(defaults)}"
                yield Finding(HOP, ref, field, self.name, seen)

    def handles(self, ingress: Object) -> bool:
        """Return whether the controller handles an Ingress."""
        return next(self.check(ingress), None) is None


def list_routes(ingress: Object) -> Iterator[Route]:
    """Yield the paths of an Ingress, and its default backend for each of its hosts."""
    rules = get_nested(ingress, "spec", "rules") or []
    hosts = [rule.get("host") or ANY_HOST for rule in rules]
    for number, (host, rule) in enumerate(zip(hosts, rules, strict=True)):
        for index, path in enumerate(get_nested(rule, "http", "paths") or []):
            field, kind = f"spec.rules[{number}].http.paths[{index}]", path.get("pathType", "ImplementationSpecific")
            backend = path.get("backend") or {}
            yield Route(ingress, host, path.get("path") or "/", kind, backend, field, f"{field}.backend")
    if backend := get_nested(ingress, "spec", "defaultBackend"):
        field = "spec.defaultBackend"
        for host in dict.fromkeys([*hosts, ANY_HOST]):
            yield Route(ingress, host, "", "ImplementationSpecific", backend, field, field)


def find_route(ingresses: Iterable[Object], host: str, path: str) -> Route | None:
    """Return the path that applies to a request: of the most specific host, the exact or the longest one."""
    routes = [route for ingress in ingresses for route in list_routes(ingress)]
    for pattern in (host, f"*.{host.partition('.')[2]}", ANY_HOST):
        if for_host := [route for route in routes if route.host == pattern]:
            matching = [route for route in for_host if route.matches_path(path)]
            return max(matching, key=lambda route: (route.path_type == "Exact", len(route.path)), default=None)
    return None


def check_ingress(
    snapshot: Snapshot, classes: Classes, expected: ObjectRef, backend: ObjectRef, host: str, path: str
) -> Iterator[Finding]:
    """Yield why a request does not get from the Ingress controller to a Service.

    Args:
        snapshot: The objects of the cluster.
        classes: The classes that the controller handles.
        expected: The Ingress that should apply; another one may apply as well.
        backend: The Service that requests should be forwarded to, or another one that selects the same pods.
        host: The host of the request.
        path: Its path.
    """
    route = find_route(filter(classes.handles, snapshot.list_objects(HOP)), host, path)
    if route is None or not _leads_to(snapshot, route, backend):
        yield from _check_expected(snapshot, classes, expected, host, path)
    if route is None:
        return
    yield from _check_backend(snapshot, route, backend)
    yield from _check_tls(snapshot, route.ingress, host)


def _check_expected(snapshot: Snapshot, classes: Classes, ref: ObjectRef, host: str, path: str) -> Iterator[Finding]:
    """Yield why the expected Ingress does not apply to a request."""
    ingress = snapshot.get(ref)
    if ingress is None:
        remedy = f"list the Ingresses: `kubectl get ingress.networking.k8s.io -n {ref.namespace}`"
        yield Finding(HOP, ref, "", f"an Ingress for {host}", "none", remedy=remedy)
        return
    yield from classes.check(ingress)
    if find_route([ingress], host, path):
        return
    routes = list(list_routes(ingress))
    for_host = [route for route in routes if route.host in (host, f"*.{host.partition('.')[2]}", ANY_HOST)]
    if for_host:
        field = f"{for_host[0].field}.path"
        yield Finding(HOP, ref, field, f"a path that matches {path}", list_texts(route.path for route in for_host))
    else:
        yield Finding(HOP, ref, "spec.rules[0].host", host, list_texts(route.host for route in routes))


def _leads_to(snapshot: Snapshot, route: Route, backend: ObjectRef) -> bool:
    """Return whether the backend is a Service, or one that does not exist, or another one that selects its pods."""
    service = route.reference.service
    if service == backend:
        return True
    pods, expected = list_selected_pods(snapshot, service), list_selected_pods(snapshot, backend)
    return bool(pods) and all(pod in expected for pod in pods)


def _check_backend(snapshot: Snapshot, route: Route, backend: ObjectRef) -> Iterator[Finding]:
    reference = route.reference
    if not reference.service.name:
        seen = str(get_nested(route.backend, "resource", "kind") or "no Service")
        yield Finding(HOP, reference.ref, route.backend_field, f"the Service {backend.name}", seen)
    elif not _leads_to(snapshot, route, backend):
        state = "" if snapshot.get(reference.service) else ", which does not exist"
        seen = f"{reference.service.name}{state}"
        yield Finding(HOP, reference.ref, reference.service_field, backend.name, seen)


def _check_tls(snapshot: Snapshot, ingress: Object, host: str) -> Iterator[Finding]:
    """Yield that the Secret with the certificate of a host does not exist, unless Secrets are not known."""
    ref = ObjectRef.from_object(ingress)
    for index, entry in enumerate(get_nested(ingress, "spec", "tls") or []):
        secret, hosts = entry.get("secretName"), entry.get("hosts") or [host]
        is_known = snapshot.secrets is None or (ref.namespace, secret) in snapshot.secrets
        if secret and host in hosts and not is_known:
            seen = f"{secret}, which does not exist in {ref.namespace}"
            yield Finding(HOP, ref, f"spec.tls[{index}].secretName", "a Secret that exists", seen)


def find_target(snapshot: Snapshot, route: Route) -> int | None:
    """Return the port of the Service that a path of an Ingress forwards requests to, or None if there is none."""
    service = snapshot.get(route.reference.service)
    port = find_port(service, route.reference.port) if service else None
    return int(port["port"]) if port else None


def _read_option(arguments: Iterable[str], name: str) -> str:
    """Return the value of an argument of a program, as in --name=value; empty if there is none."""
    return next((text.partition("=")[2] for text in arguments if text.startswith(f"{name}=")), "")
