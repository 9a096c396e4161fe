"""authservice's own pages, exposed through the gateway as the tutorial does."""

from __future__ import annotations

from lab.cluster import Cluster
from lab.kube import Object
from lab.kubectl import apply
from lab.site import Site

NAMESPACE, NAME, PORT = "istio-system", "authservice", 8080
PARAMETERS = "oidc-authservice-parameters"
VIRTUAL_SERVICE, PREFIX = "authservice-web", "/authservice/"
GATEWAY = "kubeflow/kubeflow-gateway"


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
        metadata = {"name": VIRTUAL_SERVICE, "namespace": NAMESPACE}
        api = "networking.istio.io/v1alpha3"
        apply(
            self.site.terminal, [{"apiVersion": api, "kind": "VirtualService", "metadata": metadata, "spec": _spec()}]
        )

    def routes(self) -> list[tuple[str, str, int]]:
        """Prefix, host and port of each route of the VirtualService."""
        there = self.kube.one("VirtualService", VIRTUAL_SERVICE, NAMESPACE) or {"spec": {}}
        return [
            (match["uri"]["prefix"], route["destination"]["host"], route["destination"]["port"]["number"])
            for rule in there["spec"].get("http", [])
            for match in rule["match"]
            for route in rule["route"]
        ]


def _spec() -> Object:
    destination = {"host": f"{NAME}.{NAMESPACE}.svc.cluster.local", "port": {"number": PORT}}
    rule = {
        "match": [{"uri": {"prefix": PREFIX}}],
        "rewrite": {"uri": "/"},
        "route": [{"destination": destination}],
    }
    return {"gateways": [GATEWAY], "hosts": ["*"], "http": [rule]}
