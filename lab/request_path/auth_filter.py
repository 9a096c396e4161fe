"""The object that makes the gateway ask the auth proxy about each request: a filter of Envoy, or a policy of Istio."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from lab.k8s.objects import Object, ObjectRef, get_nested, label_selector
from lab.request_path.findings import Finding, describe_labels, list_texts
from lab.request_path.hosts import Mesh
from lab.request_path.services import Reference
from lab.request_path.snapshot import MESH_CONFIG, ROOT_NAMESPACE, Snapshot, labels_of

HOP = "auth filter"
EXT_AUTHZ = "ext_authz"
LAST_FILTER = "router"
"""A part of the name of Envoy's last filter; those after it get no request."""
INSERTED_ANYWHERE = ("INSERT_FIRST", "INSERT_BEFORE", "REPLACE")
CONTEXTS = ("GATEWAY", "ANY")


def check_auth_filter(
    snapshot: Snapshot, ref: ObjectRef, gateway_pod: Object, ports: tuple[int, ...]
) -> Iterator[Finding]:
    """Yield why the gateway does not ask the auth proxy.

    Args:
        snapshot: The objects of the cluster.
        ref: The EnvoyFilter, or the AuthorizationPolicy with a provider.
        gateway_pod: A pod of the gateway.
        ports: The port at which requests arrive, of the Service and of its pods.
    """
    obj = snapshot.get(ref)
    if obj is None:
        remedy = "apply Kubeflow's manifests again"
        yield Finding(HOP, ref, "", "the object that makes the gateway ask the auth proxy", "none", remedy=remedy)
        return
    yield from _check_selector(obj, gateway_pod)
    if ref.kind == "EnvoyFilter":
        yield from _check_patches(obj, ports)
    else:
        yield from _check_provider(snapshot, obj)


def find_auth_service(snapshot: Snapshot, ref: ObjectRef, mesh: Mesh) -> Iterator[Finding | Reference]:
    """Yield the reference to the Service of the auth proxy, or that the object names none.

    Args:
        snapshot: The objects of the cluster.
        ref: The EnvoyFilter, or the AuthorizationPolicy with a provider.
        mesh: The mesh.
    """
    obj = snapshot.get(ref)
    if obj is None:
        return
    found = _read_cluster(obj) if ref.kind == "EnvoyFilter" else _read_provider(snapshot, obj)
    if found is None:
        return
    owner, host, port, host_field, port_field = found
    service = mesh.find_service(host, owner.namespace)
    if service:
        yield Reference(HOP, owner, service, port, host_field, port_field)
    elif not mesh.is_external(host):
        yield Finding(HOP, owner, host_field, f"a Service, as in NAME.NAMESPACE.svc.{mesh.domain}", host)


def _check_selector(obj: Object, gateway_pod: Object) -> Iterator[Finding]:
    """Yield that an object does not apply to the pods of the gateway, by namespace or labels."""
    ref, labels = ObjectRef.from_object(obj), labels_of(gateway_pod)
    if ref.namespace not in (ROOT_NAMESPACE, gateway_pod["metadata"]["namespace"]):
        yield Finding(HOP, ref, "metadata.namespace", gateway_pod["metadata"]["namespace"], ref.namespace)
    for field, key in (("workloadSelector", "labels"), ("selector", "matchLabels")):
        selector = get_nested(obj, "spec", field, key) or {}
        if not selector.items() <= labels.items():
            expected = f"labels of the pods of the ingress gateway: {describe_labels(labels, selector)}"
            yield Finding(HOP, ref, f"spec.{field}.{key}", expected, label_selector(selector))


def _check_patches(obj: Object, ports: tuple[int, ...]) -> Iterator[Finding]:
    """Yield why an EnvoyFilter does not insert the ext_authz filter before Envoy's last filter."""
    ref, patches = ObjectRef.from_object(obj), list(_list_auth_patches(obj))
    if not patches:
        yield Finding(HOP, ref, "spec.configPatches", f"a patch with the filter {EXT_AUTHZ}", "none")
    for field, patch in patches[:1]:
        kind, context = patch.get("applyTo"), get_nested(patch, "match", "context") or "ANY"
        if kind != "HTTP_FILTER":
            yield Finding(HOP, ref, f"{field}.applyTo", "HTTP_FILTER", str(kind))
        if context not in CONTEXTS:
            yield Finding(HOP, ref, f"{field}.match.context", CONTEXTS[0], context)
        port = get_nested(patch, "match", "listener", "portNumber")
        if port and port not in ports:
            yield Finding(HOP, ref, f"{field}.match.listener.portNumber", str(ports[-1]), str(port))
        operation = str(get_nested(patch, "patch", "operation"))
        other = get_nested(patch, "match", "listener", "filterChain", "filter", "subFilter", "name")
        is_after_other = operation == "INSERT_AFTER" and other and LAST_FILTER not in other
        if operation not in INSERTED_ANYWHERE and not is_after_other:
            expected = f"INSERT_FIRST or INSERT_BEFORE, so that it gets requests before the {LAST_FILTER}"
            seen = f"{operation}{f' {other}' if other else ', which appends it to the filters'}"
            yield Finding(HOP, ref, f"{field}.patch.operation", expected, seen)


def _list_auth_patches(obj: Object) -> Iterator[tuple[str, Object]]:
    """Yield field and content of the patches that insert the ext_authz filter."""
    for index, patch in enumerate(get_nested(obj, "spec", "configPatches") or []):
        value = get_nested(patch, "patch", "value") or {}
        if EXT_AUTHZ in str(value.get("name")) or "ExtAuthz" in str(_get_field(value, "typed_config")):
            yield f"spec.configPatches[{index}]", patch


Target = tuple[ObjectRef, str, int | None, str, str]
"""The object that names the auth proxy, its host, its port, and the fields of both."""


def _read_cluster(obj: Object) -> Target | None:
    """Return the host and the port of the auth proxy in an EnvoyFilter, as in outbound|8080||HOST."""
    for field, patch in _list_auth_patches(obj):
        config = _get_field(patch["patch"]["value"], "typed_config") or {}
        http = _get_field(_get_field(config, "http_service"), "server_uri")
        grpc = _get_field(_get_field(config, "grpc_service"), "envoy_grpc")
        name = "http_service.server_uri.cluster" if http else "grpc_service.envoy_grpc.cluster_name"
        cluster = str(_get_field(http, "cluster") or _get_field(grpc, "cluster_name") or "")
        path = f"{field}.patch.value.typed_config.{name}"
        match cluster.split("|"):
            case ["outbound", port, _, host] if port.isdigit():
                return ObjectRef.from_object(obj), host, int(port), path, path
        return None  # a cluster of another form may be defined elsewhere
    return None


def _check_provider(snapshot: Snapshot, obj: Object) -> Iterator[Finding]:
    """Yield that a policy does not use a provider that Istio's configuration defines."""
    ref, spec = ObjectRef.from_object(obj), obj.get("spec") or {}
    if spec.get("action") != "CUSTOM":
        yield Finding(HOP, ref, "spec.action", "CUSTOM", str(spec.get("action", "ALLOW")))
    name, providers = get_nested(spec, "provider", "name"), _list_providers(snapshot)
    if snapshot.get(MESH_CONFIG) and name not in [provider.get("name") for provider in providers]:
        names = list_texts(provider.get("name") for provider in providers)
        expected = f"an extensionProvider of {MESH_CONFIG}: {names}"
        yield Finding(HOP, ref, "spec.provider.name", expected, str(name))
    if not spec.get("rules"):
        yield Finding(HOP, ref, "spec.rules", "a rule that matches the request", "none")


def _read_provider(snapshot: Snapshot, obj: Object) -> Target | None:
    """Return the host and the port of the auth proxy in Istio's configuration."""
    for index, provider in enumerate(_list_providers(snapshot)):
        target = provider.get("envoyExtAuthzHttp") or provider.get("envoyExtAuthzGrpc")
        if target and provider.get("name") == get_nested(obj, "spec", "provider", "name"):
            kind = "envoyExtAuthzHttp" if "envoyExtAuthzHttp" in provider else "envoyExtAuthzGrpc"
            field = f"data.mesh: extensionProviders[{index}].{kind}"
            host = str(target.get("service") or "").rpartition("/")[2]
            return MESH_CONFIG, host, target.get("port"), f"{field}.service", f"{field}.port"
    return None


def _list_providers(snapshot: Snapshot) -> list[Object]:
    try:
        mesh = yaml.safe_load(get_nested(snapshot.get(MESH_CONFIG), "data", "mesh") or "")
    except yaml.YAMLError:
        return []
    return get_nested(mesh, "extensionProviders") or []


def _get_field(message: Any, name: str) -> Any:
    """Return a field of a configuration of Envoy, whose names may be written in either of two forms."""
    first, *others = name.split("_")
    camel_case = first + "".join(map(str.title, others))
    return next((message[key] for key in (name, camel_case) if key in message), None) if message else None
