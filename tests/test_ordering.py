"""lab/ordering.py: what others wait for is applied soon, with all that it needs, and nothing is lost."""

from __future__ import annotations

from typing import Any

import yaml

from lab.ordering import in_order

Object = dict[str, Any]
FIRST, LAST = ["house/cellar", "house/tower"], ["house/shed"]


def one(kind: str, name: str, namespace: str = "house", **more: Any) -> Object:
    place = {"name": name} | ({"namespace": namespace} if namespace else {})
    return {"kind": kind, "apiVersion": "v1", "metadata": place, **more}


def workload(name: str, *volumes: Object, account: str = "default") -> Object:
    pod = {"serviceAccountName": account, "volumes": list(volumes)}
    return one("Deployment", name, spec={"template": {"spec": pod}})


def crd(plural: str) -> Object:
    return one("CustomResourceDefinition", plural, "")


def binding(kind: str, role: str, account: str, namespace: str = "house") -> Object:
    subjects = [{"kind": "ServiceAccount", "name": account, "namespace": "house"}]
    of_role = {"kind": kind, "name": role}
    return one(f"{kind}Binding", role, "" if kind == "ClusterRole" else namespace, roleRef=of_role, subjects=subjects)


def ordered(*objects: Object) -> list[str]:
    """The names of the objects, in order."""
    manifests = in_order(yaml.safe_dump_all(objects), FIRST, LAST)
    return [found["metadata"]["name"] for found in yaml.safe_load_all(manifests)]


def test_first_workloads_come_before_the_others_with_all_that_they_need_and_behind_all_kinds() -> None:
    assert ordered(
        one("Namespace", "garden", ""),
        one("Namespace", "house", ""),
        one("ServiceAccount", "digger"),
        one("ServiceAccount", "painter"),
        one("Role", "watching"),
        one("Role", "watching", "garden"),
        one("ClusterRole", "lighting", ""),
        one("ClusterRole", "painting", ""),
        binding("Role", "watching", "digger"),
        binding("Role", "watching", "painter", "garden"),
        binding("ClusterRole", "lighting", "digger"),
        binding("ClusterRole", "painting", "painter"),
        one("ConfigMap", "colours", "garden"),
        one("ConfigMap", "depth"),
        crd("lamps"),
        workload("hall", account="painter"),
        workload("cellar", account="digger"),
        one("Lamp", "red"),
        crd("torches"),
    ) == [
        *("house", "digger", "watching", "lighting", "watching", "lighting", "depth", "lamps", "torches"),
        "cellar",
        *("garden", "painter", "watching", "painting", "watching", "painting", "colours", "hall", "red"),
    ]


def test_what_mounts_things_that_are_not_there_comes_behind_the_other_workloads() -> None:
    assert ordered(
        one("Secret", "keys"),
        workload("attic", {"name": "a", "configMap": {"name": "later"}}),
        workload("roof", {"name": "a", "secret": {"secretName": "later"}}),
        workload("shed"),
        workload(
            "hall",
            {"name": "a", "configMap": {"name": "later", "optional": True}},
            {"name": "b", "secret": {"secretName": "keys"}},
            {"name": "c", "emptyDir": {}},
        ),
        one("Lamp", "red"),
    ) == ["keys", "hall", "attic", "roof", "shed", "red"]


def test_without_workloads_the_order_stays() -> None:
    assert ordered(one("Namespace", "house", ""), one("Lamp", "red")) == ["house", "red"]
