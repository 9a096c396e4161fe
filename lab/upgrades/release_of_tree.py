"""The release that manifests belong to, judging by the versions of their components."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lab import releases
from lab.errors import LabError
from lab.k8s.images import image_tag
from lab.k8s.objects import Object
from lab.k8s.pod_templates import find_template
from lab.releases import Release

REQUIRED_SHARE = 0.5
"""The share of the components that must have the version of a release; a fork may have changed some of them."""


def find_release(objects: Sequence[Object], location: str) -> Release:
    """Return the release whose components the manifests contain, with as many of its versions as possible.

    Args:
        objects: The objects of the manifests.
        location: Where the manifests are, for the error.

    Raises:
        LabError: If no release is similar enough.
    """
    versions = _read_versions(objects)
    shares = {name: _compute_share(releases.load(name), versions) for name in releases.list_names()}
    name, share = max(shares.items(), key=lambda item: item[1])
    if share < REQUIRED_SHARE:
        raise LabError(
            f"the manifests of {location} belong to no release that this suite knows",
            expected=f"at least {REQUIRED_SHARE:.0%} of the components of one of the releases {', '.join(shares)}, "
            "in its versions",
            seen=", ".join(f"{share:.0%} of {name}" for name, share in shares.items()),
            remedy="compare manifests of these releases, or add the release to lab/releases",
        )
    return releases.load(name)


def _read_versions(objects: Iterable[Object]) -> dict[str, set[str]]:
    """Return the tags of images and the labels of each Deployment, by NAMESPACE/NAME."""
    found = {}
    for obj in objects:
        template = find_template(obj) if obj["kind"] == "Deployment" else None
        if template:
            metadata, spec = obj["metadata"], template.get("spec") or {}
            tags = {image_tag(str(container.get("image"))) for container in spec.get("containers") or []}
            labels = (metadata.get("labels") or {}).values()
            found[f"{metadata.get('namespace', '')}/{metadata['name']}"] = tags | set(labels)
    return found


def _compute_share(release: Release, versions: dict[str, set[str]]) -> float:
    """Return the share of the release's installed components that have its versions."""
    components = [component for component in release.components if component.workload]
    same = [one for one in components if (one.expected_tag or one.version) in versions.get(one.workload, ())]
    return len(same) / len(components)
