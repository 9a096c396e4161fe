"""lab/request_path: the first wrong hop of a request, with its field; and no finding for legitimate set-ups."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from lab.k8s.objects import Object, ObjectRef
from lab.request_path.trace import TEST_SITE, EntryPoint
from tests.request_path.healthy_cluster import (
    GATEWAY_LABELS,
    INGRESS_ENTRY,
    PORT_FORWARD,
    Change,
    Cluster,
    create_tracer,
    list_stops,
)

KATIB, KATIB_SERVICE = "kubeflow/VirtualService/katib-ui", "kubeflow/Service/katib-ui"
GATEWAY, INGRESS = "kubeflow/Gateway/kubeflow-gateway", "istio-system/Ingress/svc-istio-ingressgateway"
SITE, AUTHN = "default/Ingress/ingress-nginx-svc", "istio-system/EnvoyFilter/authn-filter"
DASHBOARD, CONTROLLER = "kubeflow/VirtualService/centraldashboard", "kube-system/Service/ingress-nginx-controller"
GATEWAY_SERVICE = "istio-system/Service/istio-ingressgateway"
BACKEND = "spec.rules.0.http.paths.0.backend.service"
DESTINATION = "spec.http.0.route.0.destination"
PATCH = "spec.configPatches.0"
CLUSTER = f"{PATCH}.patch.value.typed_config.http_service.server_uri.cluster"
NO_PEERS = {"podSelector": {}, "policyTypes": ["Ingress"]}


@pytest.fixture
def cluster() -> Cluster:
    """A cluster in which all requests arrive."""
    return Cluster()


def put(name: str, path: str, value: Any) -> Change:
    """Return a change of one field."""
    return lambda cluster: cluster.set(name, path, value)


def remove(name: str) -> Change:
    """Return the removal of an object."""
    return lambda cluster: cluster.remove(name)


def add(namespace: str, kind: str, name: str, spec: Object) -> Change:
    """Return the addition of an object."""
    return lambda cluster: cluster.add(namespace, kind, name, spec=spec)


def add_virtual_service(
    name: str, hosts: list[str], rule: Object, gateway: str = "kubeflow/kubeflow-gateway"
) -> Change:
    """Return the addition of a user's own VirtualService."""
    return add("team-a", "VirtualService", name, {"gateways": [gateway], "hosts": hosts, "http": [rule]})


def stop_pod(cluster: Cluster) -> None:
    """Scale Katib's user interface to zero."""
    cluster.set("kubeflow/Deployment/katib-ui", "spec.replicas", 0)
    cluster.remove("kubeflow/Pod/katib-ui-0")


def fail_probe(cluster: Cluster) -> None:
    """Let the readiness probe of Katib's user interface fail."""
    pod = cluster["kubeflow/Pod/katib-ui-0"]
    pod["status"]["conditions"] = [{"type": "Ready", "status": "False"}]
    running = {"running": {"startedAt": "2026-11-24T10:00:00Z"}}
    pod["status"]["containerStatuses"] = [{"name": "katib-ui", "ready": False, "state": running}]
    involved = {"uid": pod["metadata"]["uid"], "fieldPath": "spec.containers{katib-ui}"}
    message = "Readiness probe failed: HTTP probe failed with statuscode: 404"
    event = {"involvedObject": involved, "reason": "Unhealthy", "message": message}
    cluster.add("kubeflow", "Event", "probe", lastTimestamp="2026-11-24T10:01:00Z", **event)


def select_subset(cluster: Cluster) -> None:
    """Let the route of Katib name a subset, which a DestinationRule gives labels that no pod has."""
    cluster.set(KATIB, f"{DESTINATION}.subset", "v2")
    subsets = [{"name": "v2", "labels": {"version": "v2"}}]
    cluster.add("kubeflow", "DestinationRule", "katib-ui", spec={"host": "katib-ui", "subsets": subsets})


BREAKAGES: list[tuple[str, str, str, str, Change]] = [
    # what is wrong, path, object, field, change
    ("address", "/", CONTROLLER, "status.loadBalancer.ingress[0].ip", put(CONTROLLER, "status", {})),
    ("class", "/", INGRESS, "spec.ingressClassName", put(INGRESS, "spec.ingressClassName", "traefik")),
    ("no class", "/", INGRESS, "spec.ingressClassName", put(INGRESS, "spec.ingressClassName", None)),
    ("path", "/", INGRESS, "spec.rules[0].http.paths[0].path", put(INGRESS, "spec.rules.0.http.paths.0.path", "/x")),
    (
        "path type",
        "/katib/",
        INGRESS,
        "spec.rules[0].http.paths[0].path",
        put(INGRESS, "spec.rules.0.http.paths.0.pathType", "Exact"),
    ),
    ("host", "/", INGRESS, "spec.rules[0].host", put(INGRESS, "spec.rules.0.host", "kubeflow.example.org")),
    ("no Ingress", "/", INGRESS, "", remove(INGRESS)),
    (
        "backend",
        "/",
        INGRESS,
        "spec.rules[0].http.paths[0].backend.service.name",
        put(INGRESS, f"{BACKEND}.name", "authservice"),
    ),
    (
        "backend port",
        "/",
        INGRESS,
        "spec.rules[0].http.paths[0].backend.service.port.number",
        put(INGRESS, f"{BACKEND}.port.number", 8080),
    ),
    (
        "backend port name",
        "/",
        INGRESS,
        "spec.rules[0].http.paths[0].backend.service.port.name",
        put(INGRESS, f"{BACKEND}.port", {"name": "web"}),
    ),
    ("TLS", "/", INGRESS, "spec.tls[0].secretName", put(INGRESS, "spec.tls", [{"secretName": "certificate"}])),
    ("gateway's selector", "/", GATEWAY_SERVICE, "spec.selector", put(GATEWAY_SERVICE, "spec.selector.app", "other")),
    (
        "gateway's port",
        "/",
        INGRESS,
        "spec.rules[0].http.paths[0].backend.service.port.number",
        put(GATEWAY_SERVICE, "spec.ports.0.port", 81),
    ),
    ("Gateway host", "/", GATEWAY, "spec.servers[0].hosts", put(GATEWAY, "spec.servers.0.hosts", ["example.org"])),
    ("Gateway namespace", "/", GATEWAY, "spec.servers[0].hosts", put(GATEWAY, "spec.servers.0.hosts", ["team-a/*"])),
    ("Gateway port", "/", GATEWAY, "spec.servers[0].port.number", put(GATEWAY, "spec.servers.0.port.number", 8090)),
    (
        "Gateway protocol",
        "/",
        GATEWAY,
        "spec.servers[0].port.protocol",
        put(GATEWAY, "spec.servers.0.port.protocol", "TCP"),
    ),
    ("Gateway selector", "/", GATEWAY, "spec.selector", put(GATEWAY, "spec.selector", {"istio": "other"})),
    ("no Gateway", "/", GATEWAY, "", remove(GATEWAY)),
    ("no filter", "/", AUTHN, "", remove(AUTHN)),
    (
        "filter order",
        "/",
        AUTHN,
        "spec.configPatches[0].patch.operation",
        put(AUTHN, f"{PATCH}.patch.operation", "INSERT_AFTER"),
    ),
    (
        "filter context",
        "/",
        AUTHN,
        "spec.configPatches[0].match.context",
        put(AUTHN, f"{PATCH}.match.context", "SIDECAR_INBOUND"),
    ),
    ("filter kind", "/", AUTHN, "spec.configPatches[0].applyTo", put(AUTHN, f"{PATCH}.applyTo", "NETWORK_FILTER")),
    (
        "filter selector",
        "/",
        AUTHN,
        "spec.workloadSelector.labels",
        put(AUTHN, "spec.workloadSelector.labels", {"istio": "other"}),
    ),
    (
        "filter port",
        "/",
        AUTHN,
        "spec.configPatches[0].patch.value.typed_config.http_service.server_uri.cluster",
        put(AUTHN, CLUSTER, "outbound|8081||authservice.istio-system.svc.cluster.local"),
    ),
    (
        "filter target",
        "/",
        AUTHN,
        "spec.configPatches[0].patch.value.typed_config.http_service.server_uri.cluster",
        put(AUTHN, CLUSTER, "outbound|8080||authservise.istio-system.svc.cluster.local"),
    ),
    ("gateways", "/katib/", KATIB, "spec.gateways", put(KATIB, "spec.gateways", ["kubeflow-gatewayy"])),
    ("mesh only", "/katib/", KATIB, "spec.gateways", put(KATIB, "spec.gateways", ["mesh"])),
    ("hosts", "/katib/", KATIB, "spec.hosts", put(KATIB, "spec.hosts", ["kubeflow.example.org"])),
    ("export", "/katib/", KATIB, "spec.exportTo", put(KATIB, "spec.exportTo", ["."])),
    ("prefix", "/katib/", KATIB, "spec.http[0].match", put(KATIB, "spec.http.0.match.0.uri.prefix", "/katibb/")),
    ("header", "/katib/", KATIB, "spec.http[0].match", put(KATIB, "spec.http.0.match.0.headers", {"x": {}})),
    ("no VirtualService", "/katib/", KATIB, "", remove(KATIB)),
    ("fault", "/katib/", KATIB, "spec.http[0].fault.abort", put(KATIB, "spec.http.0.fault", {"abort": {"x": 1}})),
    (
        "user header",
        "/",
        DASHBOARD,
        "spec.http[0].headers.request.set.kubeflow-userid",
        put(DASHBOARD, "spec.http.0.headers", {"request": {"set": {"kubeflow-userid": "admin@example.com"}}}),
    ),
    (
        "user header removed",
        "/",
        DASHBOARD,
        "spec.http[0].route[0].headers.request.remove",
        put(DASHBOARD, "spec.http.0.route.0.headers", {"request": {"remove": ["Kubeflow-Userid"]}}),
    ),
    (
        "destination port",
        "/pipeline/",
        "kubeflow/VirtualService/ml-pipeline-ui",
        "spec.http[0].route[0].destination.port.number",
        put("kubeflow/VirtualService/ml-pipeline-ui", f"{DESTINATION}.port.number", 8081),
    ),
    (
        "destination",
        "/katib/",
        KATIB,
        "spec.http[0].route[0].destination.host",
        put(KATIB, f"{DESTINATION}.host", "katib-uii.kubeflow.svc.cluster.local"),
    ),
    (
        "domain",
        "/katib/",
        KATIB,
        "spec.http[0].route[0].destination.host",
        put(KATIB, f"{DESTINATION}.host", "katib-ui.kubeflow.svc.cluster.lan"),
    ),
    (
        "other destination",
        "/katib/",
        KATIB,
        "spec.http[0].route[0].destination.host",
        put(KATIB, f"{DESTINATION}.host", "centraldashboard"),
    ),
    (
        "more specific host",
        "/katib/",
        "team-a/VirtualService/own",
        "spec.hosts",
        add_virtual_service("own", ["kubeflow.example.it"], {"match": [{"uri": {"prefix": "/own/"}}]}),
    ),
    ("selector", "/katib/", KATIB_SERVICE, "spec.selector", put(KATIB_SERVICE, "spec.selector", {"app": "katib"})),
    (
        "selector of KFAM",
        "/kfam/",
        "kubeflow/Service/profiles-kfam",
        "spec.selector",
        put("kubeflow/Service/profiles-kfam", "spec.selector", {"app": "kfam"}),
    ),
    (
        "target port",
        "/katib/",
        KATIB_SERVICE,
        "spec.ports[0].targetPort",
        put(KATIB_SERVICE, "spec.ports.0.targetPort", 9999),
    ),
    (
        "target port name",
        "/katib/",
        KATIB_SERVICE,
        "spec.ports[0].targetPort",
        put(KATIB_SERVICE, "spec.ports.0.targetPort", "web"),
    ),
    ("no endpoint", "/katib/", KATIB_SERVICE, "its endpoints", remove("kubeflow/EndpointSlice/katib-ui-1")),
    ("no replicas", "/katib/", "kubeflow/Deployment/katib-ui", "spec.replicas", stop_pod),
    ("no pod", "/katib/", "kubeflow/Deployment/katib-ui", "status.replicas", remove("kubeflow/Pod/katib-ui-0")),
    ("probe", "/katib/", "kubeflow/Pod/katib-ui-0", "status.conditions[Ready]", fail_probe),
    (
        "mutual TLS without a sidecar",
        "/dex/",
        "auth/DestinationRule/dex",
        "spec.trafficPolicy.tls.mode",
        add("auth", "DestinationRule", "dex", {"host": "dex", "trafficPolicy": {"tls": {"mode": "ISTIO_MUTUAL"}}}),
    ),
    (
        "no mutual TLS, which a policy requires",
        "/katib/",
        "kubeflow/DestinationRule/katib",
        "spec.trafficPolicy.tls.mode",
        add(
            "kubeflow", "DestinationRule", "katib", {"host": "katib-ui", "trafficPolicy": {"tls": {"mode": "DISABLE"}}}
        ),
    ),
    ("subset", "/katib/", "kubeflow/DestinationRule/katib-ui", "spec.subsets[0].labels", select_subset),
    (
        "unknown subset",
        "/katib/",
        "kubeflow/DestinationRule/katib-ui",
        "spec.subsets",
        put(KATIB, f"{DESTINATION}.subset", "v2"),
    ),
    (
        "denial",
        "/katib/",
        "kubeflow/AuthorizationPolicy/deny",
        "spec.rules[0]",
        add("kubeflow", "AuthorizationPolicy", "deny", {"action": "DENY", "rules": [{}]}),
    ),
    (
        "denial at the gateway",
        "/katib/",
        "istio-system/AuthorizationPolicy/deny",
        "spec.rules[0]",
        add(
            "istio-system",
            "AuthorizationPolicy",
            "deny",
            {"action": "DENY", "rules": [{"to": [{"operation": {"paths": ["/katib*"]}}]}]},
        ),
    ),
    (
        "other identity",
        "/katib/",
        "kubeflow/AuthorizationPolicy/katib-ui",
        "spec.rules",
        put(
            "kubeflow/AuthorizationPolicy/katib-ui",
            "spec.rules.0.from.0.source.principals",
            ["cluster.local/ns/istio-system/sa/other"],
        ),
    ),
    (
        "no policy that allows",
        "/katib/",
        "istio-system/AuthorizationPolicy/global-deny-all",
        "spec.rules",
        remove("kubeflow/AuthorizationPolicy/katib-ui"),
    ),
    (
        "network policy",
        "/katib/",
        "kubeflow/NetworkPolicy/none",
        "spec.ingress",
        add("kubeflow", "NetworkPolicy", "none", NO_PEERS),
    ),
]


@pytest.mark.parametrize(
    ("path", "name", "field", "change"),
    [row[1:] for row in BREAKAGES],
    ids=[row[0] for row in BREAKAGES],
)
def test_first_wrong_hop_is_named_with_its_field(
    cluster: Cluster, path: str, name: str, field: str, change: Change
) -> None:
    change(cluster)
    finding = create_tracer(cluster).trace(INGRESS_ENTRY, path).finding
    assert finding is not None
    assert (str(finding.ref), finding.field) == (str(ObjectRef.parse(name)), field)
    assert finding.expected
    assert finding.seen
    assert "`kubectl " in finding.advice or name == AUTHN


@pytest.mark.parametrize(
    "entry_point", [INGRESS_ENTRY, PORT_FORWARD, TEST_SITE], ids=lambda entry_point: entry_point.url
)
def test_all_requests_arrive_in_a_healthy_cluster(cluster: Cluster, entry_point: EntryPoint) -> None:
    assert list_stops(cluster, entry_point) == []
    hops = create_tracer(cluster).trace(entry_point).hops
    assert str(ObjectRef("Service", entry_point.service.name, entry_point.service.namespace)) in hops


def use_annotation(cluster: Cluster) -> None:
    """Name the class of Kubeflow's Ingress in the annotation that is older than the field."""
    spec = cluster[INGRESS]["spec"]
    del spec["ingressClassName"]
    cluster.set(INGRESS, "metadata.annotations", {"kubernetes.io/ingress.class": "nginx"})


def use_default_class(cluster: Cluster) -> None:
    """Let Kubeflow's Ingress get the default class."""
    del cluster[INGRESS]["spec"]["ingressClassName"]
    cluster.set("IngressClass/nginx", "metadata.annotations", {"ingressclass.kubernetes.io/is-default-class": "true"})


def use_default_backend(cluster: Cluster) -> None:
    """Let Kubeflow's Ingress expose every host."""
    backend = {"service": {"name": "istio-ingressgateway", "port": {"name": "http"}}}
    cluster[INGRESS]["spec"] = {"ingressClassName": "nginx", "defaultBackend": backend}


def use_endpoints(cluster: Cluster) -> None:
    """Let a Service have Endpoints in place of EndpointSlices."""
    cluster.remove("kubeflow/EndpointSlice/katib-ui-1")
    cluster.add("kubeflow", "Endpoints", "katib-ui", subsets=[{"addresses": [{"ip": "10.42.0.9"}]}])


def use_external_service(cluster: Cluster) -> None:
    """Route a path to a Service without a selector."""
    use_endpoints(cluster)
    del cluster[KATIB_SERVICE]["spec"]["selector"]


def declare_no_ports(cluster: Cluster) -> None:
    """Let a container declare no ports, and serve another one than before."""
    del cluster["kubeflow/Pod/katib-ui-0"]["spec"]["containers"][0]["ports"]
    cluster.set(KATIB_SERVICE, "spec.ports.0.targetPort", 9999)


def add_other_service(cluster: Cluster) -> None:
    """Let the Ingress use a Service of the user's own for the pods of the gateway."""
    ports = [{"port": 80, "targetPort": 8080}]
    cluster.add_service("istio-system", "own", GATEWAY_LABELS, ports)
    cluster.set("istio-system/Service/istio-ingressgateway", "spec.selector", GATEWAY_LABELS)
    cluster.set(INGRESS, f"{BACKEND}.name", "own")


def use_network_policy(cluster: Cluster) -> None:
    """Allow requests of the gateway's namespace to the pods of Kubeflow."""
    for namespace in ("istio-system", "kubeflow"):
        cluster.add("", "Namespace", namespace, metadata={"labels": {"kubernetes.io/metadata.name": namespace}})
    peer = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "istio-system"}}}
    same_namespace: Object = {"podSelector": {}}
    spec = {**NO_PEERS, "ingress": [{"from": [same_namespace]}, {"from": [peer], "ports": [{"port": 8080}]}]}
    cluster.add("kubeflow", "NetworkPolicy", "default", spec=spec)


def require_token(cluster: Cluster) -> None:
    """Deny requests without a token at the gateway, as from release 1.9 on."""
    rule = {
        "from": [{"source": {"notRequestPrincipals": ["*"]}}],
        "to": [{"operation": {"notPaths": ["/dex/*"]}}],
    }
    spec = {"action": "DENY", "selector": {"matchLabels": {"app": "istio-ingressgateway"}}, "rules": [rule]}
    cluster.add("istio-system", "AuthorizationPolicy", "require-jwt", spec=spec)


def add_ingress_of_another_class(cluster: Cluster) -> None:
    """Add an Ingress for Kubeflow's host that another controller handles."""
    cluster.add_ingress("team-a", "own", "kubeflow.example.it", "own")
    cluster.set("team-a/Ingress/own", "spec.ingressClassName", "traefik")


LEGITIMATE: dict[str, Change] = {
    "annotation": use_annotation,
    "default class": use_default_class,
    "default backend": use_default_backend,
    "Endpoints": use_endpoints,
    "Service without a selector": use_external_service,
    "no declared ports": declare_no_ports,
    "own Service": add_other_service,
    "network policy": use_network_policy,
    "token": require_token,
    "wildcard host": put(INGRESS, "spec.rules.0.host", "*.example.it"),
    "Ingress without a host": put(INGRESS, "spec.rules.0.host", ""),
    "Ingress path type": put(INGRESS, "spec.rules.0.http.paths.0.pathType", "ImplementationSpecific"),
    "named port": put(INGRESS, f"{BACKEND}.port", {"name": "http"}),
    "named target port": put(KATIB_SERVICE, "spec.ports.0.targetPort", "http-app"),
    "headless": put(KATIB_SERVICE, "spec.clusterIP", "None"),
    "short name": put(KATIB, f"{DESTINATION}.host", "katib-ui"),
    "no port": put(KATIB, f"{DESTINATION}.port", {}),
    "weights": put(
        KATIB,
        "spec.http.0.route",
        [
            {"destination": {"host": "katib-ui", "port": {"number": 80}}, "weight": 100},
            {"destination": {"host": "gone"}, "weight": 0},
        ],
    ),
    "Gateway host": put(GATEWAY, "spec.servers.0.hosts", ["*.example.it", "localhost"]),
    "Gateway host with namespaces": put(GATEWAY, "spec.servers.0.hosts", ["./kubeflow.example.it", "*/*"]),
    "several servers": lambda cluster: cluster[GATEWAY]["spec"]["servers"].insert(
        0, {"port": {"number": 443, "protocol": "HTTPS"}, "hosts": ["*"], "tls": {"mode": "SIMPLE"}}
    ),
    "Gateway at the pods' port": put(GATEWAY, "spec.servers.0.port.number", 8080),
    "filter first": put(AUTHN, f"{PATCH}.patch.operation", "INSERT_FIRST"),
    "other VirtualService": add_virtual_service("web", ["*"], {"match": [{"uri": {"prefix": "/web/"}}]}),
    "other host": add_virtual_service("web", ["web.example.it"], {"redirect": {"uri": "/x"}}),
    "other Gateway": add("team-a", "Gateway", "own", {"selector": {"app": "own"}, "servers": []}),
    "mutual TLS": add(
        "kubeflow", "DestinationRule", "katib", {"host": "katib-ui", "trafficPolicy": {"tls": {"mode": "ISTIO_MUTUAL"}}}
    ),
    "DestinationRule of others": add(
        "team-a", "DestinationRule", "all", {"host": "*.local", "trafficPolicy": {"tls": {"mode": "ISTIO_MUTUAL"}}}
    ),
    "Ingress of another class": add_ingress_of_another_class,
    "denial of others": add(
        "kubeflow",
        "AuthorizationPolicy",
        "deny",
        {"action": "DENY", "rules": [{"from": [{"source": {"notNamespaces": ["istio-system", "kubeflow"]}}]}]},
    ),
    "allowed namespace": put(
        "kubeflow/AuthorizationPolicy/katib-ui", "spec.rules.0.from.0.source", {"namespaces": ["istio-system"]}
    ),
}


@pytest.mark.parametrize("change", LEGITIMATE.values(), ids=LEGITIMATE)
def test_legitimate_set_up_has_no_finding(cluster: Cluster, change: Callable[[Cluster], object]) -> None:
    change(cluster)
    assert [str(stop) for stop in list_stops(cluster, INGRESS_ENTRY, PORT_FORWARD, TEST_SITE)[:1]] == []


@pytest.mark.parametrize(
    ("name", "field", "change"),
    [
        (SITE, "spec.rules[0].http.paths[0].path", put(SITE, "spec.rules.0.http.paths.0.path", "/other")),
        (SITE, "spec.rules[0].http.paths[0].backend.service.name", put(SITE, f"{BACKEND}.name", "gone")),
        ("default/Service/nginx", "spec.selector", put("default/Service/nginx", "spec.selector", {"app": "web"})),
    ],
)
def test_request_to_the_test_site(cluster: Cluster, name: str, field: str, change: Change) -> None:
    change(cluster)
    [stop] = list_stops(cluster, TEST_SITE)
    assert (stop.finding.ref, stop.finding.field) == (ObjectRef.parse(name), field)


def test_port_forward_needs_the_port_of_the_gateway(cluster: Cluster) -> None:
    cluster.set(GATEWAY_SERVICE, "spec.ports.0.port", 81)
    finding = create_tracer(cluster).trace(PORT_FORWARD).finding
    assert finding is not None
    assert (finding.ref, finding.field) == (ObjectRef.parse(GATEWAY_SERVICE), "spec.ports")


def test_failing_probe_is_described_by_the_kubelet(cluster: Cluster) -> None:
    fail_probe(cluster)
    [stop] = list_stops(cluster)
    assert stop.is_caused_by_pods
    assert "Unhealthy: Readiness probe failed: HTTP probe failed with statuscode: 404" in str(stop)


def test_stops_are_reported_once_and_certain_ones_first(cluster: Cluster) -> None:
    cluster.set(KATIB_SERVICE, "spec.ports.0.targetPort", 9999)
    cluster.set("kubeflow/Service/ml-pipeline-ui", "spec.selector", {"app": "pipeline"})
    certain, uncertain = list_stops(cluster, INGRESS_ENTRY, PORT_FORWARD)
    assert str(certain) == (
        "the request to http://kubeflow.example.it/pipeline/ stops at the Service, and so does the one to another URL: "
        "spec.selector of Service ml-pipeline-ui in kubeflow: expected labels of a pod, such as those of Deployment "
        "ml-pipeline-ui: app=ml-pipeline-ui, seen app=pipeline, which matches no pod"
    )
    assert "http://kubeflow.example.it/katib/ probably stops at the Service" in str(uncertain)


def test_path_of_a_component_that_is_not_installed_is_not_traced(cluster: Cluster) -> None:
    for kind in ("Service", "VirtualService", "Deployment"):
        cluster.remove(f"kubeflow/{kind}/katib-ui")
    assert list_stops(cluster) == []


class TestOauth2Proxy:
    """The gateway of releases from 1.9 on, which asks oauth2-proxy because of a policy."""

    POLICY = ObjectRef("AuthorizationPolicy", "istio-ingressgateway-oauth2-proxy", "istio-system")
    MESH = """
extensionProviders:
- name: oauth2-proxy
  envoyExtAuthzHttp: {service: oauth2-proxy.oauth2-proxy.svc.cluster.local, port: 80}
"""

    @pytest.fixture
    def cluster(self) -> Cluster:
        """A cluster with oauth2-proxy."""
        cluster = Cluster()
        cluster.remove(AUTHN)
        cluster.add_app("oauth2-proxy", "oauth2-proxy", 80, target=4180)
        cluster.add_route("oauth2-proxy", "oauth2-proxy", "/oauth2/", 80, gateway="kubeflow/kubeflow-gateway")
        cluster.add_policy("oauth2-proxy", "oauth2-proxy", "*")
        cluster.add("istio-system", "ConfigMap", "istio", data={"mesh": self.MESH})
        selector = {"matchLabels": {"app": "istio-ingressgateway"}}
        rule = {"to": [{"operation": {"notPaths": ["/dex/*", "/oauth2/*"]}}]}
        spec = {"action": "CUSTOM", "provider": {"name": "oauth2-proxy"}, "selector": selector, "rules": [rule]}
        cluster.add(self.POLICY.namespace, self.POLICY.kind, self.POLICY.name, spec=spec)
        require_token(cluster)
        return cluster

    def test_all_requests_arrive(self, cluster: Cluster) -> None:
        assert create_tracer(cluster, self.POLICY).list_stops((INGRESS_ENTRY,)) == []

    @pytest.mark.parametrize(
        ("name", "field", "change"),
        [
            ("AuthorizationPolicy", "spec.provider.name", {"provider": {"name": "other"}}),
            ("AuthorizationPolicy", "spec.action", {"action": "ALLOW"}),
            ("AuthorizationPolicy", "spec.selector.matchLabels", {"selector": {"matchLabels": {"app": "other"}}}),
            ("ConfigMap", "data.mesh: extensionProviders[0].envoyExtAuthzHttp.port", MESH.replace("80", "81")),
            (
                "ConfigMap",
                "data.mesh: extensionProviders[0].envoyExtAuthzHttp.service",
                MESH.replace("service: oauth2-proxy", "service: oauth"),
            ),
        ],
    )
    def test_wrong_field_is_named(self, cluster: Cluster, name: str, field: str, change: Any) -> None:
        if name == "ConfigMap":
            cluster.set("istio-system/ConfigMap/istio", "data.mesh", change)
        else:
            cluster.objects[self.POLICY]["spec"] |= change
        finding = create_tracer(cluster, self.POLICY).trace(INGRESS_ENTRY).finding
        assert finding is not None
        assert (finding.ref.kind, finding.field) == (name, field)


@pytest.mark.parametrize(("labels", "expected"), [({"sidecar.istio.io/inject": "false"}, True), ({}, False)])
def test_where_sidecars_are_injected_mutual_tls_is_kept(
    cluster: Cluster, labels: dict[str, str], expected: bool
) -> None:
    add(
        "kubeflow", "DestinationRule", "katib", {"host": "katib-ui", "trafficPolicy": {"tls": {"mode": "ISTIO_MUTUAL"}}}
    )(cluster)
    pod = cluster["kubeflow/Pod/katib-ui-0"]
    pod["spec"]["containers"] = [each for each in pod["spec"]["containers"] if each["name"] != "istio-proxy"]
    pod["metadata"]["labels"] |= labels
    cluster.add("", "Namespace", "kubeflow", metadata={"labels": {"istio-injection": "enabled"}})
    stop = list_stops(cluster, INGRESS_ENTRY)[0]
    assert stop.finding.expected == "pods with a sidecar"
    assert "keep mutual TLS" in stop.finding.advice
    assert stop.finding.advice.endswith("`kubectl delete -n kubeflow pod/katib-ui-0`")
    assert ("remove the label sidecar.istio.io/inject=false" in stop.finding.advice) is expected
