"""The steps of an upgrade."""

from __future__ import annotations

import pytest

from lab import releases
from lab.upgrades.findings import DERIVED
from lab.upgrades.plan import make_plan
from lab.upgrades.steps import DIRECTORY, Pair, Phase, load_pair
from tests.upgrades.conftest import MakeTree, make_deployment, make_object
from tests.upgrades.test_refusals import make_binding

PAIRS = [file.stem for file in DIRECTORY.glob("*.toml")]


@pytest.mark.parametrize("name", PAIRS)
def test_each_file_is_about_two_releases(name: str, make_tree: MakeTree) -> None:
    old, new = name.split("-")
    assert {old, new} <= set(releases.list_names())
    pair = load_pair(make_tree(release=old), make_tree(release=new))
    assert pair.before or pair.after
    for step in (*pair.before, *pair.after):
        assert step.reason
        assert step.source == DERIVED or step.source.startswith("kubeflow/")
        assert all(command.startswith("kubectl ") for command in step.commands)


def test_a_pair_without_a_file_has_no_steps_of_its_own(make_tree: MakeTree) -> None:
    assert load_pair(make_tree(release="1.7"), make_tree(release="26.03")) == Pair()


def test_refused_objects_are_deleted_before_and_left_ones_after(make_tree: MakeTree) -> None:
    old = make_tree(make_binding("admin"), make_deployment("web", app="web"), release="1.11")
    plan = make_plan(old, make_tree(make_binding("view"), release="26.03"))
    assert [(phase, step.title) for phase, step in plan.steps] == [
        (Phase.BEFORE, "delete ClusterRoleBinding web, so that it is created again"),
        (Phase.APPLY, "apply the manifests of 26.03 until all objects are accepted"),
        (Phase.AFTER, "delete the workloads of the earlier release"),
    ]
    assert "--server-side" in plan.steps[1][1].commands[0]
    assert plan.steps[2][1].commands == ("kubectl delete -n kubeflow deployment.apps/web --ignore-not-found",)


def test_a_step_of_the_file_is_not_repeated(make_tree: MakeTree) -> None:
    envoy_filter = make_object("EnvoyFilter", "authn-filter", "networking.istio.io/v1alpha3", "istio-system")
    plan = make_plan(make_tree(envoy_filter, release="1.8"), make_tree(release="1.9"))
    commands = [command for _, step in plan.steps for command in step.commands if "authn-filter" in command]
    assert len(commands) == 1
