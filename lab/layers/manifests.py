"""Kubeflow's manifests: a clone of the release's commit, or another tree of the same layout that the user provides."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from lab.config.locations import GitRepository, is_archive, parse_location
from lab.context import Lab
from lab.errors import LabError
from lab.layers.base import Layer
from lab.layers.git_hosts import ANSWER_TIMEOUT, ENVIRONMENT, list_refs
from lab.layers.manifest_archives import unpack_once

GIT = ".git"
DEFAULT_REF = "HEAD"
COMMIT = re.compile("[0-9a-f]{7,40}")
"""Matches a commit, which may be abbreviated."""
EXECUTABLE = 0o111
"""The permission to run a file, as bits of its mode."""


class Manifests(Layer, Protocol):
    """A tree of manifests in the lab's own directory, where scenarios may change it.

    Attributes:
        directory: The directory of the tree.
    """

    directory: Path

    def get_unchanged_commit(self) -> str:
        """Return the commit of the tree; empty if it has local changes, or comes from no Git repository."""

    def list_branches(self) -> list[str]:
        """Return the branches that contain the commit of the tree; none if it comes from no Git repository."""


def for_lab(lab: Lab) -> Manifests:
    """Return the manifests as they are given: those of --manifests, or the pinned commit of the release.

    Args:
        lab: The lab. Its source may have a directory with them.
    """
    given, pinned, cloned = lab.settings.manifests, lab.source.manifests, lab.source.manifests_directory
    if not given:
        return Clone(lab, str(cloned or pinned.repository), pinned.branch, pinned.commit)
    if cloned:
        return Copy(lab, cloned)
    location = parse_location(given)
    if isinstance(location, GitRepository):
        return Clone(lab, location.url, location.ref or DEFAULT_REF)
    return Copy(lab, unpack_once(location, lab.paths.cache) if is_archive(location) else location)


def list_ref_patterns(ref: str) -> tuple[str, ...]:
    """Return the arguments by which `git ls-remote` lists a branch or a tag, and the commit of an annotated tag.

    The name alone would also match all branches that end with it, such as feature/v1.7-branch.
    """
    if ref == DEFAULT_REF:
        return (ref,)
    if ref.startswith("refs/"):
        return ref, f"{ref}^{{}}"
    return f"refs/heads/{ref}", f"refs/tags/{ref}", f"refs/tags/{ref}^{{}}"


def find_commit(ref: str, listing: str) -> str | None:
    """Return the commit of a branch or tag; None if there is neither.

    Args:
        ref: The name of the branch or tag, or its full name such as refs/tags/v1.7.0.
        listing: The output of `git ls-remote` for the patterns of list_ref_patterns.

    Raises:
        LabError: If a branch and a tag have this name, and are at different commits.
    """
    lines = [line.split("\t", 1) for line in listing.splitlines() if "\t" in line]
    commits = {name: commit for commit, name in lines}
    if ref == DEFAULT_REF or ref.startswith("refs/"):
        return commits.get(f"{ref}^{{}}") or commits.get(ref)
    branch, tag = f"refs/heads/{ref}", f"refs/tags/{ref}"
    of_branch, of_tag = commits.get(branch), commits.get(f"{tag}^{{}}") or commits.get(tag)
    if of_branch and of_tag and of_branch != of_tag:
        raise LabError(
            f"the name {ref} is ambiguous in the repository of the manifests",
            expected="a branch or a tag of this name",
            seen=f"both: the branch at {of_branch}, the tag at {of_tag}",
            remedy=f"use --manifests with ?ref={branch} or ?ref={tag}",
        )
    return of_branch or of_tag


class Clone:
    """A clone of a Git repository.

    Args:
        lab: The lab.
        repository: The URL of the repository.
        ref: The branch, tag or commit to check out.
        commit: The commit of it to reset to; None for the newest one.
        answer_timeout: Seconds for the Git host to answer.
    """

    name = "manifests"

    def __init__(
        self, lab: Lab, repository: str, ref: str, commit: str | None = None, answer_timeout: float = ANSWER_TIMEOUT
    ) -> None:
        self.directory, self._answer_timeout = lab.home / "manifests", answer_timeout
        self._shell, self._repository, self._ref, self._commit = lab.shell, repository, ref, commit

    def problem(self) -> str | None:
        """Return why the clone is missing, incomplete, of another repository or commit, or changed; or None."""
        if not (self.directory / GIT).is_dir():
            return "there is no clone of the manifests"
        if self._lock.exists():
            return "the clone is incomplete: an interrupted run has left the lock of Git"
        if (origin := self._git("remote", "get-url", "origin")) != self._repository:
            return f"the clone is of another repository: {origin}"
        commit, required = self.get_commit(), self._get_required_commit()
        if commit != required:
            return f"the clone is at commit {commit}, and not at {required}"
        changes = self._git("status", "--porcelain")
        return f"the clone has local changes: {changes.splitlines()[0]}" if changes else None

    def install(self) -> None:
        """Clone the repository, as the tutorial does, and check out the required commit without local changes.

        Raises:
            LabError: If the repository cannot be reached, or lacks branch or commit.
        """
        self._lock.unlink(missing_ok=True)
        if not (self.directory / GIT).is_dir() or self._git("remote", "get-url", "origin") != self._repository:
            unfinished = self.directory.with_name(f"{self.directory.name}.unfinished")
            for old in (unfinished, self.directory):
                shutil.rmtree(old, ignore_errors=True)
            list_refs(self._shell, self._repository, "HEAD", timeout=self._answer_timeout)
            self._shell.run(
                "git",
                "clone",
                "--quiet",
                self._repository,
                unfinished,
                remedy=f"check that {self._repository} can be reached, or use other manifests with --manifests",
            )
            unfinished.rename(self.directory)
        required = self._get_required_commit()
        if self.get_commit() != required:
            self._git("fetch", "--quiet", "--tags", "--force", "origin")
        is_full_name = self._ref.startswith("refs/")  # a full name of the remote repository is none of the clone
        self._git("checkout", "--quiet", "--force", *(("--detach", required) if is_full_name else (self._ref,)))
        self._git("reset", "--quiet", "--hard", required)
        self._git("clean", "--quiet", "--force", "-d")

    def get_commit(self) -> str:
        """Return the commit that is checked out."""
        return self._git("rev-parse", "HEAD")

    def get_unchanged_commit(self) -> str:
        """Return the commit that is checked out; empty if there are local changes."""
        return "" if self._git("status", "--porcelain") else self.get_commit()

    def list_branches(self) -> list[str]:
        """Return the branches that contain the commit that is checked out."""
        return self._git("branch", "--format=%(refname:short)", "--contains", "HEAD").split()

    @property
    def _lock(self) -> Path:
        """Git's own lock, which a killed Git leaves; another Git does not run while it exists."""
        return self.directory / GIT / "index.lock"

    def _get_required_commit(self) -> str:
        if self._commit:
            return self._commit
        patterns = list_ref_patterns(self._ref)
        result = list_refs(self._shell, self._repository, *patterns, timeout=self._answer_timeout)
        if result.exit_status:
            raise self._shell.describe_failure(result, self._remedy)
        if commit := find_commit(self._ref, result.output):
            return commit
        # ls-remote does not list a commit, which may be abbreviated, and is known if it was fetched before.
        known = f"{self._ref}^{{commit}}"
        if COMMIT.fullmatch(self._ref):
            return self._git("rev-parse", "--verify", "--quiet", known, must_succeed=False) or self._ref
        return self._ref

    @property
    def _remedy(self) -> str:
        required = f"the branch, tag or commit {self._ref}" + (
            f" and the commit {self._commit}" if self._commit else ""
        )
        return f"check that the repository {self._repository} can be reached, and has {required}"

    def _git(self, *arguments: str, must_succeed: bool = True) -> str:
        shell = replace(self._shell.with_environment(**ENVIRONMENT), directory=self.directory)
        return shell.run("git", *arguments, remedy=self._remedy, allow_failure=not must_succeed).output.strip()


class Copy:
    """A copy of a directory of the user's, which stays as it is.

    Symbolic links are followed, so that a scenario that changes a file never changes the user's. Links that lead
    nowhere, or to a directory that contains them, are not copied.

    Args:
        lab: The lab.
        original: The directory of the user.
    """

    name = "manifests"

    def __init__(self, lab: Lab, original: Path) -> None:
        self.directory, self._original = lab.home / "manifests", original

    def problem(self) -> str | None:
        """Return that there is no copy, or the first file in which it differs from the original; or None.

        Raises:
            LabError: If the original cannot be read, or is the copy itself.
        """
        check_is_outside(self._original, self.directory)
        if (self.directory / GIT).exists():
            return f"there is no copy of {self._original}"
        return find_difference(self._original, self.directory, str(self._original))

    def install(self) -> None:
        """Copy the directory, and replace an earlier copy or clone.

        Raises:
            LabError: If the original cannot be read.
        """
        copy_files(self._original, self.directory)

    def get_unchanged_commit(self) -> str:
        """Return an empty text: a copy has no commit."""
        return ""

    def list_branches(self) -> list[str]:
        """Return an empty list: a copy has no commit."""
        return []


def copy_files(original: Path, copy: Path) -> None:
    """Copy the files of a directory, without those of Git, and replace an earlier copy.

    Links are followed, so that a change of the copy never changes the original.

    Args:
        original: The directory, which may be read-only.
        copy: The copy.

    Raises:
        LabError: If a file cannot be read.
    """
    files = _read_files(original)  # before the earlier copy is removed
    shutil.rmtree(copy, ignore_errors=True)
    for name, content in files.items():
        file = copy / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        file.chmod(file.stat().st_mode | ((original / name).stat().st_mode & EXECUTABLE))


def find_difference(original: Path, copy: Path, title: str) -> str | None:
    """Return that there is no copy of a directory, or the first file in which it differs; None if it is the same.

    Args:
        original: The directory.
        copy: The copy, which need not exist.
        title: The text that names the original.

    Raises:
        LabError: If a file cannot be read.
    """
    expected, seen = _read_files(original), _read_files(copy) if copy.is_dir() else {}
    if not seen:
        return f"there is no copy of {title}"
    differing = sorted(name for name in expected.keys() | seen.keys() if expected.get(name) != seen.get(name))
    return f"the copy differs from {title} in {differing[0]}" if differing else None


def check_is_outside(original: Path, copy: Path) -> None:
    """Check that a directory of the user's is not the lab's own copy, and that neither contains the other.

    Raises:
        LabError: If it is, or one contains the other: it would be removed before it is copied.
    """
    real, real_copy = original.resolve(), copy.resolve()
    if real == real_copy or real in real_copy.parents or real_copy in real.parents:
        raise LabError(
            "the directory of the manifests overlaps the lab's own copy of them; nothing was changed",
            expected=f"a directory that neither is in {copy}, nor contains it",
            seen=str(original),
            remedy=f"copy the manifests first: `cp -r {original} /tmp/manifests`, or leave out --manifests",
        )


def list_files(directory: Path) -> tuple[list[str], list[str]]:
    """Return the relative paths of all files of a directory, without those of Git, and of links that lead nowhere.

    Links are followed. A link to a directory that contains the link counts as one that leads nowhere.

    Args:
        directory: The directory.

    Returns:
        The files, and the links, each in the order of their names.

    Raises:
        LabError: If a directory cannot be read.
    """
    files: list[str] = []
    links: list[str] = []
    try:
        for name, is_file in _walk(directory, "", frozenset()):
            (files if is_file else links).append(name)
    except OSError as error:
        raise _cannot_read(error) from None
    return files, links


def _walk(directory: Path, prefix: str, ancestors: frozenset[str]) -> Iterator[tuple[str, bool]]:
    """Yield the relative path of each file, and of each link that leads nowhere, and whether it is a file."""
    inside = ancestors | {os.path.realpath(directory)}
    with os.scandir(directory) as entries:
        by_name = sorted(entries, key=lambda entry: entry.name)
    for entry in by_name:
        path, name = directory / entry.name, f"{prefix}{entry.name}"
        if entry.name == GIT:
            continue
        if path.is_dir():
            if entry.is_symlink() and os.path.realpath(path) in inside:
                yield name, False
            else:
                yield from _walk(path, f"{name}/", inside)
        elif path.is_file():
            yield name, True
        elif entry.is_symlink():
            yield name, False


def _read_files(directory: Path) -> dict[str, bytes]:
    """Return the content of all files of a directory, without those of Git, by relative path.

    Raises:
        LabError: If a file cannot be read.
    """
    files, _ = list_files(directory)
    try:
        return {name: (directory / name).read_bytes() for name in files}
    except OSError as error:
        raise _cannot_read(error) from None


def _cannot_read(error: OSError) -> LabError:
    return LabError(
        "the manifests cannot be read; nothing was changed",
        seen=f"{error.filename}: {error.strerror}" if error.filename else str(error),
        remedy="make the files readable for this user, or use other manifests with --manifests",
    )
