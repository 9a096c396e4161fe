"""Manifests of which the remote bases are replaced by copies, so that kustomize builds them without a network."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from lab.context import Lab, RunContext
from lab.layers import manifests
from lab.layers.kustomization_files import TARGET
from lab.layers.manifests import Manifests, copy_files, find_difference
from lab.layers.remote_bases import replace_remote_bases

DIRECTORY = "manifests-vendored"


def select_manifests(lab: Lab) -> Manifests:
    """Return the manifests that Kubeflow is installed from, with copies of their remote bases if there are some.

    Without copies, kustomize downloads the remote bases.

    Args:
        lab: The lab.
    """
    original = manifests.for_lab(lab)
    bases = lab.settings.remote_bases or lab.source.remote_bases
    return VendoredManifests(lab, original, bases) if bases else original


def list_targets(context: RunContext) -> Sequence[str]:
    """Return the directories of the manifests that a run builds and applies.

    Args:
        context: The context of the run.
    """
    parts = context.release.parts if context.settings.install == "multi" else ()
    return tuple(dict.fromkeys((TARGET, *(directory for part in parts for directory in part.directories))))


class VendoredManifests:
    """A copy of other manifests, with copies in the place of their remote bases. The others stay as they are.

    Args:
        lab: The lab.
        original: The manifests.
        bases: A directory with copies of their remote bases, or an archive of one.
    """

    name = "manifests"

    def __init__(self, lab: Lab, original: Manifests, bases: Path) -> None:
        self.directory = lab.home / DIRECTORY
        self._lab, self._original, self._bases = lab, original, bases

    def problem(self) -> str | None:
        """Return why the original manifests are not as required, or in which file the copy differs; or None.

        Raises:
            LabError: If a remote base has no copy.
        """
        if problem := self._original.problem():
            return problem
        expected = self._vendor()
        try:
            return find_difference(expected, self.directory, "the manifests with copies of their remote bases")
        finally:
            shutil.rmtree(expected)

    def install(self) -> None:
        """Install the original manifests, copy them, and replace the remote bases; each replacement is noted.

        Raises:
            LabError: If the original manifests cannot be installed, or a remote base has no copy.
        """
        if self._original.problem():
            self._original.install()
        vendored = self._vendor()
        shutil.rmtree(self.directory, ignore_errors=True)
        vendored.rename(self.directory)

    def get_unchanged_commit(self) -> str:
        """Return an empty text: no commit has the copies."""
        return ""

    def list_branches(self) -> list[str]:
        """Return the branches that contain the commit of the original manifests."""
        return self._original.list_branches()

    def _vendor(self) -> Path:
        """Return a new directory with the manifests and copies of their remote bases."""
        unfinished = self.directory.with_name(f"{DIRECTORY}.unfinished")
        copy_files(self._original.directory, unfinished)
        replaced = replace_remote_bases(unfinished, self._bases, list_targets(self._lab))
        for url, location in replaced.items():
            self._lab.progress.note(f"the manifests refer to {url}, which is replaced by {self._bases / location}")
        return unfinished
