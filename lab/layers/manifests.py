"""Kubeflow's manifests: a clone of the release's commit, or another tree of the same layout that the user provides."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from lab.context import Lab
from lab.layers.base import Layer

REF = "?ref="
"""Separates the URL of a repository from a branch, tag or commit of it, as in kustomize's URLs."""
GIT = ".git"


class Manifests(Layer, Protocol):
    """A tree of manifests in the lab's own directory, where scenarios may change it.

    Attributes:
        directory: The directory of the tree.
    """

    directory: Path


def for_lab(lab: Lab) -> Manifests:
    """Return the manifests that Kubeflow is installed from: those of --manifests, or the pinned commit of the release.

    Args:
        lab: The lab.
    """
    given, pinned = lab.settings.manifests, lab.source.manifests
    if not given:
        return Clone(lab, pinned.repository, pinned.branch, pinned.commit)
    if "://" in given:
        repository, _, ref = given.partition(REF)
        return Clone(lab, repository, ref or "HEAD")
    return Copy(lab, Path(given))


class Clone:
    """A clone of a Git repository.

    Args:
        lab: The lab.
        repository: The URL of the repository.
        ref: The branch, tag or commit to check out.
        commit: The commit of it to reset to; None for the newest one.
    """

    name = "manifests"

    def __init__(self, lab: Lab, repository: str, ref: str, commit: str | None = None) -> None:
        self.directory = lab.home / "manifests"
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
        self._git("checkout", "--quiet", "--force", self._ref)
        self._git("reset", "--quiet", "--hard", required)
        self._git("clean", "--quiet", "--force", "-d")

    def get_commit(self) -> str:
        """Return the commit that is checked out."""
        return self._git("rev-parse", "HEAD")

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
        refs = self._git("ls-remote", "origin", self._ref, f"{self._ref}^{{}}")  # the second: the commit of a tag
        return refs.split()[-2] if refs else self._ref  # ls-remote does not list a commit

    def _git(self, *arguments: str) -> str:
        required = f"the branch, tag or commit {self._ref}" + (
            f" and the commit {self._commit}" if self._commit else ""
        )
        remedy = f"check that the repository {self._repository} can be reached, and has {required}"
        shell = replace(self._shell, directory=self.directory)
        return shell.run("git", *arguments, remedy=remedy).output.strip()


class Copy:
    """A copy of a directory of the user's, which stays as it is.

    Args:
        lab: The lab.
        original: The directory of the user.
    """

    name = "manifests"

    def __init__(self, lab: Lab, original: Path) -> None:
        self.directory, self._original = lab.home / "manifests", original

    def problem(self) -> str | None:
        """Return that there is no copy, or the first file in which it differs from the original; or None."""
        original, copy = _read_files(self._original), _read_files(self.directory)
        if not copy or (self.directory / GIT).exists():
            return f"there is no copy of {self._original}"
        differing = sorted(name for name in original.keys() | copy.keys() if original.get(name) != copy.get(name))
        return f"the copy differs from {self._original} in {differing[0]}" if differing else None

    def install(self) -> None:
        """Copy the directory, and replace an earlier copy or clone."""
        shutil.rmtree(self.directory, ignore_errors=True)
        shutil.copytree(self._original, self.directory, ignore=shutil.ignore_patterns(GIT))


def _read_files(directory: Path) -> dict[str, bytes]:
    """Return the content of all files of a directory, without those of Git, by relative path."""
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file() and GIT not in path.relative_to(directory).parts
    }
