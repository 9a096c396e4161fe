"""lab/k8s/permissions.py: denied requests are explained, and roles grant what is missing."""

from __future__ import annotations

import pytest
import yaml

from lab.errors import PermissionDeniedError, UnreachableError
from lab.k8s.client import Kube
from lab.k8s.objects import ObjectRef
from lab.k8s.permissions import Permission, explain_denial, render_roles
from lab.run.waiting import wait_until
from tests.fake_cluster import USER, FakeCluster, pod

PODS = Permission("", "pods", "list")
NOTEBOOKS = Permission("kubeflow.org", "notebooks", "list")
PORT_FORWARD = Permission("", "pods/portforward", "create", "istio-system")

MESSAGES = {
    # kubectl 1.25
    'Error from server (Forbidden): secrets is forbidden: User "ada@example.com" cannot list resource "secrets" in API '
    'group "" at the cluster scope': "the user ada@example.com lacks a permission of the cluster: list secrets",
    # helm 3.14
    'Error: list: failed to list: secrets is forbidden: User "system:serviceaccount:ci:gate" cannot list resource '
    '"secrets" in API group "" in the namespace "metallb-system"': "the user system:serviceaccount:ci:gate lacks a "
    "permission of the cluster: list secrets in metallb-system",
    'notebooks.kubeflow.org "web" is forbidden: User "ada" cannot patch resource "notebooks" in API group '
    '"kubeflow.org" in the namespace "ada"': "the user ada lacks a permission of the cluster: "
    "patch notebooks.kubeflow.org in ada",
    # Another authorizer, such as a webhook, has words of its own.
    "Forbidden by policy": "the user of the kubeconfig lacks a permission of the cluster",
}


@pytest.mark.parametrize(("message", "headline"), MESSAGES.items())
def test_denied_request_is_explained(message: str, headline: str) -> None:
    error = explain_denial(message)
    assert (error.headline, error.seen) == (headline, message)
    assert "`kubeflow-lab preflight --lab existing`" in error.remedy


def test_denied_requests_of_the_client_name_the_permission(kube: Kube, cluster: FakeCluster) -> None:
    cluster.objects["Pod"] = [pod("web")]
    cluster.denied = {PODS, *(Permission("", "pods", verb) for verb in ("get", "delete", "patch"))}
    ref = ObjectRef("Pod", "web", "default")
    for request in (
        lambda: kube.list_objects("Pod"),
        lambda: kube.list_names("v1", "Pod"),
        lambda: kube.get("Pod", "web", "default"),
        lambda: kube.delete(ref),
        lambda: kube.set_labels(ref, {"app": "web"}),
    ):
        with pytest.raises(PermissionDeniedError, match=f"the user {USER} lacks .*pods"):
            request()


@pytest.mark.parametrize("verb", ["list", "watch"])
def test_wait_ends_at_once_if_the_user_may_not_watch(kube: Kube, cluster: FakeCluster, verb: str) -> None:
    cluster.denied = {Permission("", "pods", verb)}
    with pytest.raises(PermissionDeniedError, match=f"{verb} pods"):
        wait_until(kube.watch("Pod"), satisfied=bool, timeout=30, waiting_for="a pod to exist", journal=kube.journal)


def test_permissions_are_asked_for(kube: Kube, cluster: FakeCluster) -> None:
    cluster.denied = {NOTEBOOKS, PORT_FORWARD}
    asked = [PODS, NOTEBOOKS, PORT_FORWARD, Permission("*", "*", "*")]
    assert [kube.is_allowed(permission) for permission in asked] == [True, False, False, False]
    assert kube.find_user() == USER


def test_api_server_that_does_not_answer_is_no_denial(unreachable_kube: Kube) -> None:
    with pytest.raises(UnreachableError):
        unreachable_kube.is_allowed(PODS)


def test_roles_grant_permissions_to_a_user() -> None:
    everywhere, binding, role, role_binding = yaml.safe_load_all(
        render_roles([PODS, NOTEBOOKS, Permission("", "nodes", "list"), PORT_FORWARD], "ada@example.com", "reader")
    )
    assert (everywhere["kind"], everywhere["metadata"]) == ("ClusterRole", {"name": "reader"})
    assert everywhere["rules"] == [
        {"apiGroups": [""], "resources": ["nodes", "pods"], "verbs": ["list"]},
        {"apiGroups": ["kubeflow.org"], "resources": ["notebooks"], "verbs": ["list"]},
    ]
    group = "rbac.authorization.k8s.io"
    assert binding["subjects"] == [{"apiGroup": group, "kind": "User", "name": "ada@example.com"}]
    assert binding["roleRef"] == {"apiGroup": group, "kind": "ClusterRole", "name": "reader"}
    assert (role["kind"], role["metadata"]) == ("Role", {"name": "reader", "namespace": "istio-system"})
    assert role["rules"] == [{"apiGroups": [""], "resources": ["pods/portforward"], "verbs": ["create"]}]
    assert (role_binding["kind"], role_binding["roleRef"]["kind"]) == ("RoleBinding", "Role")


def test_service_account_is_a_subject_of_its_own() -> None:
    _, binding = yaml.safe_load_all(render_roles([PODS], "system:serviceaccount:ci:gate"))
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "gate", "namespace": "ci"}]


def test_names_depend_on_the_permissions_so_that_no_role_is_overwritten() -> None:
    [role] = yaml.safe_load_all(render_roles([PODS]))
    [other] = yaml.safe_load_all(render_roles([NOTEBOOKS]))
    assert role["metadata"]["name"].startswith("kubeflow-lab-")
    assert role["metadata"]["name"] != other["metadata"]["name"]
