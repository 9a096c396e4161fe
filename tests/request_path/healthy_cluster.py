"""A cluster in which all requests arrive, which tests change at one place."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address
from typing import Any

from lab.config.entry_points import INGRESS_URL, PORT_FORWARD_URL
from lab.k8s.objects import Object, ObjectRef
from lab.request_path.snapshot import Snapshot
from lab.request_path.trace import EntryPoint, Stop, Tracer

GATEWAY_SERVICE = ObjectRef("Service", "istio-ingressgateway", "istio-system")
INGRESS_ENTRY = EntryPoint(
    INGRESS_URL, ObjectRef("Ingress", "svc-istio-ingressgateway", "istio-system"), GATEWAY_SERVICE, 80
)
PORT_FORWARD = EntryPoint(PORT_FORWARD_URL, None, GATEWAY_SERVICE, 80)
ADDRESS = IPv4Address("172.20.0.13")
AUTH_FILTER = ObjectRef("EnvoyFilter", "authn-filter", "istio-system")
GATEWAY_LABELS = {"app": "istio-ingressgateway", "istio": "ingressgateway"}
PRINCIPAL = "cluster.local/ns/istio-system/sa/istio-ingressgateway"


class Cluster:
    """The objects of a cluster, by NAMESPACE/KIND/NAME or KIND/NAME."""

    def __init__(self) -> None:
        self.objects: dict[ObjectRef, Object] = {}
        self._add_ingress_controller()
        self._add_gateway()
        self.add_app("auth", "dex", 5556, sidecar=False)
        self.add_route("auth", "dex", "/dex/", 5556, gateway="kubeflow/kubeflow-gateway")
        self.add_app("istio-system", "authservice", 8080, kind="StatefulSet", sidecar=False)
        self._add_auth_filter()
        self.add(
            "kubeflow",
            "Gateway",
            "kubeflow-gateway",
            spec={
                "selector": {"istio": "ingressgateway"},
                "servers": [{"port": {"number": 80, "name": "http", "protocol": "HTTP"}, "hosts": ["*"]}],
            },
        )
        for name, path in (("centraldashboard", "/"), ("katib-ui", "/katib/"), ("ml-pipeline-ui", "/pipeline")):
            self.add_app("kubeflow", name, 80)
            self.add_route("kubeflow", name, path, 80)
            self.add_policy("kubeflow", name, PRINCIPAL)
        self.add_app("kubeflow", "profiles-kfam", 8081)
        self.add_route("kubeflow", "profiles-kfam", "/kfam/", 8081)
        self.add_policy("kubeflow", "profiles-kfam", "cluster.local/ns/kubeflow/sa/centraldashboard")
        self.add_app("default", "nginx", 80, sidecar=False)
        self.add_ingress("default", "ingress-nginx-svc", "nginx.example.it", "nginx")

    def __getitem__(self, name: str) -> Object:
        return self.objects[ObjectRef.parse(name)]

    def add(self, namespace: str, kind: str, name: str, **content: Any) -> Object:
        """Add an object, and return it."""
        metadata = {
            "name": name,
            "uid": f"{namespace}-{kind}-{name}",
            **({"namespace": namespace} if namespace else {}),
        }
        obj = {"kind": kind, "metadata": {**metadata, **content.pop("metadata", {})}, **content}
        self.objects[ObjectRef(kind, name, namespace)] = obj
        return obj

    def remove(self, name: str) -> None:
        """Remove an object."""
        del self.objects[ObjectRef.parse(name)]

    def set(self, name: str, path: str, value: Any) -> None:
        """Set a field of an object, as in spec.http.0.match."""
        *parents, last = path.split(".")
        part: Any = self[name]
        for key in parents:
            part = part[int(key) if key.isdigit() else key]
        part[int(last) if last.isdigit() else last] = value

    def add_app(
        self,
        namespace: str,
        name: str,
        port: int,
        *,
        kind: str = "Deployment",
        sidecar: bool = True,
        target: int = 8080,
    ) -> None:
        """Add a workload with one pod, and the Service with its endpoint."""
        labels = {"app": name}
        main = {"name": name, "ports": [{"name": "http-app", "containerPort": target}]}
        containers = [main, *([{"name": "istio-proxy"}] if sidecar else [])]
        spec = {"serviceAccountName": name, "containers": containers}
        template = {"metadata": {"labels": labels}, "spec": spec}
        workload = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
        self.add(namespace, kind, name, spec=workload)
        status = {"phase": "Running", "podIP": "10.42.0.9", "conditions": [{"type": "Ready", "status": "True"}]}
        self.add(namespace, "Pod", f"{name}-0", metadata={"labels": labels}, spec=spec, status=status)
        self.add_service(namespace, name, labels, [{"name": "http", "port": port, "targetPort": target}])

    def add_service(self, namespace: str, name: str, selector: Object, ports: list[Object]) -> None:
        """Add a Service with a ready endpoint."""
        self.add(namespace, "Service", name, spec={"selector": selector, "ports": ports})
        endpoint = {"addresses": ["10.42.0.9"], "conditions": {"ready": True}}
        labels = {"kubernetes.io/service-name": name}
        self.add(namespace, "EndpointSlice", f"{name}-1", metadata={"labels": labels}, endpoints=[endpoint])

    def add_route(
        self, namespace: str, name: str, prefix: str, port: int, *, gateway: str = "kubeflow-gateway"
    ) -> None:
        """Add the VirtualService that routes a path to a Service of its name."""
        destination = {"host": f"{name}.{namespace}.svc.cluster.local", "port": {"number": port}}
        route = {"match": [{"uri": {"prefix": prefix}}], "route": [{"destination": destination}]}
        self.add(namespace, "VirtualService", name, spec={"gateways": [gateway], "hosts": ["*"], "http": [route]})

    def add_policy(self, namespace: str, name: str, principal: str) -> None:
        """Add the AuthorizationPolicy that lets one identity send requests to the pods of an app."""
        rule = {"from": [{"source": {"principals": [principal]}}]}
        spec = {"action": "ALLOW", "selector": {"matchLabels": {"app": name}}, "rules": [rule]}
        self.add(namespace, "AuthorizationPolicy", name, spec=spec)

    def add_ingress(self, namespace: str, name: str, host: str, service: str) -> None:
        """Add an Ingress for all paths of a host."""
        backend = {"service": {"name": service, "port": {"number": 80}}}
        path = {"path": "/", "pathType": "Prefix", "backend": backend}
        rules = [{"host": host, "http": {"paths": [path]}}]
        self.add(namespace, "Ingress", name, spec={"ingressClassName": "nginx", "rules": rules})

    def _add_ingress_controller(self) -> None:
        self.add_app("kube-system", "ingress-nginx-controller", 80, sidecar=False)
        container = self["kube-system/Pod/ingress-nginx-controller-0"]["spec"]["containers"][0]
        container["args"] = ["--controller-class=k8s.io/ingress-nginx", "--ingress-class=nginx"]
        status = {"loadBalancer": {"ingress": [{"ip": str(ADDRESS)}]}}
        self["kube-system/Service/ingress-nginx-controller"]["status"] = status
        self.add("", "IngressClass", "nginx", spec={"controller": "k8s.io/ingress-nginx"})
        self.add_ingress("istio-system", "svc-istio-ingressgateway", "kubeflow.example.it", "istio-ingressgateway")

    def _add_gateway(self) -> None:
        self.add_app("istio-system", "istio-ingressgateway", 80, sidecar=False)
        pod = self["istio-system/Pod/istio-ingressgateway-0"]
        pod["metadata"]["labels"] = GATEWAY_LABELS
        [container] = pod["spec"]["containers"]
        container |= {"name": "istio-proxy", "args": ["proxy", "router", "--domain", "$(NS).svc.cluster.local"]}
        self.set("istio-system/Deployment/istio-ingressgateway", "spec.template.metadata.labels", GATEWAY_LABELS)
        self.add("istio-system", "AuthorizationPolicy", "global-deny-all", spec={})
        spec = {"action": "ALLOW", "selector": {"matchLabels": GATEWAY_LABELS}, "rules": [{}]}
        self.add("istio-system", "AuthorizationPolicy", "istio-ingressgateway", spec=spec)

    def _add_auth_filter(self) -> None:
        cluster = "outbound|8080||authservice.istio-system.svc.cluster.local"
        config = {"http_service": {"server_uri": {"uri": "http://authservice", "cluster": cluster, "timeout": "10s"}}}
        value = {"name": "envoy.filters.http.ext_authz", "typed_config": config}
        patch = {
            "applyTo": "HTTP_FILTER",
            "match": {"context": "GATEWAY"},
            "patch": {"operation": "INSERT_BEFORE", "value": value},
        }
        spec = {"workloadSelector": {"labels": {"istio": "ingressgateway"}}, "configPatches": [patch]}
        self.add(AUTH_FILTER.namespace, AUTH_FILTER.kind, AUTH_FILTER.name, spec=spec)


Change = Callable[[Cluster], object]


def create_tracer(cluster: Cluster, auth_object: ObjectRef = AUTH_FILTER) -> Tracer:
    """Return a tracer for the objects of a cluster."""
    return Tracer(Snapshot.from_objects(cluster.objects.values()), ADDRESS, auth_object)


def list_stops(cluster: Cluster, *entry_points: EntryPoint) -> list[Stop]:
    """Return where the requests to all paths stop."""
    return create_tracer(cluster).list_stops(entry_points or (INGRESS_ENTRY,))
