"""All objects of Kubeflow, built from the manifests, as they are to be applied."""

from __future__ import annotations

from lab.context import Lab
from lab.errors import LabError
from lab.k8s.documents import parse_documents
from lab.layers.kustomization_files import TARGET
from lab.layers.kustomize_build import build_directory
from lab.layers.manifest_checks import check_image_references, check_objects
from lab.layers.manifests import Manifests
from lab.layers.profile_parameters import check_profiles

LAYER = "Kubeflow"
"""The layer that the build belongs to in the journal."""


def build_example(manifests: Manifests, lab: Lab) -> str:
    """Build all of Kubeflow with kustomize, and return the objects as YAML documents.

    The result for an unchanged commit is saved for later runs with the same lab: to build it takes two CPU seconds.

    Args:
        manifests: The manifests.
        lab: The lab, whose journal assigns the program to the layer Kubeflow.

    Raises:
        LabError: If the manifests have no directory `example`, or kustomize fails or builds another Profile than the
            parameters of the manifests say, or the lab cannot run the objects.
    """
    built = _build_example(manifests, lab)
    try:
        return _prepare(built, lab) if lab.settings.kind.is_installed else built
    except LabError as error:
        error.layer = "manifests build"
        raise


def _prepare(built: str, lab: Lab) -> str:
    """Return all of Kubeflow with the changes of a rehearsal, if the lab can run it."""
    check_image_references(parse_documents(built))
    if lab.rehearsal:
        built = lab.rehearsal.prepare(built)
        for change in lab.rehearsal.changes:
            lab.progress.print(f"rehearsal: {change}")
    check_objects(parse_documents(built), lab)
    return built


def _build_example(manifests: Manifests, lab: Lab) -> str:
    """Return all of Kubeflow as kustomize builds it, or as it was saved."""
    # With moved images, each run reports what it replaces.
    commit = "" if lab.settings.use_moved_images else manifests.get_unchanged_commit()
    saved = lab.home / f"{TARGET}-{commit}.yaml"
    if commit and saved.is_file():
        return saved.read_text()
    with lab.journal.for_layer(LAYER):
        built = build_directory(lab, manifests, TARGET)
        check_profiles(parse_documents(built), manifests.directory, lab)
    if commit:
        unfinished = saved.with_suffix(".unfinished")
        unfinished.write_text(built)
        unfinished.rename(saved)
    return built
