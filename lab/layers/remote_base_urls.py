"""The URLs by which manifests refer to directories and files that kustomize downloads."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import parse_qs

GITHUB, GITHUB_FILES = "github.com", "raw.githubusercontent.com"
REMOTE = re.compile(r"^(?:git::)?(?:https?://|ssh://|git@|(?:www\.)?github\.com[/:])|[^:]//|\?ref=")
"""Matches what kustomize downloads: a URL, or a short form of one."""
ADDRESS = re.compile(
    r"^(?:git::)?(?:(?:https?|ssh)://)?(?:git@)?(?P<host>[^/:]+)[/:]+(?P<path>[^?]*)(?:\?(?P<query>.*))?$"
)
RELEASE_FILE = re.compile(r"^(?P<owner>[^/]+)/(?P<name>[^/]+)/releases/download/(?P<ref>[^/]+)/(?P<path>.+)$")
RAW_FILE = re.compile(r"^(?P<owner>[^/]+)/(?P<name>[^/]+)/(?P<ref>[^/]+)/(?P<path>.+)$")
DIRECTORY = re.compile(r"^(?P<owner>[^/]+)/(?P<name>[^/]+?)(?:\.git)?(?:/+(?P<path>.*))?$")


@dataclass(frozen=True)
class Origin:
    """The place that a URL refers to.

    Args:
        path: The directory or the file in the repository, the file of a release, or the path at a host that is no
            repository's.
        repository: The Git repository, as in github.com/OWNER/NAME; empty if the URL is of another file.
        ref: The branch, tag or commit; empty for the default branch.
        is_release_file: True for a file of a release, which the repository itself does not contain.
    """

    path: PurePosixPath
    repository: str = ""
    ref: str = ""
    is_release_file: bool = False

    @property
    def copy_name(self) -> str:
        """The name of the directory with a copy of the repository at this ref: REPOSITORY-REF."""
        name = self.repository.rpartition("/")[2]
        return "-".join(filter(None, (name, self.ref.replace("/", "-"))))

    @property
    def location(self) -> PurePosixPath:
        """The path of the copy in a directory of copies."""
        return PurePosixPath(self.copy_name) / self.path


def is_remote(reference: str) -> bool:
    """Return whether kustomize downloads what a kustomization refers to, unless there is such a file."""
    return bool(REMOTE.search(reference))


def parse_url(url: str) -> Origin:
    """Return the place that a URL refers to.

    Args:
        url: The URL of a directory of a Git repository, of a file of a release, or of another file, in any form that
            kustomize accepts.
    """
    address = ADDRESS.match(url)
    if not address:
        return Origin(PurePosixPath(url))
    host, path = address["host"], address["path"].strip("/")
    if address["query"] is None:
        is_raw = host == GITHUB_FILES
        if found := (RAW_FILE if is_raw else RELEASE_FILE).match(path):
            repository = f"{GITHUB if is_raw else host}/{found['owner']}/{found['name']}"
            return Origin(PurePosixPath(found["path"]), repository, found["ref"], is_release_file=not is_raw)
        if host != GITHUB:
            return Origin(PurePosixPath(host, path))
    found = DIRECTORY.match(path)
    if not found:
        return Origin(PurePosixPath(host, path))
    query = parse_qs(address["query"] or "")
    ref = next((query[name][0] for name in ("ref", "version") if name in query), "")
    return Origin(PurePosixPath(found["path"] or "."), f"{host}/{found['owner']}/{found['name']}", ref)
