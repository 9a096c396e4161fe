"""Building the manifests of both sides of an upgrade's plan, without a cluster."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from embedded import kit
from embedded.remote_bases import copy_remote_bases
from embedded.rules import program_key
from embedded.upstream import clone_tree, find_tree
from lab import releases
from lab.config.locations import parse_location
from lab.context import RunContext
from lab.errors import LabError
from lab.k8s.documents import parse_documents
from lab.k8s.kubectl_apply import run_kustomize
from lab.layers.kustomization_files import TARGET
from lab.layers.manifests import copy_files
from lab.layers.remote_bases import find_remote_bases, replace_remote_bases
from lab.upgrades.release_of_tree import find_release
from lab.upgrades.tree import Tree

KUSTOMIZE = "kustomize"
CreateContext = Callable[..., RunContext]


def load_tree(location: str, create_context: CreateContext) -> Tree:
    """Return the objects of manifests, and the release that they belong to.

    Args:
        location: A release, a directory, an archive, or the URL of a Git repository with a ref.
        create_context: Returns a context; its arguments are settings.

    Raises:
        LabError: If the manifests cannot be read or built, or belong to no release that the suite knows.
    """
    is_release = location in releases.list_names()
    if not is_release:
        _check_location(location)
    context = create_context(release=location) if is_release else create_context(manifests=location)
    try:
        directory = find_tree(context) or clone_tree(context)
    except LabError as error:
        error.remedy = f"give a directory or an archive of these manifests instead of {location}"
        raise
    objects = parse_documents(_build(context, directory))
    release = context.release if is_release else find_release(objects, location)
    return Tree.from_objects(location, release, objects)


def _check_location(location: str) -> None:
    try:
        parse_location(location)
    except ValueError as error:
        raise LabError(
            f"{location} names no manifests",
            expected=f"a directory, an archive, the URL of a Git repository, or one of the releases "
            f"{', '.join(releases.list_names())}",
            seen=str(error),
            remedy="correct the argument; `kubeflow-lab plan --help` describes it",
        ) from None


def _build(context: RunContext, directory: Path) -> str:
    """Return the output of kustomize; remote bases are replaced in a copy."""
    built = kit.build(context, [program_key(KUSTOMIZE)])
    path = f"{built.program(KUSTOMIZE).parent}:{context.environment['PATH']}"
    shell = context.create_shell({"PATH": path})
    if not list(find_remote_bases(directory)):
        return run_kustomize(shell, directory / TARGET)
    bases = context.settings.remote_bases or copy_remote_bases(context, directory, built)
    with tempfile.TemporaryDirectory(prefix="plan-") as name:
        copy = Path(name, "manifests")
        copy_files(directory, copy)
        if bases:
            replace_remote_bases(copy, bases)
        return run_kustomize(shell, copy / TARGET)
