"""The history of Kubernetes' own API versions, and the kinds of manifests that a version of Kubernetes lacks."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

from packaging.version import Version

from lab.k8s.objects import Object

TABLE = Path(__file__).with_name("api_history.toml")
ALL_KINDS = "*"

Kind = tuple[str, str]
"""API version and kind."""
Changes = Mapping[str, Mapping[str, tuple[str, ...]]]
"""The kinds by the version of Kubernetes, and by their API version."""


@cache
def load(change: str) -> Changes:
    """Return the kinds that versions of Kubernetes have changed.

    Args:
        change: "removed" or "introduced".
    """
    versions: Changes = tomllib.loads(TABLE.read_text())[change]
    return versions


def describe_history(api_version: str, kind: str) -> str:
    """Return since when Kubernetes serves a kind of its own in an API version, or no longer; empty if it is unknown."""
    if removed := _find_version("removed", api_version, kind):
        return f"Kubernetes {removed} was the first without it"
    introduced = _find_version("introduced", api_version, kind)
    return f"Kubernetes {introduced} was the first to serve it" if introduced else ""


def list_lacking(objects: Iterable[Object], version: Version) -> Iterator[Kind]:
    """Yield the kinds of objects that a version of Kubernetes does not serve according to the table, each once.

    Args:
        objects: The objects.
        version: The version of Kubernetes.
    """
    for api_version, kind in dict.fromkeys((obj["apiVersion"], obj["kind"]) for obj in objects):
        removed = _find_version("removed", api_version, kind)
        introduced = _find_version("introduced", api_version, kind)
        if (removed and version >= removed) or (introduced and version < introduced):
            yield api_version, kind


def _find_version(change: str, api_version: str, kind: str) -> Version | None:
    for version, kinds in load(change).items():
        if not {kind, ALL_KINDS}.isdisjoint(kinds.get(api_version, ())):
            return Version(version)
    return None
