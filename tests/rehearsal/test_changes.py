"""Tests of the changes that a rehearsal makes to manifests."""

from __future__ import annotations

import json

import pytest
import yaml

from embedded.rehearsal.changes import change_manifests
from embedded.rehearsal.mesh import Mesh
from lab.k8s.documents import parse_documents
from lab.k8s.objects import Object
from tests.rehearsal.manifests import CONTROL_PLANE, ISTIO, WEBHOOK

MANAGER = "ghcr.io/kubeflow/webhook@sha256:1234567890123456789012345678901234567890123456789012345678901234"


PROFILES = """
---
apiVersion: v1
kind: ConfigMap
metadata: {name: namespace-labels-data, namespace: kubeflow}
data:
  namespace-labels.yaml: 'own: "yes"'
"""


def no_control_plane() -> str:
    """Fail: manifests without an istiod of another kind need none."""
    pytest.fail("the control plane was read")


def find(manifests: str, kind: str, name: str) -> Object:
    """Return the object of a kind and a name."""
    [found] = [obj for obj in parse_documents(manifests) if obj["kind"] == kind and obj["metadata"]["name"] == name]
    return found


def test_manifests_of_the_kit_itself_are_not_changed() -> None:
    unchanged = WEBHOOK.replace("istio-injection: enabled, ", "")
    changed, changes = change_manifests(unchanged, no_control_plane, Mesh(), keeps_cpu=True)
    assert changes == []
    assert parse_documents(changed) == parse_documents(unchanged)


def test_containers_request_no_cpu_and_keep_their_memory() -> None:
    changed, changes = change_manifests(WEBHOOK, no_control_plane, Mesh(), keeps_cpu=False)
    [manager] = find(changed, "Deployment", "webhook")["spec"]["template"]["spec"]["containers"]
    assert manager["resources"] == {"requests": {"memory": "1Gi"}, "limits": {}}
    assert changes[-1].objects == ("Deployment webhook in kubeflow",)


def test_no_sidecars_are_injected_and_other_labels_stay() -> None:
    changed, changes = change_manifests(WEBHOOK + PROFILES, no_control_plane, Mesh(has_sidecars=False), keeps_cpu=True)
    assert find(changed, "Namespace", "kubeflow")["metadata"]["labels"] == {
        "istio-injection": "disabled",
        "kept": "yes",
    }
    labels = find(changed, "ConfigMap", "namespace-labels-data")["data"]["namespace-labels.yaml"]
    assert yaml.safe_load(labels) == {"own": "yes", "istio-injection": ""}
    assert [change.title for change in changes] == ["no sidecars are injected"]


def test_sidecars_are_injected_where_the_manifests_ask_for_them() -> None:
    changed, changes = change_manifests(WEBHOOK + PROFILES, no_control_plane, Mesh(), keeps_cpu=True)
    assert changes == []
    assert parse_documents(changed) == parse_documents(WEBHOOK + PROFILES)


@pytest.mark.parametrize(("kind", "expected"), [("DaemonSet", True), ("Deployment", False)])
def test_the_agent_of_the_nodes_shows_that_pods_do_not_redirect_their_traffic(kind: str, expected: bool) -> None:
    agent = AGENT.replace("DaemonSet", kind)
    assert Mesh.from_objects(parse_documents(WEBHOOK + agent)).has_sidecars is not expected


def test_with_the_plug_in_of_the_agent_sidecars_are_injected() -> None:
    assert Mesh.from_objects(parse_documents(WEBHOOK + AGENT), has_plug_in=True).has_sidecars


def test_manifests_that_ask_for_no_sidecars_get_none() -> None:
    assert not Mesh.from_objects(parse_documents(ROUTED)).has_sidecars
    assert Mesh.from_objects(parse_documents(ROUTED + PROFILES)).has_sidecars


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"pilot": {"cni": {"enabled": True}}}, {"pilot": {"cni": {"enabled": True}}, "global": {"tag": "the-kits"}}),
        ({"pilot": {}}, {"pilot": {"cni": {"enabled": False}}, "global": {"tag": "the-kits"}}),
    ],
)
def test_the_injection_keeps_the_plug_in_that_redirects_traffic(wanted: Object, expected: Object) -> None:
    injector = ISTIO + INJECTOR.format(values=json.dumps(wanted))
    own = CONTROL_PLANE + INJECTOR.format(
        values=json.dumps({"pilot": {"cni": {"enabled": False}}, "global": {"tag": "the-kits"}})
    )
    changed, _ = change_manifests(injector, lambda: own, Mesh(), keeps_cpu=True)
    assert json.loads(find(changed, "ConfigMap", "istio-sidecar-injector")["data"]["values"]) == expected


AGENT = """
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: istio-cni-node, namespace: kube-system}
"""
INJECTOR = """
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: istio-sidecar-injector, namespace: istio-system}}
data: {{values: '{values}'}}
"""
ROUTED = """
apiVersion: networking.istio.io/v1alpha3
kind: VirtualService
metadata: {name: app, namespace: kubeflow}
spec:
  http:
  - route:
    - destination: {host: app.kubeflow.svc.cluster.local, port: {number: 80}}
    - destination: {host: named, port: {number: 80}}
---
apiVersion: v1
kind: Service
metadata: {name: app, namespace: kubeflow}
spec: {ports: [{port: 80, name: ui}, {port: 3306}]}
---
apiVersion: v1
kind: Service
metadata: {name: named, namespace: kubeflow}
spec: {ports: [{port: 80, name: http-app}]}
"""


def test_ports_that_http_is_routed_to_name_their_protocol() -> None:
    mesh = Mesh.from_objects(parse_documents(ROUTED + PROFILES))
    changed, [change] = change_manifests(ROUTED, no_control_plane, mesh, keeps_cpu=True)
    http, other = find(changed, "Service", "app")["spec"]["ports"]
    assert (http["appProtocol"], other) == ("http", {"port": 3306})
    assert change.objects == ("Service app in kubeflow",)


def test_without_sidecars_ports_need_no_protocol() -> None:
    mesh = Mesh.from_objects(parse_documents(ROUTED))
    assert mesh.http_ports
    assert change_manifests(ROUTED, no_control_plane, mesh, keeps_cpu=True)[1] == []


def test_the_control_plane_is_replaced_and_the_authorization_of_the_mesh_stays() -> None:
    changed, [change] = change_manifests(ISTIO, lambda: CONTROL_PLANE, Mesh(), keeps_cpu=True)
    [discovery] = find(changed, "Deployment", "istiod")["spec"]["template"]["spec"]["containers"]
    assert discovery["image"] == "docker.io/istio/pilot:the-kits"
    mesh = yaml.safe_load(find(changed, "ConfigMap", "istio")["data"]["mesh"])
    assert mesh == {"defaultProviders": {"metrics": []}, "extensionProviders": [{"name": "oauth2-proxy"}]}
    assert find(changed, "ServiceAccount", "only-in-the-kit")
    assert find(changed, "Service", "istio-ingressgateway")
    assert len(change.objects) == 3


def test_an_istiod_with_the_settings_of_the_kit_stays() -> None:
    container = 'name: discovery, env: [{name: PILOT_ENABLE_ALPN_FILTER, value: "false"}]'
    unchanged = ISTIO.replace("name: discovery", container)
    assert change_manifests(unchanged, no_control_plane, Mesh(), keeps_cpu=True)[1] == []


def test_a_part_of_the_manifests_without_istiod_gets_no_control_plane() -> None:
    changed, changes = change_manifests(WEBHOOK, lambda: CONTROL_PLANE, Mesh(), keeps_cpu=True)
    assert len(parse_documents(changed)) == len(parse_documents(WEBHOOK))
    assert changes == []


AUTH = """
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: authn-filter, namespace: istio-system}
spec:
  configPatches:
  - applyTo: HTTP_FILTER
    match: {context: GATEWAY, listener: {filterChain: {filter: {name: envoy.http_connection_manager}}}}
    patch:
      operation: INSERT_BEFORE
      value:
        name: envoy.filters.http.ext_authz
        typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz}
---
apiVersion: networking.istio.io/v1alpha3
kind: DestinationRule
metadata: {name: app, namespace: kubeflow}
spec: {host: app, trafficPolicy: {tls: {mode: ISTIO_MUTUAL}}}
---
apiVersion: networking.istio.io/v1alpha3
kind: DestinationRule
metadata: {name: outside, namespace: kubeflow}
spec: {host: outside, trafficPolicy: {tls: {mode: SIMPLE}}}
"""


def test_the_authorization_of_the_gateway_has_names_that_envoy_knows() -> None:
    changed, _ = change_manifests(AUTH, no_control_plane, Mesh(), keeps_cpu=True)
    [patch] = find(changed, "EnvoyFilter", "authn-filter")["spec"]["configPatches"]
    matched = patch["match"]["listener"]["filterChain"]["filter"]["name"]
    assert matched == "envoy.filters.network.http_connection_manager"
    assert patch["patch"]["value"]["typed_config"]["transport_api_version"] == "V3"


def test_a_filter_with_names_of_today_stays() -> None:
    today = AUTH.replace("envoy.http_conn", "envoy.filters.network.http_conn").replace(
        ".v3.ExtAuthz}", ".v3.ExtAuthz, transport_api_version: V3}"
    )
    assert change_manifests(today, no_control_plane, Mesh(), keeps_cpu=True)[1] == []


def test_only_mutual_tls_between_sidecars_is_switched_off() -> None:
    changed, _ = change_manifests(AUTH, no_control_plane, Mesh(has_sidecars=False), keeps_cpu=True)
    modes = {
        name: find(changed, "DestinationRule", name)["spec"]["trafficPolicy"]["tls"]["mode"]
        for name in ("app", "outside")
    }
    assert modes == {"app": "DISABLE", "outside": "SIMPLE"}
