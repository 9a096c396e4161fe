"""The plan as a whole, and its formats."""

from __future__ import annotations

import json

import pytest

from lab import releases
from lab.errors import LabError
from lab.upgrades.defaults import list_default_findings
from lab.upgrades.findings import Topic
from lab.upgrades.images import list_image_findings
from lab.upgrades.kubernetes_versions import list_kubernetes_findings, list_shared_minors
from lab.upgrades.plan import make_plan
from lab.upgrades.release_of_tree import find_release
from pages.plan import format_json, format_markdown, format_text
from tests.upgrades.conftest import MakeTree, make_deployment, make_object
from tests.upgrades.test_refusals import make_binding


def test_the_formats_agree(make_tree: MakeTree) -> None:
    names = [f"web-{number}" for number in range(12)]
    old = make_tree(make_binding("admin"), *(make_deployment(name, app=name) for name in names), release="1.9")
    plan = make_plan(old, make_tree(make_binding("view")))
    text, markdown, content = format_text(plan), format_markdown(plan), json.loads(format_json(plan))
    assert content["blocks"] is True
    assert [finding["effect"] for finding in content["findings"]] == [found.effect for found in plan.findings]
    for topic, findings in plan.list_topics():
        assert topic.upper() in text
        assert f"### {topic}" in markdown
        assert all(finding.effect in markdown for finding in findings)
    assert "BLOCKS roleRef of an existing ClusterRoleBinding" in text
    assert "and 4 more" in text
    assert "<summary>12 affected</summary>" in markdown


def test_a_tree_has_no_blockers_against_itself(make_tree: MakeTree) -> None:
    tree = make_tree(make_deployment("web", app="web"))
    plan = make_plan(tree, tree)
    assert plan.blockers == ()
    assert [topic for topic, _ in plan.list_topics()] == [Topic.KUBERNETES]


def test_releases_without_a_shared_kubernetes_need_a_step(make_tree: MakeTree) -> None:
    old, new = make_tree(release="1.8"), make_tree(release="1.9")
    assert list_shared_minors(old, new) == []
    (finding,) = list_kubernetes_findings(old, new)
    assert finding.blocks
    assert "from 1.26 to 1.29" in finding.remedy


def test_objects_that_the_later_kubernetes_does_not_serve_are_named(make_tree: MakeTree) -> None:
    scaler = make_object("HorizontalPodAutoscaler", "web", "autoscaling/v2beta2", "kubeflow")
    _, before = list_kubernetes_findings(make_tree(scaler, release="1.7"), make_tree(release="1.8"))
    assert not before.blocks
    _, after = list_kubernetes_findings(make_tree(release="1.7"), make_tree(scaler, release="1.8"))
    assert after.blocks
    assert after.subjects == ("HorizontalPodAutoscaler web in kubeflow",)
    assert "does not serve HorizontalPodAutoscaler in autoscaling/v2beta2" in after.effect


def test_images_that_have_left_their_registry_have_their_new_home(make_tree: MakeTree) -> None:
    deployment = make_deployment("web", app="web")
    container = deployment["spec"]["template"]["spec"]["containers"][0]
    container["image"] = "gcr.io/kubebuilder/kube-rbac-proxy:v0.8.0"
    (finding,) = list_image_findings(make_tree(deployment))
    assert finding.blocks
    assert finding.subjects == (f"{container['image']} → quay.io/brancz/kube-rbac-proxy:v0.8.0",)


def test_another_auth_proxy_changes_the_session_and_the_callback(make_tree: MakeTree) -> None:
    findings = list(list_default_findings(make_tree(release="1.8"), make_tree(release="1.9")))
    effects = [finding.effect for finding in findings]
    assert "auth proxy: oidc-authservice becomes oauth2-proxy" in effects
    assert "session cookie: authservice_session becomes oauth2_proxy_kubeflow" in effects
    assert list(list_default_findings(make_tree(), make_tree())) == []


def test_a_stricter_pod_security_is_named(make_tree: MakeTree) -> None:
    old = make_object("Namespace", "kubeflow")
    new = {**old, "metadata": {"name": "kubeflow", "labels": {"pod-security.kubernetes.io/enforce": "restricted"}}}
    (finding,) = list_default_findings(make_tree(old), make_tree(new))
    assert finding.effect == "Pod Security in the namespace kubeflow: no level becomes the level restricted"


def test_manifests_of_no_known_release_are_an_error() -> None:
    with pytest.raises(LabError) as caught:
        find_release([make_deployment("web", app="web")], "somewhere")
    assert "0% of 1.10" in str(caught.value.seen)


@pytest.mark.parametrize("name", releases.list_names())
def test_a_release_is_recognized_by_its_components(name: str) -> None:
    objects = []
    for component in releases.load(name).components:
        if component.workload:
            namespace, _, workload = component.workload.partition("/")
            version = component.expected_tag or component.version
            containers = [{"name": "main", "image": f"example.it/web:{version}"}]
            spec = {"template": {"spec": {"containers": containers}}}
            deployment = make_object("Deployment", workload, "apps/v1", namespace, spec=spec)
            deployment["metadata"]["labels"] = {component.label: version} if component.label else {}
            objects.append(deployment)
    assert find_release(objects, "somewhere") == releases.load(name)
