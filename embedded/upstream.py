"""The manifests that the kit does not contain, upstream's or those of a URL, cloned before a lab is entered.

A lab's network does not lead to the internet, so its programs cannot clone anything.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from lab.config.entry_points import hide_credentials
from lab.config.locations import GitRepository, is_archive, parse_location
from lab.context import RunContext
from lab.errors import LabError
from lab.layers.git_hosts import ANSWER_TIMEOUT, ENVIRONMENT, list_refs
from lab.layers.manifest_archives import unpack_once
from lab.layers.manifests import COMMIT, DEFAULT_REF, find_commit, list_ref_patterns

DIRECTORY = "manifests"
TIMEOUT = 300
"""Seconds for a clone, which takes less than a minute."""


def clone_manifests(context: RunContext, answer_timeout: float = ANSWER_TIMEOUT) -> Path:
    """Return the directory of the release's manifests at the pinned commit, after cloning them if necessary.

    Args:
        context: The context of the run.
        answer_timeout: Seconds for the Git host to answer.

    Raises:
        LabError: If the repository cannot be cloned, does not answer, or does not have the commit.
    """
    pinned = context.release.manifests
    return _clone(context, pinned.repository, pinned.commit, answer_timeout)


def clone_given_manifests(
    context: RunContext, repository: GitRepository, answer_timeout: float = ANSWER_TIMEOUT
) -> Path:
    """Return the directory of manifests that a user gives by the URL of a repository, after cloning them if necessary.

    Args:
        context: The context of the run.
        repository: The repository and the ref.
        answer_timeout: Seconds for the Git host to answer.

    Raises:
        LabError: If the repository cannot be read or cloned, does not answer, or does not have the ref.
    """
    ref, url = repository.ref or DEFAULT_REF, repository.url
    result = list_refs(context.create_shell(), url, *list_ref_patterns(ref), timeout=answer_timeout)
    commit = find_commit(ref, result.output) or (ref if COMMIT.fullmatch(ref) else None)
    if result.exit_status or commit is None:
        raise _cannot_clone(url, ref, result.last_lines if result.exit_status else f"no branch or tag {ref}")
    return _clone(context, url, commit, answer_timeout)


def clone_tree(context: RunContext) -> Path:
    """Return the directory of the manifests of a run that are not on this machine, after cloning them if necessary.

    Raises:
        LabError: If they cannot be cloned.
    """
    given = parse_location(context.settings.manifests) if context.settings.manifests else None
    return clone_given_manifests(context, given) if isinstance(given, GitRepository) else clone_manifests(context)


def _clone(context: RunContext, repository: str, commit: str, answer_timeout: float) -> Path:
    directory = context.paths.cache / DIRECTORY / commit
    if directory.is_dir():
        return directory
    unfinished = directory.with_name(f"{directory.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.parent.mkdir(parents=True, exist_ok=True)
    shell = context.create_shell(ENVIRONMENT)
    list_refs(shell, repository, "HEAD", timeout=answer_timeout)
    try:
        with context.progress.stage(f"cloning {hide_credentials(repository)} at {commit[:12]}"):
            shell.run("git", "clone", "--quiet", "--no-checkout", repository, unfinished, timeout=TIMEOUT)
            git = replace(shell, directory=unfinished)
            git.run("git", "checkout", "--quiet", "--detach", commit)
            # A clone of this clone has only its own branches, and not those of the repository.
            git.run("git", "fetch", "--quiet", ".", "refs/remotes/origin/*:refs/heads/*")
    except LabError as error:
        raise _cannot_clone(repository, commit, error.seen or error.headline) from None
    unfinished.rename(directory)
    return directory


def _cannot_clone(repository: str, ref: str, seen: str) -> LabError:
    return LabError(
        "the manifests of Kubeflow cannot be cloned; nothing was changed",
        expected=f"{hide_credentials(repository)} with {ref}",
        seen=seen,
        remedy="give the manifests as a directory or an archive: --manifests=DIRECTORY or --manifests=FILE.tar.xz",
    )


def find_tree(context: RunContext) -> Path | None:
    """Return the directory of the manifests of a run, if this machine has it already.

    Args:
        context: The context of the run. An archive is unpacked into the cache.

    Raises:
        LabError: If the archive cannot be unpacked.
    """
    if not context.settings.manifests:
        cloned = context.paths.cache / DIRECTORY / context.release.manifests.commit
        return cloned if cloned.is_dir() else None
    location = parse_location(context.settings.manifests)
    if isinstance(location, GitRepository):
        return None
    return unpack_once(location, context.paths.cache) if is_archive(location) else location
