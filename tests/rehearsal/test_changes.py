"""Tests of the changes that a rehearsal makes to manifests."""

from __future__ import annotations

import pytest
import yaml

from embedded.rehearsal.changes import change_manifests
from lab.k8s.documents import parse_documents
from lab.k8s.objects import Object
from tests.rehearsal.manifests import CONTROL_PLANE, ISTIO, WEBHOOK

MANAGER = "ghcr.io/kubeflow/webhook@sha256:1234567890123456789012345678901234567890123456789012345678901234"


def no_control_plane() -> str:
    """Fail: manifests without an istiod of another kind need none."""
    pytest.fail("the control plane was read")


def find(manifests: str, kind: str, name: str) -> Object:
    """Return the object of a kind and a name."""
    [found] = [obj for obj in parse_documents(manifests) if obj["kind"] == kind and obj["metadata"]["name"] == name]
    return found


def test_manifests_of_the_kit_itself_are_not_changed() -> None:
    unchanged = WEBHOOK.replace("istio-injection: enabled, ", "")
    changed, changes = change_manifests(unchanged, set(), no_control_plane)
    assert changes == []
    assert parse_documents(changed) == parse_documents(unchanged)


def test_stand_ins_request_no_cpu_and_keep_their_memory() -> None:
    changed, changes = change_manifests(WEBHOOK, {MANAGER}, no_control_plane)
    [manager] = find(changed, "Deployment", "webhook")["spec"]["template"]["spec"]["containers"]
    assert manager["resources"] == {"requests": {"memory": "1Gi"}, "limits": {}}
    assert changes[-1].objects == ("Deployment webhook in kubeflow",)


def test_real_programs_keep_their_requests() -> None:
    changed, _ = change_manifests(WEBHOOK, set(), no_control_plane)
    [manager] = find(changed, "Deployment", "webhook")["spec"]["template"]["spec"]["containers"]
    assert manager["resources"]["requests"]["cpu"] == "100m"


def test_no_sidecars_are_injected_and_other_labels_stay() -> None:
    changed, changes = change_manifests(WEBHOOK, set(), no_control_plane)
    assert find(changed, "Namespace", "kubeflow")["metadata"]["labels"] == {
        "istio-injection": "disabled",
        "kept": "yes",
    }
    assert [change.title for change in changes] == ["no sidecars are injected"]


def test_the_control_plane_is_replaced_and_the_authorization_of_the_mesh_stays() -> None:
    changed, [change] = change_manifests(ISTIO, set(), lambda: CONTROL_PLANE)
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
    assert change_manifests(unchanged, set(), no_control_plane)[1] == []


def test_a_part_of_the_manifests_without_istiod_gets_no_control_plane() -> None:
    changed, changes = change_manifests(WEBHOOK, set(), lambda: CONTROL_PLANE)
    assert len(parse_documents(changed)) == len(parse_documents(WEBHOOK))
    assert [change.title for change in changes] == ["no sidecars are injected"]


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
    changed, _ = change_manifests(AUTH, set(), no_control_plane)
    [patch] = find(changed, "EnvoyFilter", "authn-filter")["spec"]["configPatches"]
    matched = patch["match"]["listener"]["filterChain"]["filter"]["name"]
    assert matched == "envoy.filters.network.http_connection_manager"
    assert patch["patch"]["value"]["typed_config"]["transport_api_version"] == "V3"


def test_a_filter_with_names_of_today_stays() -> None:
    today = AUTH.replace("envoy.http_conn", "envoy.filters.network.http_conn").replace(
        ".v3.ExtAuthz}", ".v3.ExtAuthz, transport_api_version: V3}"
    )
    _, changes = change_manifests(today, set(), no_control_plane)
    assert [change.title for change in changes] == ["no mutual TLS is required of Services"]


def test_only_mutual_tls_between_sidecars_is_switched_off() -> None:
    changed, _ = change_manifests(AUTH, set(), no_control_plane)
    modes = {
        name: find(changed, "DestinationRule", name)["spec"]["trafficPolicy"]["tls"]["mode"]
        for name in ("app", "outside")
    }
    assert modes == {"app": "DISABLE", "outside": "SIMPLE"}
