"""Version numbers as Kubernetes, its distributions and its tools write them.

The vendors' suffixes follow no common rule: v1.25.16-eks-8cb36c9, v1.25.10-gke.2700, v1.25.6+rke2r1, v1.25.4+77bec7a.
Most of them are not versions in the sense of PEP 440, which Python's packaging parses.
"""

from __future__ import annotations

import re

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from lab.errors import LabError

VERSION = re.compile(
    r"^v?(?P<release>\d{1,9}\.\d{1,9}(?:\.\d{1,9})?)"
    r"(?:[-.]?(?P<stage>alpha|beta|rc)[-.]?(?P<number>\d{1,9})?(?![a-z])|(?![\w.])|(?=[-+~_][\w.]))",
    re.ASCII,
)
"""A version at the beginning of a text: two or three numbers, the stage of a pre-release, then any suffix."""
UNVERSIONED = "0.0.0"
"""The version that kubectl and other tools print if they were built without one: v0.0.0-master+$Format:%H$."""


def find_version(text: str) -> Version | None:
    """Return the version at the beginning of a text, without the vendor's suffix; None if there is none.

    Args:
        text: A text such as v1.25.16-eks-8cb36c9 or 1.30.0-rc.1.
    """
    found = VERSION.match(text.strip())
    if not found or found["release"] == UNVERSIONED:
        return None
    stage = f"{found['stage']}{found['number'] or 0}" if found["stage"] else ""
    return Version(f"{found['release']}{stage}")


def parse_kubernetes_version(text: str) -> Version:
    """Return the version of Kubernetes that an API server reports.

    Raises:
        LabError: If the text contains no version.
    """
    if version := find_version(text):
        return version
    raise LabError(
        "the API server reports a version that is not recognized",
        expected="a version such as v1.25.4, with or without a suffix of the distribution",
        seen=repr(text),
        remedy="compare with `kubectl version`; a proxy before the API server may have changed the answer",
    )


def is_in_range(version: Version, version_range: str) -> bool:
    """Return whether a version is in a range such as ">=1.24,<1.26".

    A pre-release counts as older than its release, so that 1.26.0-rc.1 is in neither ">=1.26" nor "<1.26".
    """
    return SpecifierSet(version_range).contains(version, prereleases=True)
