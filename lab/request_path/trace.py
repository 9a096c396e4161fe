"""The hops of a request, from the entry point to a pod, and the first one that is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address
from urllib.parse import urlsplit

from lab.config.entry_points import INGRESS_URL, PORT_FORWARD_URL, port_of
from lab.context import Lab
from lab.errors import PermissionDeniedError
from lab.k8s.client import TRANSIENT_ERRORS
from lab.k8s.objects import Object, ObjectRef
from lab.k8s.sidecars import has_sidecar
from lab.layers import gateway, ingress, kubeflow_ingress, nginx_site
from lab.request_path import virtual_service
from lab.request_path.auth_filter import check_auth_filter, find_auth_service
from lab.request_path.findings import Finding
from lab.request_path.hosts import Mesh
from lab.request_path.ingress import Classes, check_address, check_ingress, find_controller, find_route, find_target
from lab.request_path.istio_gateway import Listener
from lab.request_path.pods import HOP as POD_HOP
from lab.request_path.pods import find_principal
from lab.request_path.policies import (
    RULE_HOP,
    Call,
    check_authorization,
    check_destination_rule,
    check_network_policies,
    find_destination_rule,
    uses_mutual_tls,
)
from lab.request_path.routes import APP_PATHS, AppPath, find_app_path
from lab.request_path.services import Reference, check_reference, check_service, find_target_port, list_selected_pods
from lab.request_path.snapshot import Snapshot, labels_of
from lab.request_path.virtual_service import Request
from lab.run.waiting import root_cause

HTTP = 80
CONTROLLER = ObjectRef("Service", ingress.SERVICE, ingress.NAMESPACE)
SHOWN = 2
"""The number of hops that a message names."""
LOGIN = "/dex/"
"""The path to which a request without a session is redirected."""

Hop = tuple[str, Iterable[Finding]]
"""The object of a hop, and what is wrong with it."""


@dataclass(frozen=True)
class EntryPoint:
    """A URL that clients connect to.

    Args:
        url: The URL.
        ingress: The Ingress behind it; None if requests reach the Service without one, as those of the port-forward.
        service: The Service that requests are forwarded to.
        port: Its port.
        is_gateway: Whether the Service is that of Kubeflow's gateway.
    """

    url: str
    ingress: ObjectRef | None
    service: ObjectRef
    port: int
    is_gateway: bool = True


TEST_SITE = EntryPoint(
    nginx_site.URL,
    ObjectRef("Ingress", nginx_site.INGRESS, nginx_site.NAMESPACE),
    ObjectRef("Service", nginx_site.NAME, nginx_site.NAMESPACE),
    HTTP,
    is_gateway=False,
)


@dataclass(frozen=True)
class Trace:
    """The hops of one request.

    Args:
        url: The URL.
        hops: The objects that were checked.
        finding: The first one that is wrong; None if all are right.
    """

    url: str
    hops: tuple[str, ...]
    finding: Finding | None


@dataclass(frozen=True)
class Stop:
    """A hop at which requests stop.

    Args:
        finding: The hop, and what is wrong with it.
        urls: The URLs of the requests.
    """

    finding: Finding
    urls: tuple[str, ...]

    @property
    def is_caused_by_pods(self) -> bool:
        """True if the pods of the hop do not exist or are not ready."""
        return self.finding.hop == POD_HOP

    def __str__(self) -> str:
        others = len(self.urls) - 1
        more = f", and so do those to {others} other URLs" if others > 1 else ""
        more = ", and so does the one to another URL" if others == 1 else more
        doubt = "" if self.finding.is_certain else "probably "
        return f"the request to {self.urls[0]} {doubt}stops at the {self.finding.hop}{more}: {self.finding}"


class Tracer:
    """Follows requests through the objects of a cluster.

    Args:
        snapshot: The objects of the cluster.
        address: The address of the Ingress controller.
        auth_object: The object that makes the gateway ask the auth proxy.
    """

    def __init__(self, snapshot: Snapshot, address: IPv4Address, auth_object: ObjectRef) -> None:
        self._snapshot, self._address, self._auth_object = snapshot, address, auth_object

    def trace(self, entry_point: EntryPoint, path: str = "/") -> Trace:
        """Return the hops of a request up to the first one that is certainly wrong.

        If there is none, the finding is the first uncertain one.

        Args:
            entry_point: The entry point.
            path: The path.
        """
        hops: dict[str, None] = {}
        doubt: Finding | None = None
        url = f"{entry_point.url}{path}"
        for hop, findings in self._walk(entry_point, path):
            hops[hop] = None
            for finding in findings:
                if finding.is_certain:
                    return Trace(url, tuple(hops), finding)
                doubt = doubt or finding
        return Trace(url, tuple(hops), doubt)

    def list_stops(self, entry_points: Iterable[EntryPoint]) -> list[Stop]:
        """Return where the requests to the paths of some entry points stop, each hop once; certain findings first."""
        urls: dict[Finding, list[str]] = {}
        for entry_point in entry_points:
            apps = filter(self._is_installed, APP_PATHS) if entry_point.is_gateway else APP_PATHS[:1]
            for app in apps:
                trace = self.trace(entry_point, app.path)
                if trace.finding:
                    urls.setdefault(trace.finding, []).append(trace.url)
        stops = [Stop(finding, tuple(found)) for finding, found in urls.items()]
        return sorted(stops, key=lambda stop: not stop.finding.is_certain)

    def _is_installed(self, app: AppPath) -> bool:
        return self._snapshot.get(app.service) is not None or app.path == "/"

    def _walk(self, entry_point: EntryPoint, path: str) -> Iterator[Hop]:
        """Yield the hops of a request; the next one is only asked for if the previous one is right."""
        snapshot, host = self._snapshot, str(urlsplit(entry_point.url).hostname)
        exposed_port = port_of(entry_point.url)
        service, port, caller, route = entry_point.service, entry_point.port, None, None
        if entry_point.ingress:
            yield str(CONTROLLER), check_address(snapshot, CONTROLLER, self._address)
            controller = find_controller(snapshot, self._address) or CONTROLLER
            yield str(controller), check_service(snapshot, controller, exposed_port)
            classes = Classes(snapshot, controller, ingress.CLASS)
            expected = entry_point.ingress
            yield str(expected), check_ingress(snapshot, classes, expected, service, host, path)
            route = find_route(filter(classes.handles, snapshot.list_objects("Ingress")), host, path)
            if route:
                yield str(route.reference.ref), check_reference(snapshot, route.reference)
                service, port = route.reference.service, find_target(snapshot, route) or port
            caller = next(iter(list_selected_pods(snapshot, controller)), None)
        yield str(service), check_service(snapshot, service, port)
        pods = list_selected_pods(snapshot, service)
        target = self._find_target(service, port, pods)
        if pods:
            principal = find_principal([caller]) if caller and has_sidecar(caller) else ""
            call = Call(caller, principal, host, path, target)
            yield f"policies of {service.name}", check_authorization(snapshot, pods, call)
            yield f"policies of {service.name}", check_network_policies(snapshot, pods, call)
        if entry_point.is_gateway and pods:
            if route and port != entry_point.port:
                yield str(route.reference.ref), self._check_port(entry_point, route.reference, port, path, pods)
            listener = self._create_listener(service, port, host, pods)
            yield from self._walk_gateway(Request(host, path, port), listener, pods)

    def _create_listener(self, service: ObjectRef, port: int, host: str, pods: Sequence[Object]) -> Listener:
        target = self._find_target(service, port, pods)
        ports = (port, target) if target else (port,)
        return Listener(labels_of(pods[0]), pods[0]["metadata"]["namespace"], ports, host)

    def _check_port(
        self, entry_point: EntryPoint, reference: Reference, port: int, path: str, pods: Sequence[Object]
    ) -> Iterator[Finding]:
        """Yield that an Ingress forwards requests to a port at which no Gateway accepts them."""
        host = str(urlsplit(entry_point.url).hostname)
        routes = [
            virtual_service.find_route(
                self._snapshot,
                Request(host, path, number),
                self._create_listener(reference.service, number, host, pods),
            )
            for number in (port, entry_point.port)
        ]
        if routes[0] is None and routes[1]:
            seen = f"{reference.port}, at which no Gateway accepts requests"
            yield Finding(reference.hop, reference.ref, reference.port_field, f"port {entry_point.port}", seen)

    def _walk_gateway(self, request: Request, listener: Listener, pods: list[Object]) -> Iterator[Hop]:
        """Yield the hops from the gateway to a pod."""
        snapshot, app = self._snapshot, find_app_path(request.path)
        mesh = Mesh.from_cluster(snapshot, pods)
        route = virtual_service.find_route(snapshot, request, listener)
        expected = app.service if app and snapshot.get(app.service) else None
        if route is None or (route.is_catch_all and app and app.path != "/" and expected):
            missing = expected or APP_PATHS[0].service
            yield "Gateway", virtual_service.explain_missing_route(snapshot, request, listener, missing, mesh)
        if route is None:
            return
        yield "Gateway", ()
        yield str(self._auth_object), check_auth_filter(snapshot, self._auth_object, pods[0], listener.ports)
        for found in find_auth_service(snapshot, self._auth_object, mesh):
            if isinstance(found, Finding):
                yield str(found.ref), [found]
            else:
                yield str(found.ref), check_reference(snapshot, found)
                yield str(found.service), check_service(snapshot, found.service, found.port)
        yield str(route.ref), virtual_service.check_route(route, mesh)
        references = list(virtual_service.list_references(route, mesh))
        for reference, subset in references:
            yield str(route.ref), check_reference(snapshot, reference)
            yield str(route.ref), _check_expected(reference, expected, mesh)
            yield from self._walk_destination(reference, subset, route.rewrite(request.path), request, app, pods, mesh)

    def _walk_destination(
        self,
        reference: Reference,
        subset: str,
        path: str,
        request: Request,
        app: AppPath | None,
        gateway_pods: Sequence[Object],
        mesh: Mesh,
    ) -> Iterator[Hop]:
        """Yield the hops from a route of the gateway to a pod: Service, policies, pod."""
        snapshot, service = self._snapshot, reference.service
        yield str(service), check_service(snapshot, service, reference.port)
        pods = list_selected_pods(snapshot, service)
        callers = self._list_callers(app) if app and app.caller else gateway_pods
        if not pods or not callers:
            return
        namespace = callers[0]["metadata"]["namespace"]
        rule = find_destination_rule(snapshot, service, namespace, mesh)
        yield str(service), check_destination_rule(snapshot, service, subset, pods, namespace, mesh)
        port = self._find_target(service, reference.port, pods)
        call = Call(callers[0], find_principal(callers), request.host, path, port)
        policies = f"policies of {service.name}"
        yield policies, check_authorization(snapshot, pods, call)
        if rule and not uses_mutual_tls(rule, subset):
            anonymous = Call(call.source, "", call.host, call.path, call.port)
            if rejection := next(iter(check_authorization(snapshot, pods, anonymous)), None):
                expected = f"ISTIO_MUTUAL: {rejection.ref} requires the identity of the sender"
                ref = ObjectRef.from_object(rule)
                yield policies, [Finding(RULE_HOP, ref, "spec.trafficPolicy.tls.mode", expected, "no mutual TLS")]
        yield policies, check_network_policies(snapshot, pods, call)

    def _find_target(self, ref: ObjectRef, port: int | str | None, pods: Sequence[Object]) -> int | None:
        """Return the number of the pods' port that requests to a port of a Service get to, or None."""
        service = self._snapshot.get(ref)
        return find_target_port(service, port, pods) if service else None

    def _list_callers(self, app: AppPath) -> list[Object]:
        """Return the pods of the ServiceAccount that may send requests to a component."""
        namespace, _, account = app.caller.partition("/")
        pods = self._snapshot.list_pods(namespace, {})
        return [pod for pod in pods if pod["spec"].get("serviceAccountName") == account]


def list_entry_points(lab: Lab) -> list[EntryPoint]:
    """Return the entry points of Kubeflow, the main one first, with the Ingress behind each, and the test site.

    Without the tutorial's Ingress controller, the way from an entry point to the gateway is unknown: requests are
    followed from the gateway on.
    """
    settings = lab.settings
    ingresses = lab.kube.list_objects("Ingress") if _exists(lab, CONTROLLER) else []
    main_first = sorted(settings.entry_points, key=lambda url: url != settings.main_entry_point)
    return [*(_find_entry_point(url, ingresses, lab) for url in main_first), TEST_SITE]


def _find_entry_point(url: str, ingresses: Iterable[Object], lab: Lab) -> EntryPoint:
    service = gateway.find_service(lab.settings)
    found: ObjectRef | None = None
    if url == INGRESS_URL:
        found = ObjectRef("Ingress", kubeflow_ingress.INGRESS, service.namespace)
    elif url != PORT_FORWARD_URL:
        host = urlsplit(url).hostname
        found = next((ObjectRef.from_object(each) for each in ingresses if host in ingress.list_hosts(each)), None)
    return EntryPoint(url, found, service, gateway.PORT)


def explain_request(lab: Lab, url: str) -> str:
    """Return the first wrong hop of a request, or in one line all hops that are right; empty for an unknown host.

    Of a request to Kubeflow, the login is checked as well, to which a client without a session is redirected.

    Args:
        lab: The lab.
        url: The URL.
    """
    parts = urlsplit(url)
    try:
        entry_points = list_entry_points(lab)
        entry_point = next((each for each in entry_points if urlsplit(each.url).netloc == parts.netloc), None)
        if entry_point is None:
            return ""
        tracer = create_tracer(lab)
    except (*TRANSIENT_ERRORS, PermissionDeniedError) as error:
        return f"the hops of {url} could not be checked: {root_cause(error)}"
    paths = dict.fromkeys([parts.path or "/", *([LOGIN] if entry_point.is_gateway else [])])
    traces = [tracer.trace(entry_point, path) for path in paths]
    wrong = [trace for trace in traces if trace.finding]
    wrong.sort(key=lambda trace: trace.finding is not None and not trace.finding.is_certain)
    if not wrong or not wrong[0].finding:
        return f"every hop of {url} is right: {' → '.join(traces[0].hops)}"
    return f"{Stop(wrong[0].finding, (wrong[0].url,))}\n{lab.render_commands(wrong[0].finding.advice)}"


def find_stops(lab: Lab) -> list[Stop]:
    """Return where requests to the installed entry points stop; empty if they arrive.

    The port-forward is an entry point once Kubeflow's Ingress exists, because both need a Kubeflow that is ready.

    Args:
        lab: The lab.

    Raises:
        UnreachableError: If the API server does not answer.
    """
    entry_points = list_entry_points(lab)
    installed = [each for each in entry_points if each.ingress is None or _exists(lab, each.ingress)]
    is_missing = any(each.url == INGRESS_URL for each in entry_points if each not in installed)
    if is_missing:
        installed = [each for each in installed if each.url != PORT_FORWARD_URL]
    return create_tracer(lab).list_stops(installed) if installed else []


def describe_stops(lab: Lab) -> list[str]:
    """Return where requests to the installed entry points stop as texts, for the message of a failed request."""
    with suppress(*TRANSIENT_ERRORS, PermissionDeniedError):
        return [str(stop) for stop in find_stops(lab)[:SHOWN]]
    return []


def create_tracer(lab: Lab) -> Tracer:
    """Return a tracer for the present objects of a lab.

    Raises:
        UnreachableError: If the API server does not answer.
    """
    auth_object = ObjectRef.parse(lab.release.auth_proxy.ext_authz_object)
    return Tracer(Snapshot.read(lab.kube), lab.settings.ingress_address, auth_object)


def _exists(lab: Lab, ref: ObjectRef) -> bool:
    return lab.kube.get(ref.kind, ref.name, ref.namespace) is not None


def _check_expected(reference: Reference, expected: ObjectRef | None, mesh: Mesh) -> Iterator[Finding]:
    """Yield that a route does not lead to upstream's Service; a component of the user's own may have replaced it."""
    if expected and reference.service != expected:
        seen = mesh.complete(reference.service)
        field = reference.service_field
        yield Finding(reference.hop, reference.ref, field, mesh.complete(expected), seen, is_certain=False)
