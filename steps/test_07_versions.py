"""Chapter 7: the components have the versions of this release."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pytest_bdd import parsers, scenarios, then

from lab.k8s.versions import Comparison, compare
from lab.layers.kubeflow import Kubeflow
from lab.releases import Component, Release
from lab.run.progress import Progress
from steps.shared import find_component, skip_if_omitted

CompareComponent = Callable[[Component], Comparison]

scenarios("07_versions.feature")


@pytest.fixture(name="compare_component")
def _compare_component(kubeflow: Kubeflow, comparisons: dict[str, Comparison]) -> CompareComponent:
    """Return a function that compares a component, and records the result for the table of components."""

    def compare_component(component: Component) -> Comparison:
        comparison = compare(component, kubeflow.lab.kube, kubeflow.lab.stand_ins)
        comparisons[component.name] = comparison
        return comparison

    return compare_component


@then(parsers.parse("the installed version of {name} is the version of this release"))
def component_has_version(
    release: Release, kubeflow: Kubeflow, compare_component: CompareComponent, progress: Progress, name: str
) -> None:
    """Check the tag or label of a component, and print what was compared and what implements the component."""
    component = find_component(release, name)
    assert component.workload, (
        f"expected {name} to be installed, but Kubeflow {release.kubeflow} has it in its manifests only"
    )
    skip_if_omitted(kubeflow, component.workload, name)
    comparison = compare_component(component)
    progress.print(str(comparison))
    assert comparison.agrees, str(comparison)


@then(parsers.parse("the manifests contain {name}"))
def manifests_contain(release: Release, kubeflow: Kubeflow, name: str) -> None:
    """Check that the manifests have the directory of a component; given ones may lack it, which is noted."""
    directory = kubeflow.manifests.directory / find_component(release, name).directory
    if kubeflow.lab.settings.manifests and not directory.is_dir():
        kubeflow.lab.progress.note(f"the given manifests do not contain {name}, which is not installed in this release")
        return
    assert directory.is_dir(), f"the manifests do not contain {name}: the directory {directory} does not exist"


@then(parsers.parse("no workload of the cluster uses an image of {name}"))
def component_is_not_installed(
    release: Release, compare_component: CompareComponent, progress: Progress, name: str
) -> None:
    """Check the images of the workloads in all namespaces."""
    component = find_component(release, name)
    assert not component.workload, f"expected {name} not to be installed, but Kubeflow {release.kubeflow} installs it"
    comparison = compare_component(component)
    progress.print(str(comparison))
    assert comparison.agrees, str(comparison)


@then("every component has the version of this release, or is absent if this release does not install it")
def all_components_are_as_expected(release: Release, kubeflow: Kubeflow, compare_component: CompareComponent) -> None:
    """Check all components, including those that the tables of the feature do not list."""
    components = [component for component in release.components if not kubeflow.lacks(component)]
    comparisons = [compare_component(component) for component in components]
    differences = [str(comparison) for comparison in comparisons if not comparison.agrees]
    assert not differences, "\n".join(["components differ from the release:", *differences])
