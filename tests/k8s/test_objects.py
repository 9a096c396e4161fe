"""lab/k8s/objects.py: reading Kubernetes objects, and references to them."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest

from lab.k8s.objects import (
    Object,
    ObjectRef,
    describe_external_addresses,
    external_addresses,
    find_by_name,
    get_nested,
    is_selected,
    is_terminated,
    label_selector,
    load_balancer_ip,
    load_balancer_ips,
    names_with_annotation,
    qualified_name,
)
from tests.fake_cluster import pod


@pytest.mark.parametrize(
    ("text", "ref"),
    [
        ("auth/Deployment/dex", ObjectRef("Deployment", "dex", "auth")),
        ("Namespace/auth", ObjectRef("Namespace", "auth")),
    ],
)
def test_parse_reference(text: str, ref: ObjectRef) -> None:
    assert ObjectRef.parse(text) == ref


@pytest.mark.parametrize("text", ["dex", "apps/auth/Deployment/dex"])
def test_text_that_is_no_reference_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="NAMESPACE/KIND/NAME"):
        ObjectRef.parse(text)


def test_reference_to_object() -> None:
    ref = ObjectRef.from_object(pod("web", namespace="shop"))
    assert ref == ObjectRef("Pod", "web", "shop")
    assert ref.kubectl_name == "Pod/web"
    assert str(ref) == "Pod web in shop"
    assert str(ObjectRef("Node", "node-1")) == "Node node-1"


def test_qualified_name() -> None:
    assert qualified_name(pod("web", namespace="shop")) == "shop/web"


def test_find_by_name() -> None:
    assert find_by_name([pod("web"), pod("database")], "database") == pod("database")
    assert find_by_name([pod("web")], "database") is None


@pytest.mark.parametrize(
    ("annotations", "has_annotation"),
    [({"default": "true"}, True), ({"default": "false"}, False), ({}, False), (None, False)],
)
def test_only_the_annotation_value_true_counts(annotations: dict[str, str] | None, has_annotation: bool) -> None:
    objects: list[Object] = [
        {"metadata": {"name": "standard", "annotations": annotations}},
        {"metadata": {"name": "without-annotations"}},
    ]
    assert names_with_annotation(objects, "default") == (["standard"] if has_annotation else [])


def test_label_selector_requires_all_labels() -> None:
    assert label_selector({"app": "web", "tier": "frontend"}) == "app=web,tier=frontend"


def test_succeeded_and_deleted_pods_are_terminated() -> None:
    deleted = pod("web", ready=True)
    deleted["metadata"]["deletionTimestamp"] = "2026-11-24T10:00:00Z"
    assert is_terminated(deleted)
    assert is_terminated({**pod("web"), "status": {"phase": "Succeeded"}})
    assert not is_terminated(pod("web"))
    assert not is_terminated({"metadata": {"name": "web"}, "status": None})


@pytest.mark.parametrize(
    ("status", "address"),
    [
        ({"loadBalancer": {"ingress": [{"ip": "172.20.0.10"}]}}, IPv4Address("172.20.0.10")),
        ({"loadBalancer": {"ingress": [{"hostname": "localhost"}]}}, None),
        ({"loadBalancer": {"ingress": [{"ip": "fd00:172:20::13"}]}}, None),
        ({"loadBalancer": {"ingress": [{"ip": "fd00:172:20::13"}, {"ip": "172.20.0.9"}]}}, IPv4Address("172.20.0.9")),
        ({"loadBalancer": {"ingress": [{}, {"ip": ""}, {"ip": "172.20.0.9"}]}}, IPv4Address("172.20.0.9")),
        ({"loadBalancer": {"ingress": None}}, None),
        ({"loadBalancer": {}}, None),
        (None, None),
    ],
)
def test_external_address_of_load_balancer(status: Object | None, address: IPv4Address | None) -> None:
    assert load_balancer_ip({"status": status}) == address


def test_missing_service_has_no_external_address() -> None:
    assert load_balancer_ip(None) is None


def test_all_external_addresses_are_listed_and_described() -> None:
    """An ELB has a host name only, a dual-stack Service has addresses of both families."""
    entries = [{"hostname": "a1.elb.amazonaws.com"}, {"ip": "fd00::13"}, {"ip": "172.20.0.9"}, {"ip": "172.20.0.8"}]
    service = {"status": {"loadBalancer": {"ingress": entries}}}
    assert external_addresses(service) == ["a1.elb.amazonaws.com", "fd00::13", "172.20.0.9", "172.20.0.8"]
    assert list(map(str, load_balancer_ips(service))) == ["172.20.0.9", "172.20.0.8"]
    assert describe_external_addresses(service) == "a1.elb.amazonaws.com, fd00::13, 172.20.0.9, 172.20.0.8"
    assert describe_external_addresses(None) == "none"


def test_missing_parts_have_no_nested_value() -> None:
    obj = {"spec": {"replicas": 0, "template": None}}
    assert get_nested(obj, "spec", "replicas") == 0
    for keys in (("spec", "template", "spec"), ("status",), ("spec", "replicas", "x")):
        assert get_nested(obj, *keys) is None
    assert get_nested(None, "spec") is None


@pytest.mark.parametrize(
    ("selector", "selects"),
    [
        ({}, True),
        ({"matchLabels": {"tier": "lab"}}, True),
        ({"matchLabels": {"tier": "other"}}, False),
        ({"matchExpressions": [{"key": "tier", "operator": "In", "values": ["lab", "other"]}]}, True),
        ({"matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["lab"]}]}, False),
        ({"matchExpressions": [{"key": "tier", "operator": "Exists"}]}, True),
        ({"matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]}, False),
        ({"matchLabels": {"tier": "lab"}, "matchExpressions": [{"key": "zone", "operator": "Exists"}]}, False),
    ],
)
def test_selectors_are_evaluated(selector: Object, selects: bool) -> None:
    assert is_selected({"metadata": {"name": "pool", "labels": {"tier": "lab"}}}, selector) == selects


def test_object_without_namespace_is_in_the_default_one() -> None:
    assert qualified_name({"metadata": {"name": "web"}}) == "default/web"
