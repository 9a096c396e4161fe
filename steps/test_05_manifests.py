"""Chapter 5: Kubeflow is installed from its manifests."""

from __future__ import annotations

from pytest_bdd import given, parsers, scenarios, then

from lab import diagnosis
from lab.kubeflow import Kubeflow
from lab.manifests import Clone

scenarios("05_manifests.feature")


@given("Kubeflow's manifests", target_fixture="clone")
def clone(manifests: Clone) -> Clone:
    """Installs the layer."""
    return manifests


@given("Kubeflow is applied", target_fixture="applied")
def applied(applied_kubeflow: Kubeflow) -> Kubeflow:
    """Installs the layer."""
    return applied_kubeflow


@then("they are at the commit that this release pins")
def at_pinned_commit(clone: Clone) -> None:
    """A branch moves; a commit does not."""
    wrong = clone.wrong()
    assert wrong is None, wrong


@then(parsers.parse("that commit is on the branch {branch}"))
def on_branch(clone: Clone, branch: str) -> None:
    """The branch that the tutorial checks out."""
    assert branch in clone.branches(), f"the commit is on {clone.branches()}, and not on {branch}"


@then("every object of the manifests is in the cluster")
def all_there(applied: Kubeflow) -> None:
    """Looked up one kind after another, by name."""
    missing = applied.missing_objects()
    if missing:
        seen = f"{len(missing)} objects of the manifests are not in the cluster: {', '.join(missing[:12])}"
        raise AssertionError("\n".join([seen, *diagnosis.guard(applied.kube, applied.release)]))


@then(parsers.parse("there is a namespace {name}"))
def has_namespace(applied: Kubeflow, name: str) -> None:
    """Of the manifests, or of the Profile's controller."""
    assert applied.kube.one("Namespace", name) is not None, f"there is no namespace {name}"
