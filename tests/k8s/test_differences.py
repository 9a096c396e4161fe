"""lab/k8s/differences.py: differences that matter are found, legitimate ones are not."""

from __future__ import annotations

import copy
import json
import shlex
from typing import Any, ClassVar

import pytest
import yaml

from lab.k8s.client import Kube
from lab.k8s.differences import LAST_APPLIED, find_differences, list_corrections, list_differences
from lab.k8s.objects import Object
from tests.fake_cluster import FakeCluster

SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec:
  selector: {app: web}
  ports:
  - {name: http, port: 80, targetPort: 8080}
  - {name: grpc, port: 9090}
"""
DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      initContainers:
      - {name: prepare, image: "docker.io/library/busybox:1.36", command: [touch, /data/ready]}
      containers:
      - name: nginx
        image: docker.io/library/nginx:1.25
        command: [nginx, -g]
        args: ["--port=80", "--sidecar-image=docker.io/library/proxy:2"]
        env:
        - {name: COLOR, value: blue}
        - {name: SIZE, value: 1000m}
        - {name: APP_SECURE_COOKIES, value: "true"}
        - {name: DB_PASSWORD, value: open}
        - {name: EMPTY, value: null}
        - {name: LIMIT, valueFrom: {resourceFieldRef: {resource: limits.cpu, divisor: 1000m}}}
        - {name: HOST, valueFrom: {configMapKeyRef: {name: settings-5h9m86f79f, key: host}}}
        envFrom:
        - configMapRef: {name: settings-5h9m86f79f}
"""
WEBHOOK = """
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: checks}
webhooks:
- name: check.shop.example.com
  failurePolicy: Ignore
  clientConfig: {caBundle: Cg==, service: {name: web, namespace: shop, path: /check}}
  namespaceSelector: {matchExpressions: [{key: team, operator: Exists}]}
  rules: [{apiGroups: [apps], apiVersions: [v1], operations: [CREATE], resources: [deployments]}]
- name: webhook.serving.knative.dev
  clientConfig: {service: {name: webhook, namespace: knative-serving}}
  rules: []
  objectSelector: {matchLabels: {app: knative}}
- name: rev.validation.istio.io
  failurePolicy: Ignore
  clientConfig: {service: {name: istiod, namespace: istio-system}}
"""
ROUTES = """
apiVersion: networking.istio.io/v1alpha3
kind: VirtualService
metadata: {name: web, namespace: shop}
spec:
  hosts: ["*"]
  http:
  - match: [{uri: {prefix: /admin/}}]
    timeout: 300s
    route: [{destination: {host: admin, port: {number: 80}}}]
  - match: [{uri: {prefix: /}}]
    route: [{destination: {host: web, port: {number: 80}}}]
"""
GATEWAY = """
apiVersion: networking.istio.io/v1beta1
kind: Gateway
metadata: {name: main, namespace: shop}
spec:
  selector: {istio: ingressgateway}
  servers:
  - {hosts: ["*"], port: {name: http, number: 80, protocol: HTTP}}
"""
POLICY = """
apiVersion: security.istio.io/v1beta1
kind: AuthorizationPolicy
metadata: {name: deny, namespace: shop}
spec:
  action: ALLOW
  rules: []
"""
CERTIFICATE = """
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: web, namespace: shop}
spec:
  dnsNames: [web.shop.svc]
  duration: 2160h
  issuerRef: {kind: Issuer, name: shop}
  secretName: web
"""
CONTAINER = "spec.template.spec.containers.0"


def load(manifest: str, changes: dict[str, Any] | None = None) -> Object:
    """Return the object of a manifest with other values.

    Args:
        manifest: The manifest.
        changes: The new values by path, as in spec.ports.0.port; ... removes a field, and + appends to a list.
    """
    obj: Object = yaml.safe_load(manifest)
    for path, value in (changes or {}).items():
        *parents, last = [int(key) if key.isdigit() else key for key in path.split(".")]
        part: Any = obj
        for key in parents:
            part = part[key]
        if last == "+":
            part.append(value)
        elif value is ...:
            del part[last]
        else:
            part[last] = value
    return obj


def compare(manifest: str, changes: dict[str, Any]) -> list[str]:
    """Return fields and values of the differences of an object that was changed, without its name."""
    differences = find_differences(load(manifest), load(manifest, changes))
    return [f"{found.field}: {found.expected} -> {found.seen}" for found in differences]


@pytest.mark.parametrize(
    ("manifest", "changes", "found"),
    [
        (SERVICE, {"spec.selector": {"app": "other"}}, "spec.selector.app: web -> other"),
        (SERVICE, {"spec.selector.tier": "front"}, "spec.selector.tier: none -> front"),
        (SERVICE, {"spec.ports.0.port": 81}, "spec.ports[http].port: 80 -> 81"),
        (SERVICE, {"spec.ports.0.targetPort": "http"}, "spec.ports[http].targetPort: 8080 -> http"),
        (SERVICE, {"spec.ports.0.name": "web"}, "spec.ports[http].name: http -> web"),
        (SERVICE, {"spec.ports.1": ...}, 'spec.ports[grpc]: {"name": "grpc", "port": 9090} -> none'),
        (DEPLOYMENT, {f"{CONTAINER}.image": "nginx:1.26"}, "[nginx].image: docker.io/library/nginx:1.25 -> nginx:1.26"),
        (DEPLOYMENT, {f"{CONTAINER}.image": "httpd:1.25"}, "[nginx].image: docker.io/library/nginx:1.25 -> httpd:1.25"),
        (DEPLOYMENT, {f"{CONTAINER}.command": ["sleep"]}, '[nginx].command: ["nginx", "-g"] -> ["sleep"]'),
        (DEPLOYMENT, {f"{CONTAINER}.command": ...}, '[nginx].command: ["nginx", "-g"] -> none'),
        (DEPLOYMENT, {f"{CONTAINER}.args.0": "--port=81"}, "[nginx].args[0]: --port=80 -> --port=81"),
        (
            DEPLOYMENT,
            {f"{CONTAINER}.args.1": "--sidecar-image=docker.io/library/proxy:3"},
            "-image=docker.io/library/proxy:2 -> --sidecar-image=docker.io/library/proxy:3",
        ),
        (DEPLOYMENT, {f"{CONTAINER}.env.0.value": "red"}, "[nginx].env[COLOR].value: blue -> red"),
        (DEPLOYMENT, {f"{CONTAINER}.env.1.value": "1"}, "[nginx].env[SIZE].value: 1000m -> 1"),
        (DEPLOYMENT, {f"{CONTAINER}.env.0": ...}, '[nginx].env[COLOR]: {"name": "COLOR", "value": "blue"} -> none'),
        (
            DEPLOYMENT,
            {f"{CONTAINER}.env.3.value": "s3cr3t"},
            "[nginx].env[DB_PASSWORD].value: the value of the manifests -> another value",
        ),
        (
            DEPLOYMENT,
            {"spec.template.spec.initContainers.0.image": "busybox:1.35"},
            "initContainers[prepare].image: docker.io/library/busybox:1.36 -> busybox:1.35",
        ),
        (WEBHOOK, {"webhooks.0.clientConfig.service.path": "/x"}, "clientConfig.service.path: /check -> /x"),
        (WEBHOOK, {"webhooks.0.failurePolicy": "Fail"}, "[check.shop.example.com].failurePolicy: Ignore -> Fail"),
        (
            WEBHOOK,
            {"webhooks.0.rules.0.resources": ["pods"]},
            "webhooks[check.shop.example.com].rules[0].resources[0]: deployments -> pods",
        ),
        (
            ROUTES,
            {"spec.http.1.route.0.destination.host": "other"},
            "spec.http[1].route[0].destination.host: web -> other",
        ),
        (
            ROUTES,
            {"spec.http.0.headers": {"request": {"set": {"user": "admin"}}}},
            'spec.http[0].headers: none -> {"request": {"set": {"user": "admin"}}}',
        ),
        (ROUTES, {"spec.http.0.timeout": "301s"}, "spec.http[0].timeout: 300s -> 301s"),
        (GATEWAY, {"spec.servers.0.hosts": ["shop.example.com"]}, "spec.servers[80].hosts[0]: * -> shop.example.com"),
        (POLICY, {"spec.rules": [{}]}, "spec.rules: none -> [{}]"),
        (POLICY, {"spec.selector": {"matchLabels": {"app": "web"}}}, "spec.selector: none -> "),
        (CERTIFICATE, {"spec.issuerRef.name": "other"}, "spec.issuerRef.name: shop -> other"),
    ],
)
def test_a_changed_field_is_a_difference(manifest: str, changes: dict[str, Any], found: str) -> None:
    [difference] = compare(manifest, changes)
    assert found in difference


def test_exchanged_routes_are_differences() -> None:
    http = load(ROUTES)["spec"]["http"]
    assert compare(ROUTES, {"spec.http": http[::-1]}) != []


@pytest.mark.parametrize(
    ("manifest", "changes"),
    [
        pytest.param(SERVICE, {"spec.ports.+": {"name": "metrics", "port": 9100}}, id="additional port"),
        pytest.param(SERVICE, {"spec.ports.0.port": "80"}, id="number as a text"),
        pytest.param(SERVICE, {"spec.ports.0.nodePort": 30080, "spec.ports.0.protocol": "TCP"}, id="fields of a port"),
        pytest.param(SERVICE, {"spec.type": "LoadBalancer", "spec.clusterIP": "10.43.0.1"}, id="type and address"),
        pytest.param(SERVICE, {"metadata.labels": {"team": "a"}}, id="labels"),
        pytest.param(DEPLOYMENT, {"spec.replicas": 3}, id="replicas"),
        pytest.param(DEPLOYMENT, {f"{CONTAINER}.resources": {"limits": {"cpu": "2"}}}, id="resources"),
        pytest.param(DEPLOYMENT, {f"{CONTAINER}.image": "mirror.example.com:5000/a/b/nginx:1.25"}, id="mirror"),
        pytest.param(DEPLOYMENT, {f"{CONTAINER}.image": "nginx@sha256:123abc"}, id="digest instead of tag"),
        pytest.param(
            DEPLOYMENT,
            {f"{CONTAINER}.args.1": "--sidecar-image=mirror.example.com/proxy:2"},
            id="mirror in an argument",
        ),
        pytest.param(DEPLOYMENT, {f"{CONTAINER}.env.+": {"name": "PROXY", "value": "a"}}, id="additional variable"),
        pytest.param(
            DEPLOYMENT,
            {f"{CONTAINER}.env": load(DEPLOYMENT)["spec"]["template"]["spec"]["containers"][0]["env"][::-1]},
            id="order of variables",
        ),
        pytest.param(DEPLOYMENT, {f"{CONTAINER}.env.2.value": "false"}, id="cookies, a setting of the owner"),
        pytest.param(DEPLOYMENT, {f"{CONTAINER}.env.4.value": ""}, id="empty instead of null"),
        pytest.param(DEPLOYMENT, {f"{CONTAINER}.env.4.value": ...}, id="none instead of null"),
        pytest.param(
            DEPLOYMENT, {f"{CONTAINER}.env.5.valueFrom.resourceFieldRef.divisor": "1"}, id="normalized quantity"
        ),
        pytest.param(
            DEPLOYMENT,
            {
                f"{CONTAINER}.env.6.valueFrom.configMapKeyRef.name": "settings-2ft8k9mgb4",
                f"{CONTAINER}.envFrom.0.configMapRef.name": "settings-2ft8k9mgb4",
            },
            id="other content of a ConfigMap",
        ),
        pytest.param(
            DEPLOYMENT,
            {"spec.template.spec.containers.+": {"name": "proxy", "image": "proxy:2"}},
            id="additional container",
        ),
        pytest.param(WEBHOOK, {"webhooks.0.clientConfig.caBundle": "LS0tLS1CRUdJTg=="}, id="certificate"),
        pytest.param(WEBHOOK, {"webhooks.0.matchPolicy": "Equivalent", "webhooks.0.rules.0.scope": "*"}, id="defaults"),
        pytest.param(
            WEBHOOK,
            {"webhooks.0.namespaceSelector.matchExpressions.+": {"key": "control-plane", "operator": "DoesNotExist"}},
            id="selector of a cloud",
        ),
        pytest.param(
            WEBHOOK,
            {"webhooks.1.rules": [{"apiGroups": ["apps"]}], "webhooks.1.objectSelector": {}},
            id="rules of Knative",
        ),
        pytest.param(WEBHOOK, {"webhooks.2.failurePolicy": "Fail"}, id="failure policy of istiod"),
        pytest.param(ROUTES, {"spec.http.0.timeout": "5m0s"}, id="normalized duration"),
        pytest.param(ROUTES, {"status": {}}, id="status"),
        pytest.param(
            GATEWAY, {"spec.servers.+": {"hosts": ["*"], "port": {"number": 443, "protocol": "HTTPS"}}}, id="HTTPS"
        ),
        pytest.param(POLICY, {"spec.rules": ...}, id="no rules"),
        pytest.param(
            CERTIFICATE, {"spec.duration": "2160h0m0s", "spec.issuerRef.group": "cert-manager.io"}, id="issuer"
        ),
    ],
)
def test_a_legitimate_change_is_no_difference(manifest: str, changes: dict[str, Any]) -> None:
    assert compare(manifest, changes) == []


def test_of_variables_with_the_same_name_the_last_one_is_compared() -> None:
    twice = {f"{CONTAINER}.env.+": {"name": "COLOR", "value": "red"}}
    expected = load(DEPLOYMENT, twice)
    assert find_differences(expected, load(DEPLOYMENT, {f"{CONTAINER}.env.0.value": "red"})) == []
    assert find_differences(expected, load(DEPLOYMENT)) != []


def test_images_are_compared_by_digest_if_both_have_one() -> None:
    expected = load(DEPLOYMENT, {f"{CONTAINER}.image": "gcr.io/a/web:1@sha256:123"})
    assert find_differences(expected, load(DEPLOYMENT, {f"{CONTAINER}.image": "mirror/other@sha256:123"})) == []
    assert find_differences(expected, load(DEPLOYMENT, {f"{CONTAINER}.image": "gcr.io/a/web@sha256:456"})) != []


def test_objects_of_other_kinds_are_not_compared() -> None:
    other = (
        "{apiVersion: networking.internal.knative.dev/v1alpha1, kind: Certificate, metadata: {name: a}, spec: {a: 1}}"
    )
    assert compare(other, {"spec.a": 2}) == []


class TestLastAppliedObject:
    """The object that was applied last explains differences."""

    ADDED: ClassVar[Object] = {"name": "metrics", "port": 9100}

    @staticmethod
    def find(seen: Object, applied: Object) -> list[tuple[str, str]]:
        """Return field and origin of the differences of an object that was applied."""
        seen = copy.deepcopy(seen)
        seen["metadata"]["annotations"] = {LAST_APPLIED: json.dumps(applied)}
        return [(found.field, found.origin) for found in find_differences(load(SERVICE), seen)]

    def test_an_object_was_changed_afterwards(self) -> None:
        seen = load(SERVICE, {"spec.selector.app": "other"})
        assert self.find(seen, load(SERVICE)) == [("spec.selector.app", "changed since it was applied")]

    def test_an_object_was_applied_from_other_manifests(self) -> None:
        seen = load(SERVICE, {"spec.selector.app": "other"})
        assert self.find(seen, seen) == [("spec.selector.app", "applied from other manifests")]

    @pytest.mark.parametrize("field", [{"spec.ports.+": ADDED}, {"spec.ports.1.appProtocol": "grpc"}])
    def test_an_addition_is_no_difference_even_if_it_was_applied(self, field: Object) -> None:
        seen = load(SERVICE, field)
        assert self.find(seen, seen) == []


def apply_patch(obj: Object, operations: list[Any]) -> Object:
    """Return an object after a JSON patch, whose paths lead to existing parents."""
    obj = copy.deepcopy(obj)
    for operation in operations:
        *parents, last = [key.replace("~1", "/").replace("~0", "~") for key in operation["path"].split("/")[1:]]
        part: Any = obj
        for key in parents:
            part = part[int(key) if isinstance(part, list) else key]
        if isinstance(part, list) and last == "-":
            part.append(operation["value"])
        elif operation["op"] == "remove":
            del part[int(last) if isinstance(part, list) else last]
        else:
            part[int(last) if isinstance(part, list) else last] = operation["value"]
    return obj


@pytest.mark.parametrize(
    ("manifest", "changes"),
    [
        (SERVICE, {"spec.selector.app": "other", "spec.selector.team/name": "a", "spec.ports.1": ...}),
        (SERVICE, {"spec.selector": ...}),
        (DEPLOYMENT, {f"{CONTAINER}.command": ..., f"{CONTAINER}.env.0": ..., f"{CONTAINER}.args": ["a'b"]}),
        (ROUTES, {"spec.http.0.headers": {"request": {}, "response": {"remove": ["x"]}}, "spec.http.1": ...}),
        (POLICY, {"spec.rules": [{}], "spec.action": "DENY"}),
    ],
)
def test_one_command_corrects_all_differences_of_an_object(manifest: str, changes: dict[str, Any]) -> None:
    expected, seen = load(manifest), load(manifest, changes)
    differences = find_differences(expected, seen)
    [command] = list_corrections(differences)
    *arguments, patch = shlex.split(command)
    kind = expected["kind"].lower()
    assert arguments[:4] == ["kubectl", "patch", "-n", "shop"]
    assert arguments[4].partition(".")[0].partition("/")[0] == kind
    corrected = apply_patch(seen, json.loads(patch.removeprefix("--patch=")))
    assert find_differences(expected, corrected) == []


def test_each_kind_of_a_category_is_listed_once(cluster: FakeCluster, kube: Kube) -> None:
    cluster.objects = {
        "Service": [load(SERVICE, {"spec.selector.app": "other"}), load(SERVICE, {"metadata.name": "api"})],
        "Deployment": [load(DEPLOYMENT, {"spec.selector.matchLabels.app": "other"})],
    }
    manifests = [
        load(SERVICE),
        load(SERVICE, {"metadata.name": "api"}),
        load(SERVICE, {"metadata.name": "missing"}),
        load(DEPLOYMENT),
        load(ROUTES),
    ]
    assert list(map(str, list_differences(manifests, kube, "Services"))) == [
        "Service web in shop: spec.selector.app: expected web, seen other"
    ]
    assert len([request for request in cluster.requests if "services" in request]) == 1
    assert [found.ref.kind for found in list_differences(manifests, kube)] == ["Service", "Deployment"]
