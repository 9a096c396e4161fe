"""Chapter 7: the components have the versions of this release."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pytest_bdd import parsers, scenarios, then

from lab.kubeflow import Kubeflow
from lab.progress import Progress
from lab.releases import Component, Release
from lab.versions import Comparison, compare

Compare = Callable[[Component], Comparison]

scenarios("07_versions.feature")


@pytest.fixture(name="compared")
def _compared(installed: Kubeflow, comparisons: dict[str, Comparison]) -> Compare:
    """Compares a component, and notes it for the table of components."""

    def compared(component: Component) -> Comparison:
        comparison = compare(component, installed.kube, installed.site.source.stand_ins)
        comparisons[component.name] = comparison
        return comparison

    return compared


@then(parsers.parse("what is installed of {name} has the version of this release"))
def has_version(release: Release, compared: Compare, progress: Progress, name: str) -> None:
    """Its tag or label, as the release has it; the run says which, and what sits there."""
    component = _component(release, name)
    assert component.workload, f"Kubeflow {release.kubeflow} has {name} in its manifests, and does not install it"
    comparison = compared(component)
    progress.say(str(comparison))
    assert comparison.agrees, str(comparison)


@then(parsers.parse("the manifests have a folder of {name}"))
def has_folder(release: Release, installed: Kubeflow, name: str) -> None:
    """In the clone that all is installed from."""
    folder = _component(release, name).folder
    assert (installed.manifests.folder / folder).is_dir(), f"the manifests have no folder {folder}"


@then(parsers.parse("no workload of the cluster has an image of {name}"))
def is_not_installed(release: Release, compared: Compare, progress: Progress, name: str) -> None:
    """In any namespace."""
    component = _component(release, name)
    assert not component.workload, f"Kubeflow {release.kubeflow} installs {name}"
    comparison = compared(component)
    progress.say(str(comparison))
    assert comparison.agrees, str(comparison)


@then("every component of this release has its version, or is not installed where the release leaves it out")
def all_have_their_versions(release: Release, compared: Compare) -> None:
    """Those that the tables above do not name, too, as another release may have them."""
    wrong = [str(one) for one in map(compared, release.components) if not one.agrees]
    assert not wrong, "\n".join(wrong)


def _component(release: Release, name: str) -> Component:
    """A component by its name; the tables are 1.7's, and what another release does not have must not pass."""
    there = {component.name: component for component in release.components}
    assert name in there, f"Kubeflow {release.kubeflow} has no component {name}; it has {', '.join(there)}"
    return there[name]
