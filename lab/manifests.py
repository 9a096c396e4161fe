"""Kubeflow's manifests: a clone of the release's commit, or another tree of the same layout that a person gives."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Protocol

from lab.layers import Layer
from lab.site import Site
from lab.terminal import Terminal

REF = "?ref="
"""What stands between a repository's URL and a branch, tag or commit of it, as in kustomize's URLs."""
GIT = ".git"


class Manifests(Layer, Protocol):
    """A tree of manifests in the lab's own folder, where scenarios may change it."""

    folder: Path


def of(site: Site) -> Manifests:
    """What Kubeflow is installed from: what --manifests names, or else the commit that the release pins."""
    given, pinned = site.settings.manifests, site.source.manifests
    if not given:
        return Clone(site, pinned.repository, pinned.branch, pinned.commit)
    if "://" in given:
        repository, _, ref = given.partition(REF)
        return Clone(site, repository, ref or "HEAD")
    return Copy(site, Path(given))


class Clone:
    """A clone of a Git repository.

    Arguments:
        repository: its URL.
        ref: the branch, tag or commit that is checked out.
        commit: the state of it that is wanted; the newest where None.
    """

    name = "manifests"

    def __init__(self, site: Site, repository: str, ref: str, commit: str | None = None) -> None:
        self.folder = site.home / "manifests"
        self._terminal, self._repository, self._ref, self._commit = site.terminal, repository, ref, commit

    def wrong(self) -> str | None:
        """That the clone is missing, or of another repository, or at another commit, or changed; else None."""
        if not (self.folder / GIT).is_dir():
            return "no clone of the manifests"
        if self._lock.exists():
            return "an interrupted run has left the clone half-made"
        if (origin := self._git("remote", "get-url", "origin")) != self._repository:
            return f"the clone is of {origin}"
        if self.commit() != self._wanted():
            return f"the clone is at commit {self.commit()}"
        changed = self._git("status", "--porcelain")
        return f"the clone is changed: {changed.splitlines()[0]}" if changed else None

    def install(self) -> None:
        """Clones the repository, as the tutorial does, and checks out what is wanted.

        Raises LabError when the repository cannot be reached, or lacks branch or commit.
        """
        self._lock.unlink(missing_ok=True)
        if not (self.folder / GIT).is_dir() or self._git("remote", "get-url", "origin") != self._repository:
            unfinished = self.folder.with_name(f"{self.folder.name}.unfinished")
            for old in (unfinished, self.folder):
                shutil.rmtree(old, ignore_errors=True)
            self._terminal.run(
                *("git", "clone", "--quiet", self._repository, unfinished),
                remedy=f"see that {self._repository} can be reached, or name other manifests with --manifests",
            )
            unfinished.rename(self.folder)
        wanted = self._wanted()
        if self.commit() != wanted:
            self._git("fetch", "--quiet", "--tags", "--force", "origin")
        self._git("checkout", "--quiet", "--force", self._ref)
        self._git("reset", "--quiet", "--hard", wanted)
        self._git("clean", "--quiet", "--force", "-d")

    def commit(self) -> str:
        """The commit that is checked out."""
        return self._git("rev-parse", "HEAD")

    def branches(self) -> list[str]:
        """The branches that contain the commit that is checked out."""
        return self._git("branch", "--format=%(refname:short)", "--contains", "HEAD").split()

    @property
    def _lock(self) -> Path:
        """Git's own, which one that was killed leaves, and the next one refuses to work beside."""
        return self.folder / GIT / "index.lock"

    def _wanted(self) -> str:
        if self._commit:
            return self._commit
        listed = self._git("ls-remote", "origin", self._ref, f"{self._ref}^{{}}")  # the second: what a tag points to
        return listed.split()[-2] if listed else self._ref  # a commit is not listed

    def _git(self, *arguments: str) -> str:
        terminal = Terminal(self._terminal.environment, self.folder)
        wanted = f"the branch, tag or commit {self._ref}" + (f" and the commit {self._commit}" if self._commit else "")
        return terminal.run(
            "git", *arguments, remedy=f"the repository {self._repository} must be reachable, and have {wanted}"
        ).output.strip()


class Copy:
    """A copy of a folder: what is the person's own stays as it is.

    Arguments:
        original: the folder.
    """

    name = "manifests"

    def __init__(self, site: Site, original: Path) -> None:
        self.folder, self._original = site.home / "manifests", original

    def wrong(self) -> str | None:
        """That there is no copy, or one that differs from the folder, and where; None when it is right."""
        original, copy = _files(self._original), _files(self.folder)
        if not copy or (self.folder / GIT).exists():
            return f"no copy of {self._original}"
        differing = sorted(name for name in original.keys() | copy.keys() if original.get(name) != copy.get(name))
        return f"the copy differs from {self._original} in {differing[0]}" if differing else None

    def install(self) -> None:
        """Copies the folder anew."""
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(self._original, self.folder, ignore=shutil.ignore_patterns(GIT))


def _files(folder: Path) -> dict[str, bytes]:
    """The content of all files of a folder but Git's own, by path."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and GIT not in path.relative_to(folder).parts
    }
