"""Chapter 13: the objects in the cluster are as the manifests define them."""

from __future__ import annotations

from pytest_bdd import parsers, scenarios, then

from lab.k8s.differences import list_corrections
from lab.layers.kubeflow import Kubeflow

scenarios("13_differences.feature")


@then(parsers.parse("the {objects} in the cluster do not differ from the manifests"))
def objects_do_not_differ(applied_kubeflow: Kubeflow, objects: str) -> None:
    """Check the fields that matter, in one list for each kind of objects."""
    differences = applied_kubeflow.list_differences(category=objects)
    if differences:
        lines = [
            f"the {objects} in the cluster differ from the manifests:",
            *map(str, differences),
            "set the fields to the expected values, or use manifests that have the seen ones (--manifests):",
            *(f"`{command}`" for command in list_corrections(differences)),
        ]
        raise AssertionError("\n".join(lines))
