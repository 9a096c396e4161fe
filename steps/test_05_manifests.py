"""Chapter 5: Kubeflow is installed from its manifests."""

from __future__ import annotations

from pytest_bdd import given, parsers, scenarios, then

from lab.errors import diagnose_if_permitted
from lab.layers import auth_chain
from lab.layers.kubeflow import Kubeflow
from lab.layers.manifests import Manifests
from steps.shared import skip_if_omitted

scenarios("05_manifests.feature")


@given("the Kubeflow manifests are available")
def clone_manifests(manifests: Manifests) -> None:
    """Ensure that the manifests are cloned."""


@then("the manifests are at the commit that this release pins")
def manifests_are_at_pinned_commit(manifests: Manifests) -> None:
    """Check the commit, since a branch moves and a commit does not."""
    problem = manifests.problem()
    assert problem is None, problem


@then(parsers.parse("that commit is on the branch {branch}"))
def commit_is_on_branch(manifests: Manifests, branch: str) -> None:
    """Check that the commit is on the branch that the tutorial checks out."""
    seen = manifests.list_branches()
    assert branch in seen, f"expected the commit of the manifests on the branch {branch}, seen on {seen}"


@then("the cluster has every object of the manifests")
def cluster_has_all_objects(applied_kubeflow: Kubeflow) -> None:
    """Check by name, one kind after another, that the objects exist."""
    missing = applied_kubeflow.list_missing_objects()
    if missing:
        headline = f"{len(missing)} objects of the manifests are missing in the cluster: {', '.join(missing[:12])}"
        findings = diagnose_if_permitted(lambda: auth_chain.check_ext_authz(applied_kubeflow.lab))
        raise AssertionError("\n".join([headline, *findings]))


@then(parsers.parse("the namespace {name} exists"))
def namespace_exists(applied_kubeflow: Kubeflow, name: str) -> None:
    """Check a namespace that the manifests or the Profile controller create."""
    skip_if_omitted(applied_kubeflow, name, f"workloads in the namespace {name}")
    exists = applied_kubeflow.lab.kube.get("Namespace", name) is not None
    assert exists, f"the namespace {name} does not exist"
