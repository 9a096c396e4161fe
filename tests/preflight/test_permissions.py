"""lab/preflight/permissions.py: preflight reports every missing permission, with a role to apply."""

from __future__ import annotations

import re

import pytest
import yaml

from lab.k8s.api_versions import API_VERSIONS
from lab.k8s.client import Kube
from lab.k8s.permissions import Permission
from lab.preflight.findings import Finding
from lab.preflight.permissions import (
    CREATES,
    NEEDS,
    Scope,
    check_permissions,
    list_needs,
    list_optional_permissions,
    list_permissions,
    list_tags,
)
from tests.conftest import MakeContext
from tests.fake_cluster import USER, FakeCluster

READ_ONLY, ALL = (Scope(list_tags(creates=creates)) for creates in (False, True))
READING = ("get", "list")


def check(kube: Kube, scope: Scope) -> list[Finding]:
    """Return the findings about the user's permissions."""
    return list(check_permissions(kube, scope, timeout=60))


def read_rules(remedy: str) -> list[dict[str, list[str]]]:
    """Return the rules of the roles that a remedy prints as the input of kubectl."""
    match = re.search(r"(?s)`kubectl apply -f - <<'END'`.*?:\n(.*)END$", remedy)
    assert match, remedy
    documents = list(yaml.safe_load_all(match[1]))
    assert all(document["apiVersion"] == "rbac.authorization.k8s.io/v1" for document in documents)
    return [rule for document in documents for rule in document.get("rules", [])]


def test_user_with_all_permissions_is_asked_about_once(kube: Kube, cluster: FakeCluster) -> None:
    assert check(kube, ALL) == []
    assert len([entry for entry, _ in cluster.server.log if "selfsubjectaccessreviews" in entry.path]) == 1


@pytest.mark.parametrize("permission", list_permissions(READ_ONLY), ids=str)
def test_every_permission_of_a_read_only_run_is_reported_if_it_is_missing(
    permission: Permission, kube: Kube, cluster: FakeCluster
) -> None:
    cluster.denied = {permission}
    [finding] = check(kube, READ_ONLY)
    assert finding.severity == "error"
    assert finding.problem.headline.startswith(f"the user {USER} lacks 1 of the ")
    assert finding.problem.seen.startswith(f"{permission}: for ")
    [rule] = read_rules(finding.problem.remedy)
    assert rule == {
        "apiGroups": [permission.group],
        "resources": [permission.resource],
        "verbs": [permission.verb],
    }


def test_all_missing_permissions_are_reported_at_once(kube: Kube, cluster: FakeCluster) -> None:
    needed = set(list_permissions(ALL))
    cluster.denied = {*needed, *list_optional_permissions(ALL)}
    error, warning = check(kube, ALL)
    assert len(error.problem.seen.splitlines()) == len(needed)
    assert "use --read-only" in error.problem.remedy
    rules = read_rules(error.problem.remedy)
    granted = {(group, resource) for rule in rules for group in rule["apiGroups"] for resource in rule["resources"]}
    assert granted == {(each.group, each.resource) for each in needed}
    assert warning.severity == "warning"


def test_permissions_for_the_diagnosis_are_a_warning(kube: Kube, cluster: FakeCluster) -> None:
    cluster.denied = {Permission("", "secrets", "list"), Permission("", "pods/log", "get")}
    [finding] = check(kube, READ_ONLY)
    assert finding.severity == "warning"
    assert finding.problem.seen.startswith("get pods/log, list secrets; without Secrets, Helm releases ")


def test_chapters_that_are_not_selected_need_nothing(kube: Kube, cluster: FakeCluster) -> None:
    cluster.denied = {Permission("kubeflow.org", "profiles", "list"), Permission("metallb.io", "ipaddresspools", "get")}
    assert check(kube, Scope(["cluster"])) == []
    [finding] = check(kube, Scope(["ingress"]))
    assert finding.problem.seen == "get ipaddresspools.metallb.io: for metallb"  # the layer is inspected before
    assert check(kube, Scope(["network"])) == []


def test_api_server_that_does_not_answer_the_questions_is_a_warning(unreachable_kube: Kube) -> None:
    [finding] = check(unreachable_kube, ALL)
    assert (finding.severity, finding.problem.headline) == (
        "warning",
        "the permissions of the user were not checked",
    )


def test_read_only_run_needs_permissions_to_read_and_the_port_forward() -> None:
    others = [each for each in list_permissions(READ_ONLY) if each.verb not in READING]
    assert others == [Permission("", "pods/portforward", "create", "istio-system")]


def test_port_forward_is_needed_only_if_it_is_an_entry_point(make_context: MakeContext) -> None:
    urls = {"lab": "existing", "url": "https://kubeflow.example.org", "gateway_service": "gateways/main"}
    scope = Scope.from_context(make_context(**urls), READ_ONLY.tags)
    assert not [each for each in list_permissions(scope) if each.verb not in READING]
    urls["url"] = "http://localhost:7080"
    scope = Scope.from_context(make_context(**urls), READ_ONLY.tags)
    assert Permission("", "pods/portforward", "create", "gateways") in list_permissions(scope)


def test_no_scenario_needs_secrets() -> None:
    assert not [each for each in list_permissions(ALL) if each.resource == "secrets"]
    assert Permission("", "secrets", "list") in list_optional_permissions(ALL)


def test_needs_of_scenarios_that_create_objects_are_those_of_their_chapters() -> None:
    assert {need.chapter for need in NEEDS if need.creates} == {"metallb", "authservice", "login", "resources"}
    assert not [need for need in list_needs(Scope(["metallb"])) if need.creates]
    assert [need for need in list_needs(Scope(["metallb", CREATES])) if need.creates]


def test_every_kind_that_the_client_knows_is_in_the_data_or_is_never_read_by_a_green_run() -> None:
    """A new kind in API_VERSIONS is a reason to look at NEEDS and DIAGNOSIS."""
    known = {f"{each.resource}.{each.group}" for each in [*list_permissions(ALL), *list_optional_permissions(ALL)]}
    plural = {kind: kind.lower() + ("es" if kind.endswith(("s", "y")) else "s") for kind in API_VERSIONS}
    plural |= {
        "Gateway": "gateways",
        "Ingress": "ingresses",
        "NetworkPolicy": "networkpolicies",
        "ServiceEntry": "serviceentries",
    }
    plural |= {"AuthorizationPolicy": "authorizationpolicies", "StorageClass": "storageclasses"}
    full = {kind: f"{plural[kind]}.{version.partition('/')[0]}" for kind, version in API_VERSIONS.items()}
    assert [kind for kind, resource in full.items() if resource not in known] == []
