"""The pages of authservice, exposed through the gateway as in the tutorial."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import requests

from lab.context import Lab
from lab.k8s.objects import Object, ObjectRef
from lab.k8s.server_side_apply import apply_objects
from lab.layers.temporary_objects import PREFIX as TEMPORARY
from lab.layers.temporary_objects import build_metadata
from lab.run.waiting import poll, wait_until

NAME, PORT = "authservice", 8080
PARAMETERS = "oidc-authservice-parameters"
VIRTUAL_SERVICE, PREFIX = "authservice-web", "/authservice/"
GATEWAY = "kubeflow/kubeflow-gateway"
API_VERSION = "networking.istio.io/v1alpha3"
ROUTE_HEADER = "x-lab-route"
"""The header that a temporary route adds to responses, which distinguishes them from those of the dashboard's route."""
ROUTE_TIMEOUT = 30
ANSWER_TIMEOUT = 5


class Authservice:
    """The VirtualService that routes /authservice/ to authservice.

    Args:
        lab: The lab.
    """

    name = "authservice"

    def __init__(self, lab: Lab) -> None:
        self.lab, self.namespace = lab, lab.release.auth_proxy.namespace

    def problem(self) -> str | None:
        """Return that the VirtualService is missing or has other routes, or None."""
        found = self._get_virtual_service()
        if found is None:
            return f"there is no VirtualService {VIRTUAL_SERVICE}"
        return None if found["spec"] == self._build_spec() else f"the VirtualService {VIRTUAL_SERVICE} has other routes"

    def install(self) -> None:
        """Apply the VirtualService."""
        metadata = {"name": VIRTUAL_SERVICE, "namespace": self.namespace}
        apply_objects(self.lab.kube, [_build_virtual_service(metadata, self._build_spec())])

    def list_routes(self) -> list[tuple[str, str, int]]:
        """Return prefix, host and port of each route of the VirtualService."""
        found = self._get_virtual_service() or {"spec": {}}
        return [
            (match["uri"]["prefix"], route["destination"]["host"], route["destination"]["port"]["number"])
            for rule in found["spec"].get("http", [])
            for match in rule["match"]
            for route in rule["route"]
        ]

    @contextmanager
    def expose_port(self, port: int, cookies: Mapping[str, str]) -> Iterator[str]:
        """Route requests through the gateway to a port of authservice's pod, and delete the route at the end.

        The tutorial's route remains unchanged, and the Service of authservice need not have the port.

        Args:
            port: The port.
            cookies: The cookies of a logged-in user; other users are redirected to Dex on this route, too.

        Yields:
            The path prefix of the route.

        Raises:
            WaitTimeoutError: If the gateway does not use the route in time.
        """
        name = f"{TEMPORARY}authservice-{port}"
        selector = (self.lab.kube.get("Service", NAME, self.namespace) or {"spec": {}})["spec"].get("selector")
        ports = [{"name": "http", "port": port, "targetPort": port}]
        service = {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": build_metadata(name, self.namespace),
            "spec": {"selector": selector, "ports": ports},
        }
        headers = {"response": {"set": {ROUTE_HEADER: name}}}
        spec = self._build_spec(f"/{name}/", name, port, headers)
        route = _build_virtual_service(build_metadata(name, self.namespace), spec)
        workload = ObjectRef.parse(self.lab.release.auth_proxy.workload)
        try:
            apply_objects(self.lab.kube, [service, route])
            wait_until(
                poll(lambda: self._request(f"/{name}/", cookies), every=0.1, transient=(OSError,)),
                satisfied=lambda response: (
                    response.headers.get(ROUTE_HEADER) == name and response.status_code < requests.codes.server_error
                ),
                describe=lambda response: f"{response.url} returns {response.status_code}",
                timeout=ROUTE_TIMEOUT,
                waiting_for=f"the gateway to route /{name}/ to port {port} of {NAME}",
                journal=self.lab.journal,
                remedy=f"check that {NAME} is ready and has the port {port}: "
                f"`kubectl describe -n {workload.namespace} {workload.kubectl_name}`",
            )
            yield f"/{name}/"
        finally:
            for kind in ("VirtualService", "Service"):
                self.lab.kube.delete(ObjectRef(kind, name, self.namespace))

    def _get_virtual_service(self) -> Object | None:
        return self.lab.kube.get("VirtualService", VIRTUAL_SERVICE, self.namespace)

    def _request(self, path: str, cookies: Mapping[str, str]) -> requests.Response:
        return self.lab.http.get(f"{self.lab.settings.main_entry_point}{path}", cookies=cookies, timeout=ANSWER_TIMEOUT)

    def _build_spec(
        self, prefix: str = PREFIX, service: str = NAME, port: int = PORT, headers: Object | None = None
    ) -> Object:
        destination = {"host": f"{service}.{self.namespace}.svc.cluster.local", "port": {"number": port}}
        rule = {
            "match": [{"uri": {"prefix": prefix}}],
            "rewrite": {"uri": "/"},
            "route": [{"destination": destination}],
            **({"headers": headers} if headers else {}),
        }
        return {"gateways": [GATEWAY], "hosts": ["*"], "http": [rule]}


def _build_virtual_service(metadata: Object, spec: Object) -> Object:
    return {"apiVersion": API_VERSION, "kind": "VirtualService", "metadata": metadata, "spec": spec}
