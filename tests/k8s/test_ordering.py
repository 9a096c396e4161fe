"""lab/k8s/ordering.py: the order in which the objects of manifests are applied."""

from __future__ import annotations

from typing import Any

import yaml

from lab.k8s.objects import Object
from lab.k8s.ordering import order_manifests

FIRST, LAST = ["shop/database", "shop/cache"], ["shop/backup"]
"""Workloads to apply first and last; shop/cache is not in the manifests."""


def make_object(kind: str, name: str, namespace: str = "shop", **fields: Any) -> Object:
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    return {"kind": kind, "apiVersion": "v1", "metadata": metadata, **fields}


def make_workload(name: str, *volumes: Object, account: str = "default") -> Object:
    pod = {"serviceAccountName": account, "volumes": list(volumes)}
    return make_object("Deployment", name, spec={"template": {"spec": pod}})


def make_crd(plural: str) -> Object:
    return make_object("CustomResourceDefinition", plural, "")


def make_binding(kind: str, role: str, account: str, namespace: str = "shop") -> Object:
    """Return the binding of a role, of the kind Role or ClusterRole, to a ServiceAccount in the namespace shop."""
    return make_object(
        f"{kind}Binding",
        role,
        "" if kind == "ClusterRole" else namespace,
        roleRef={"kind": kind, "name": role},
        subjects=[
            {"kind": "User", "name": account},
            {"kind": "ServiceAccount", "name": account, "namespace": "shop"},
        ],
    )


def order(*objects: Object) -> list[str]:
    """Return the names of the objects, in the new order."""
    manifests = order_manifests(yaml.safe_dump_all(objects), FIRST, LAST)
    return [obj["metadata"]["name"] for obj in yaml.safe_load_all(manifests)]


def test_first_workloads_follow_their_requirements_and_all_crds() -> None:
    assert order(
        make_object("Namespace", "archive", ""),
        make_object("Namespace", "shop", ""),
        make_object("ServiceAccount", "database-user"),
        make_object("ServiceAccount", "web-user"),
        make_object("Role", "pod-reader"),
        make_object("Role", "pod-reader", "archive"),
        make_object("ClusterRole", "node-reader", ""),
        make_object("ClusterRole", "secret-reader", ""),
        make_binding("Role", "pod-reader", "database-user"),
        make_binding("Role", "pod-reader", "web-user", "archive"),
        make_binding("ClusterRole", "node-reader", "database-user"),
        make_binding("ClusterRole", "secret-reader", "web-user"),
        make_object("ConfigMap", "archive-settings", "archive"),
        make_object("ConfigMap", "shop-settings"),
        make_crd("profiles"),
        make_workload("web", account="web-user"),
        make_workload("database", account="database-user"),
        make_object("Profile", "owner"),
        make_crd("notebooks"),
    ) == [
        # the namespace, ServiceAccount, roles, bindings and settings of the database, and all CRDs
        "shop",
        "database-user",
        "pod-reader",
        "node-reader",
        "pod-reader",
        "node-reader",
        "shop-settings",
        "profiles",
        "notebooks",
        # the first workload
        "database",
        # everything else
        "archive",
        "web-user",
        "pod-reader",
        "secret-reader",
        "pod-reader",
        "secret-reader",
        "archive-settings",
        "web",
        "owner",
    ]


def test_workloads_that_mount_missing_objects_follow_the_others() -> None:
    missing_config_map = {"name": "a", "configMap": {"name": "created-later"}}
    missing_secret = {"name": "a", "secret": {"secretName": "created-later"}}
    harmless = (
        {"name": "a", "configMap": {"name": "created-later", "optional": True}},
        {"name": "b", "secret": {"secretName": "keys"}},
        {"name": "c", "emptyDir": {}},
    )
    assert order(
        make_object("Secret", "keys"),
        make_workload("proxy", missing_config_map),
        make_workload("webhook", missing_secret),
        make_workload("backup"),
        make_workload("web", *harmless),
        make_object("Profile", "owner"),
    ) == ["keys", "web", "proxy", "webhook", "backup", "owner"]


def test_manifests_without_workloads_keep_their_order() -> None:
    assert order(make_object("Namespace", "shop", ""), make_object("Profile", "owner")) == ["shop", "owner"]


def test_unusual_objects_keep_their_order() -> None:
    """The API server rejects most of them, with words of its own."""
    objects: list[Object] = [
        {"kind": "Deployment", "apiVersion": "apps/v1", "metadata": {"name": "web"}},
        {
            "kind": "Deployment",
            "apiVersion": "apps/v1",
            "metadata": {"name": "database", "namespace": "shop"},
            "spec": None,
        },
        make_object("StatefulSet", "cache", "", spec={"template": {"spec": {"volumes": [None, {"configMap": None}]}}}),
        {"kind": "RoleBinding", "apiVersion": "v1", "metadata": {"name": "binding"}, "subjects": [{}, None]},
        make_object("Role", "role", ""),
    ]
    assert order(*objects) == ["database", "web", "cache", "binding", "role"]
