"""The check of other manifests, which --manifests names: a directory, an archive, or a Git repository."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lab.config.locations import GitRepository, is_archive, parse_location
from lab.context import RunContext
from lab.errors import LabError
from lab.layers.git_hosts import list_refs
from lab.layers.kustomization_files import NAMES, TARGET, find_kustomization
from lab.layers.manifest_archives import describe_unknown_layout, unpack_once
from lab.layers.manifests import (
    COMMIT,
    DEFAULT_REF,
    check_is_outside,
    find_commit,
    list_files,
    list_ref_patterns,
)
from lab.layers.remote_bases import check_copies
from lab.layers.vendored_manifests import list_targets
from lab.preflight.findings import Finding, error, warning

TIMEOUT = 2
"""Seconds for a repository to answer."""
SHOWN = 5
"""The number of links that a warning names."""


def check_manifests(context: RunContext) -> Iterator[Finding]:
    """Check the manifests that a run is to install or to compare with, before anything is changed.

    Args:
        context: The context of the run.

    Yields:
        An error if they cannot be used, a warning about what is not copied or could not be checked.
    """
    given = context.settings.manifests
    if not given:
        return
    location = parse_location(given)
    if isinstance(location, GitRepository):
        yield from _check_repository(location, context)
    elif is_archive(location):
        yield from _check_archive(location, context)
    else:
        yield from _check_directory(location, context)


def _check_archive(archive: Path, context: RunContext) -> Iterator[Finding]:
    try:
        directory = unpack_once(archive, context.paths.cache)
    except LabError as problem:
        yield Finding("error", problem)
    else:
        yield from _check_directory(directory, context)


def _check_directory(directory: Path, context: RunContext) -> Iterator[Finding]:
    check_is_outside(directory, context.paths.home / "manifests")
    files, links = list_files(directory)
    if not any(f"{TARGET}/{name}" in files for name in NAMES):
        yield Finding("error", _describe_layout(directory))
    else:
        yield from _check_remote_bases(directory, context)
    if links:
        more = f", and {len(links) - SHOWN} more" if len(links) > SHOWN else ""
        yield warning(
            "symbolic links of the manifests lead nowhere, and are not copied",
            seen=", ".join(links[:SHOWN]) + more,
            remedy=f"if kustomize needs them, restore what they link to: `find {directory} -xtype l`",
        )


def _describe_layout(directory: Path) -> LabError:
    """Return the error about a directory of another layout; the manifests may be in a directory of it."""
    inside = next((path for path in sorted(directory.iterdir()) if find_kustomization(path / TARGET)), None)
    clone = "give the directory of a clone of Kubeflow's manifests: `git clone https://github.com/kubeflow/manifests`"
    remedy = f"give the directory of the manifests in it: --manifests={inside}" if inside else clone
    return describe_unknown_layout(f"the directory {directory}", directory, remedy)


def _check_remote_bases(directory: Path, context: RunContext) -> Iterator[Finding]:
    if bases := context.settings.remote_bases:
        try:
            check_copies(directory, bases, list_targets(context))
        except LabError as problem:
            yield Finding("error", problem)


def _check_repository(repository: GitRepository, context: RunContext) -> Iterator[Finding]:
    """Check branch or tag. A repository that does not answer here may still be reachable from the lab's network."""
    ref = repository.ref or DEFAULT_REF
    try:
        result = list_refs(context.create_shell(), repository.url, *list_ref_patterns(ref), timeout=TIMEOUT)
    except LabError as problem:
        yield Finding("warning", problem)
        return
    if result.exit_status:
        report = error if repository.url.startswith("file://") else warning
        yield report(
            f"the repository of the manifests cannot be read: {repository.url}",
            seen=result.last_lines,
            remedy=f"check that `git ls-remote {repository.url}` works, or use other manifests with --manifests",
        )
        return
    try:
        commit = find_commit(ref, result.output)
    except LabError as problem:
        yield Finding("error", problem)
        return
    if commit is None and not COMMIT.fullmatch(ref):
        yield error(
            f"the repository of the manifests has no branch or tag {ref}",
            expected=f"a branch, a tag or a commit of {repository.url}",
            seen="none of this name",
            remedy=f"choose one of those that `git ls-remote --heads --tags {repository.url}` lists",
        )
