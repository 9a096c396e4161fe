"""The objects that apply leaves in the cluster."""

from __future__ import annotations

import pytest

from lab.k8s.objects import Object, ObjectRef
from lab.upgrades.left_behind import list_left_behind
from lab.upgrades.tree import remove_hash
from tests.upgrades.conftest import MakeTree, make_deployment, make_object

SERVICE = make_object("Service", "hooks", namespace="kubeflow", spec={"selector": {"app": "hooks"}})


def make_webhook(policy: str = "Fail") -> Object:
    client = {"service": {"name": "hooks", "namespace": "kubeflow", "path": "/mutate"}}
    webhooks = [{"name": "hooks.example.it", "clientConfig": client, "failurePolicy": policy}]
    return make_object("MutatingWebhookConfiguration", "hooks", "admissionregistration.k8s.io/v1", webhooks=webhooks)


def test_equal_trees_leave_nothing(make_tree: MakeTree) -> None:
    tree = make_tree(SERVICE, make_deployment("hooks", app="hooks"))
    assert list(list_left_behind(tree, tree)) == []


def test_an_object_in_another_version_of_its_group_is_the_same(make_tree: MakeTree) -> None:
    old = make_tree(make_object("Certificate", "web", "cert-manager.io/v1beta1", "kubeflow"))
    new = make_tree(make_object("Certificate", "web", "cert-manager.io/v1", "kubeflow"))
    assert list(list_left_behind(old, new)) == []


def test_a_kind_of_another_group_is_another_object(make_tree: MakeTree) -> None:
    old = make_tree(make_object("Service", "web", "serving.knative.dev/v1", "kubeflow"))
    (finding,) = list_left_behind(old, make_tree(make_object("Service", "web", namespace="kubeflow")))
    assert "service.serving.knative.dev/web" in finding.remedy


def test_a_webhook_without_a_workload_blocks(make_tree: MakeTree) -> None:
    """The later release has the Service with another selector, and no workload with these labels."""
    old = make_tree(SERVICE, make_deployment("hooks", app="hooks"), make_webhook())
    other = make_object("Service", "hooks", namespace="kubeflow", spec={"selector": {"app": "hooks2"}})
    (finding, _) = list_left_behind(old, make_tree(other))
    assert finding.blocks
    assert "no workload answers" in finding.effect
    assert "mutatingwebhookconfiguration.admissionregistration.k8s.io/hooks" in finding.remedy


def test_a_webhook_that_may_be_ignored_does_not_block(make_tree: MakeTree) -> None:
    old = make_tree(make_webhook("Ignore"))
    (finding,) = list_left_behind(old, make_tree())
    assert not finding.blocks
    assert "ignores the failure" in finding.effect


def test_a_webhook_whose_workload_is_left_behind_too_is_deleted_before_it(make_tree: MakeTree) -> None:
    old = make_tree(SERVICE, make_deployment("hooks", app="hooks"), make_webhook())
    webhook, workload, _service = list_left_behind(old, make_tree())
    assert "blocks writes as soon as its workload is deleted" in webhook.effect
    assert webhook.remedy.endswith("delete them before the workload")
    assert workload.subjects == ("Deployment hooks in kubeflow",)


def test_the_filter_of_the_earlier_auth_proxy_blocks(make_tree: MakeTree) -> None:
    envoy_filter = make_object("EnvoyFilter", "authn-filter", "networking.istio.io/v1alpha3", "istio-system")
    (finding,) = list_left_behind(make_tree(envoy_filter, release="1.8"), make_tree(release="1.9"))
    assert finding.blocks
    assert finding.commands == (
        "kubectl delete -n istio-system envoyfilter.networking.istio.io/authn-filter --ignore-not-found",
    )


@pytest.mark.parametrize(
    "obj",
    [
        make_object("CustomResourceDefinition", "mxjobs.kubeflow.org", "apiextensions.k8s.io/v1"),
        make_object("PersistentVolumeClaim", "minio-pvc", namespace="kubeflow"),
        make_object("Namespace", "knative-eventing"),
    ],
    ids=["CRD", "claim", "namespace"],
)
def test_the_deletion_of_peoples_work_is_never_advised(obj: Object, make_tree: MakeTree) -> None:
    (finding,) = list_left_behind(make_tree(obj), make_tree())
    assert "kubectl delete" not in finding.remedy
    assert "keep it" in finding.remedy


def test_a_config_map_with_another_hash_has_no_effect(make_tree: MakeTree) -> None:
    old = make_tree(make_object("ConfigMap", "web-config-84khm987mh", namespace="kubeflow"))
    new = make_tree(make_object("ConfigMap", "web-config-7tkbmh828d", namespace="kubeflow"))
    (finding,) = list_left_behind(old, new)
    assert "another hash" in finding.effect


def test_only_names_with_a_hash_lose_it() -> None:
    assert remove_hash(ObjectRef("ConfigMap", "web-config-84khm987mh")).name == "web-config"
    assert remove_hash(ObjectRef("ConfigMap", "web-parameters")).name == "web-parameters"
    assert remove_hash(ObjectRef("Service", "web-config-84khm987mh")).name == "web-config-84khm987mh"
