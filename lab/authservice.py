"""authservice's own pages, exposed through the gateway as the tutorial does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import requests

from lab import doors
from lab.cluster import Cluster
from lab.kube import Object
from lab.own_objects import apply
from lab.resolving import session
from lab.site import Site
from lab.waiting import polling, wait_until

NAMESPACE, NAME, PORT = "istio-system", "authservice", 8080
PARAMETERS = "oidc-authservice-parameters"
VIRTUAL_SERVICE, PREFIX = "authservice-web", "/authservice/"
GATEWAY = "kubeflow/kubeflow-gateway"
API = "networking.istio.io/v1alpha3"
WAY = "x-lab-way"
"""The header by which an answer says that it came by a way of the suite's own, and not by the dashboard's."""
WAY_TIMEOUT = 30


class Authservice:
    """The VirtualService that leads /authservice/ to authservice."""

    name = "authservice"

    def __init__(self, site: Site, cluster: Cluster) -> None:
        self.site, self.kube = site, cluster.kube

    def wrong(self) -> str | None:
        """That the VirtualService is missing or leads elsewhere; None when it is right."""
        there = self.kube.one("VirtualService", VIRTUAL_SERVICE, NAMESPACE)
        if there is None:
            return f"no VirtualService {VIRTUAL_SERVICE}"
        return None if there["spec"] == _spec() else f"the VirtualService {VIRTUAL_SERVICE} is another one"

    def install(self) -> None:
        """Applies the VirtualService."""
        apply(self.kube, [_virtual_service(VIRTUAL_SERVICE, _spec())])

    def routes(self) -> list[tuple[str, str, int]]:
        """Prefix, host and port of each route of the VirtualService."""
        there = self.kube.one("VirtualService", VIRTUAL_SERVICE, NAMESPACE) or {"spec": {}}
        return [
            (match["uri"]["prefix"], route["destination"]["host"], route["destination"]["port"]["number"])
            for rule in there["spec"].get("http", [])
            for match in rule["match"]
            for route in rule["route"]
        ]

    @contextmanager
    def exposed(self, port: int, owner: Mapping[str, str]) -> Iterator[str]:
        """A way of the suite's own through the gateway to a port of authservice's that its Service need not have.

        Arguments:
            port: of authservice's pod.
            owner: the cookies of somebody who is logged in; everybody else is led to Dex on this way, too.

        Gives the path with which it begins. Raises LabError when the way does not come up.
        """
        name = f"lab-authservice-{port}"
        pods = (self.kube.one("Service", NAME, NAMESPACE) or {"spec": {}})["spec"].get("selector")
        ports = [{"name": "http", "port": port, "targetPort": port}]
        service = {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": name, "namespace": NAMESPACE},
            "spec": {"selector": pods, "ports": ports},
        }
        way = _virtual_service(name, _spec(f"/{name}/", name, port, {"response": {"set": {WAY: name}}}))
        try:
            apply(self.kube, [service, way])
            wait_until(
                polling(lambda: self._by_way(f"/{name}/", owner), every=0.1, passing=(OSError,)),
                satisfied=lambda seen: seen.headers.get(WAY) == name and seen.status_code < requests.codes.server_error,
                show=lambda seen: f"{seen.url} answers {seen.status_code}",
                timeout=WAY_TIMEOUT,
                what=f"the gateway leads /{name}/ to port {port} of {NAME}",
                remedy=f"`kubectl describe service -n {NAMESPACE} {name}` says to which pods it leads",
            )
            yield f"/{name}/"
        finally:
            things = (f"virtualservices.networking.istio.io/{name}", f"services/{name}")
            self.site.terminal.run(
                *("kubectl", "delete", "--namespace", NAMESPACE, *things, "--ignore-not-found", "--wait=false")
            )

    def _by_way(self, path: str, cookies: Mapping[str, str]) -> requests.Response:
        with session({doors.HOST: self.site.settings.ingress_address}) as http:
            return http.get(f"{doors.PUBLIC}{path}", cookies=dict(cookies), timeout=5, allow_redirects=False)


def _virtual_service(name: str, spec: Object) -> Object:
    return {
        "apiVersion": API,
        "kind": "VirtualService",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": spec,
    }


def _spec(prefix: str = PREFIX, service: str = NAME, port: int = PORT, headers: Object | None = None) -> Object:
    destination = {"host": f"{service}.{NAMESPACE}.svc.cluster.local", "port": {"number": port}}
    rule = {
        "match": [{"uri": {"prefix": prefix}}],
        "rewrite": {"uri": "/"},
        "route": [{"destination": destination}],
        **({"headers": headers} if headers else {}),
    }
    return {"gateways": [GATEWAY], "hosts": ["*"], "http": [rule]}
