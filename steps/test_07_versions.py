"""Chapter 7: the components have the versions of this release."""

from __future__ import annotations

from pytest_bdd import parsers, scenarios, then

from lab.kubeflow import Kubeflow

scenarios("07_versions.feature")


@then(parsers.parse("{workload} in {namespace} runs version {version} of its image"))
def runs_version(installed: Kubeflow, workload: str, namespace: str, version: str) -> None:
    """The version is the image's tag."""
    images = installed.images(namespace, workload)
    assert images, f"there is no Deployment {workload} in {namespace}"
    tags = {image: image.rpartition(":")[2] for image in images}
    assert version in tags.values(), f"expected version {version} of {workload}, seen {', '.join(tags)}"
