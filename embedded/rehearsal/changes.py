"""The changes that a rehearsal makes to the objects of manifests before they are applied; the files stay as they are.

Each one is reported: people must know in which way the installation differs from the manifests.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Sequence

import yaml

from embedded.rehearsal.mesh import Mesh, disable_injection, disable_mutual_tls
from lab.k8s.documents import Document, join_documents, split_documents
from lab.k8s.objects import Object, ObjectRef, get_nested
from lab.k8s.pod_templates import find_template
from lab.rehearsal import Change

CONTROL_PLANE = "the control plane of Istio is the kit's"
CONTROL_PLANE_REASON = (
    "its version differs from that of the manifests, or a stock Envoy needs other settings; sidecars request little CPU"
)
EXT_AUTHZ = "envoy.extensions.filters.http.ext_authz.v3.ExtAuthz"
OLD_NAMES = {
    "envoy.http_connection_manager": "envoy.filters.network.http_connection_manager",
    "envoy.router": "envoy.filters.http.router",
    "envoy.ext_authz": "envoy.filters.http.ext_authz",
    "envoy.lua": "envoy.filters.http.lua",
}
"""Filters by the names that Envoy had before version 1.14; Istio translated them until its versions around 1.20."""
MESH = ObjectRef("ConfigMap", "istio", "istio-system")
INJECTOR = ObjectRef("ConfigMap", "istio-sidecar-injector", "istio-system")
PLUG_IN_VALUES = (("pilot", "cni"), ("istio_cni",))
"""The settings for Istio's CNI plug-in in newer and in older versions."""
ISTIOD = ObjectRef("Deployment", "istiod", "istio-system")
STOCK_ENVOY = {"name": "PILOT_ENABLE_ALPN_FILTER", "value": "false"}
"""The setting of istiod that only the kit's has; see embedded.manifests.modules."""


def change_manifests(
    manifests: str, read_control_plane: Callable[[], str], mesh: Mesh, *, keeps_cpu: bool
) -> tuple[str, list[Change]]:
    """Return manifests with the changes of a rehearsal, and a description of each change that was necessary.

    Args:
        manifests: YAML documents.
        read_control_plane: Returns the objects of the kit's istiod as YAML documents.
        mesh: The mesh of the whole installation.
        keeps_cpu: Whether containers keep their requests of CPU.
    """
    documents = split_documents(manifests)
    replaced: list[ObjectRef] = []
    istiod = next((obj for obj, _ in documents if ObjectRef.from_object(obj) == ISTIOD), None)
    if istiod and not _is_of_kit(istiod):
        documents, replaced = _replace_control_plane(documents, split_documents(read_control_plane()))
    changes = [Change(CONTROL_PLANE, CONTROL_PLANE_REASON, tuple(map(str, replaced)))]
    for title, reason, edit in _list_edits(mesh, keeps_cpu=keeps_cpu):
        documents, edited = _edit(documents, edit)
        changes.append(Change(title, reason, tuple(map(str, edited))))
    return join_documents(text for _, text in documents), [change for change in changes if change.objects]


def _list_edits(mesh: Mesh, *, keeps_cpu: bool) -> list[tuple[str, str, Callable[[Object], bool]]]:
    """Return the title and the reason of each edit of single objects, and the function that edits one."""
    no_sidecars = "the lab's nodes have no plug-in that redirects the traffic of pods to sidecars"
    without_sidecars: list[tuple[str, str, Callable[[Object], bool]]] = [
        ("no sidecars are injected", no_sidecars, disable_injection),
        ("no mutual TLS is required of Services", no_sidecars, disable_mutual_tls),
    ]
    without_cpu = [
        ("containers request no CPU", "a small machine cannot admit the requests of all components", _remove_cpu)
    ]
    return [
        *([] if mesh.has_sidecars else without_sidecars),
        (
            "ports of Services name their protocol",
            "a stock Envoy cannot detect HTTP within mutual TLS",
            mesh.name_protocols,
        ),
        ("filters have Envoy's names of today", "a newer istiod ignores filters with the old names", _rename_filters),
        *([] if keeps_cpu else without_cpu),
    ]


def _edit(documents: Sequence[Document], edit: Callable[[Object], bool]) -> tuple[list[Document], list[ObjectRef]]:
    """Return documents after a function has edited a copy of each object, and the objects that it has changed."""
    edited: list[Document] = []
    refs = []
    for obj, text in documents:
        changed = copy.deepcopy(obj) if obj["kind"] != "CustomResourceDefinition" else obj
        if obj["kind"] != "CustomResourceDefinition" and edit(changed):
            refs.append(ObjectRef.from_object(obj))
            edited.append((changed, _dump(changed)))
        else:
            edited.append((obj, text))
    return edited, refs


def _rename_filters(obj: Object) -> bool:
    """Write the filters of an EnvoyFilter as Envoy knows them today; an unknown name leaves a gateway unprotected.

    Envoy has removed the default version of the protocol by which it asks an authorization service.
    """
    if obj["kind"] != "EnvoyFilter":
        return False
    before = copy.deepcopy(obj["spec"])
    for patch in get_nested(obj, "spec", "configPatches") or []:
        named = get_nested(patch, "match", "listener", "filterChain", "filter") or {}
        for part in (named, named.get("subFilter") or {}, get_nested(patch, "patch", "value") or {}):
            if part.get("name") in OLD_NAMES:
                part["name"] = OLD_NAMES[part["name"]]
        config = get_nested(patch, "patch", "value", "typed_config") or {}
        if str(config.get("@type", "")).endswith(EXT_AUTHZ):
            config.setdefault("transport_api_version", "V3")
    return bool(obj["spec"] != before)


def _remove_cpu(obj: Object) -> bool:
    """Remove the requests and limits of CPU from all containers; a limit alone would be a request too."""
    spec = (find_template(obj) or {}).get("spec") or {}
    has_changed = False
    for part in ("initContainers", "containers"):
        for container in spec.get(part) or []:
            resources = container.get("resources") or {}
            removed = [(resources.get(kind) or {}).pop("cpu", None) for kind in ("requests", "limits")]
            has_changed = has_changed or any(removed)
    return has_changed


def _is_of_kit(istiod: Object) -> bool:
    """Return whether istiod has the settings that a stock Envoy needs."""
    containers = istiod["spec"]["template"]["spec"]["containers"]
    return any(STOCK_ENVOY in (container.get("env") or []) for container in containers)


def _replace_control_plane(
    documents: Sequence[Document], own: Sequence[Document]
) -> tuple[list[Document], list[ObjectRef]]:
    """Replace the objects of istiod that the kit has too, and add its others; the mesh's settings stay.

    The mesh's settings contain the authorization by an auth proxy. Only its metrics are removed: a stock Envoy lacks
    Istio's own filter for them.
    """
    by_ref = {ObjectRef.from_object(obj): (obj, text) for obj, text in own}
    by_ref.pop(MESH, None)
    result: list[Document] = []
    replaced: list[ObjectRef] = []
    for obj, text in documents:
        ref = ObjectRef.from_object(obj)
        if ref in by_ref:
            own_obj, own_text = by_ref.pop(ref)
            injector = _keep_redirection(own_obj, obj) if ref == INJECTOR else None
            result.append((injector, _dump(injector)) if injector else (own_obj, own_text))
            replaced.append(ref)
        elif ref == MESH and (mesh := _remove_metrics(obj)):
            result.append((mesh, _dump(mesh)))
            replaced.append(ref)
        else:
            result.append((obj, text))
    return [*result, *by_ref.values()], [*replaced, *by_ref]


def _keep_redirection(own: Object, original: Object) -> Object | None:
    """Return the kit's settings of the injection, with the original's for the CNI plug-in; None if it has none.

    Either this plug-in or a container of each pod redirects the traffic of pods to their sidecars.
    """
    values, settings = (json.loads(config_map["data"]["values"]) for config_map in (own, original))
    has_changed = False
    for path in PLUG_IN_VALUES:
        if setting := get_nested(settings, *path):
            get_nested(values, *path[:-1])[path[-1]] = setting
            has_changed = True
    return {**own, "data": {**own["data"], "values": json.dumps(values)}} if has_changed else None


def _remove_metrics(config_map: Object) -> Object | None:
    """Return the ConfigMap of the mesh without providers of metrics; None if it has none."""
    mesh = yaml.safe_load(config_map["data"]["mesh"]) or {}
    if not get_nested(mesh, "defaultProviders", "metrics"):
        return None
    mesh["defaultProviders"]["metrics"] = []
    return {**config_map, "data": {**config_map["data"], "mesh": yaml.safe_dump(mesh, sort_keys=False)}}


def _dump(obj: Object) -> str:
    return str(yaml.safe_dump(obj, sort_keys=False))
