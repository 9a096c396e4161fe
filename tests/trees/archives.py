"""The archives of upstream's manifests that the checks of this package use, as a directory or a file that is given."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from lab import releases
from lab.config.locations import is_archive
from lab.k8s.documents import parse_documents
from lab.k8s.kubectl_apply import build_manifests
from lab.k8s.objects import Object
from lab.layers.kustomization_files import TARGET
from lab.releases import Release
from lab.run.shell import Shell

VARIABLE = "KUBEFLOW_MANIFEST_ARCHIVES"
"""The environment variable with the path of a directory of archives, or of one archive."""
REMOTE_BASES = "remote-bases"
"""The beginning of the name of the archive with copies of remote bases, next to those of manifests."""
NAME = re.compile(r"(?P<version>v?\d[\w.-]*?)\.(?:tar|tgz|txz)")


def list_archives() -> list[Path]:
    """Return the given archives of manifests; none if the variable is not set."""
    given = os.environ.get(VARIABLE)
    if not given:
        return []
    path = Path(given)
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    return [file.absolute() for file in files if is_archive(file) and not file.name.startswith(REMOTE_BASES)]


ARCHIVES = list_archives()
"""Read during the import, before a test has an environment of its own."""


def find_release(archive: Path) -> Release | None:
    """Return the release whose version is in the name of an archive; None if lab/releases does not have it."""
    found = NAME.search(archive.name)
    version = found["version"].removeprefix("v") if found else ""
    return next((release for release in map(releases.load, releases.list_names()) if release.kubeflow == version), None)


KNOWN = [archive for archive in ARCHIVES if find_release(archive)]
"""The archives of releases in lab/releases."""


def name_archive(archive: Path) -> str:
    """Return the name of an archive without its suffix, for the names of tests."""
    return archive.name.partition(".t")[0]


def describe() -> str:
    """Return which trees are checked, for the header of a test run."""
    if not ARCHIVES:
        return f"trees: deselected, because {VARIABLE} names no archives: `make trees DATA=DIRECTORY` runs their tests"
    unknown = [archive.name for archive in ARCHIVES if not find_release(archive)]
    suffix = (
        f"; of no version in lab/releases, so that only general tests apply: {', '.join(unknown)}" if unknown else ""
    )
    return f"trees: {len(ARCHIVES)} archives{suffix}"


@dataclass(frozen=True)
class Tree:
    """An unpacked tree, with copies in the place of remote bases.

    Args:
        directory: Its directory.
        shell: Runs kustomize.
        replaced: The URLs of remote bases that were replaced.
        release: The release; None if lab/releases does not have it.
    """

    directory: Path
    shell: Shell
    replaced: tuple[str, ...]
    release: Release | None

    def build(self, directory: str) -> tuple[Object, ...]:
        """Return the objects of a directory."""
        return parse_documents(build_manifests(self.shell, self.directory, directory))

    @cached_property
    def objects(self) -> tuple[Object, ...]:
        """The objects of the whole tree."""
        return self.build(TARGET)
