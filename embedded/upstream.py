"""Upstream's manifests for the releases whose manifests the kit does not contain, cloned before a lab is entered.

A lab's network does not lead to the internet, so its programs cannot clone anything.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from lab.config.locations import GitRepository, is_archive, parse_location
from lab.context import RunContext
from lab.errors import LabError
from lab.layers.git_hosts import ANSWER_TIMEOUT, ENVIRONMENT, list_refs
from lab.layers.manifest_archives import unpack_once

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
    directory = context.paths.cache / DIRECTORY / pinned.commit
    if directory.is_dir():
        return directory
    unfinished = directory.with_name(f"{directory.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.parent.mkdir(parents=True, exist_ok=True)
    shell = context.create_shell(ENVIRONMENT)
    list_refs(shell, pinned.repository, "HEAD", timeout=answer_timeout)
    try:
        with context.progress.stage(f"cloning {pinned.repository} at {pinned.commit[:12]}"):
            shell.run("git", "clone", "--quiet", "--no-checkout", pinned.repository, unfinished, timeout=TIMEOUT)
            replace(shell, directory=unfinished).run("git", "checkout", "--quiet", "--detach", pinned.commit)
    except LabError as error:
        raise LabError(
            f"the manifests of Kubeflow {context.settings.release} cannot be cloned",
            expected=f"{pinned.repository} with the commit {pinned.commit}",
            seen=error.seen or error.headline,
            remedy="give the manifests as a directory or an archive: --manifests=DIRECTORY or --manifests=FILE.tar.xz",
        ) from None
    unfinished.rename(directory)
    return directory


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
