"""The versions of Kubernetes on which an upgrade is possible, and the objects that the later one does not serve."""

from __future__ import annotations

from collections.abc import Iterator

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from lab.k8s.api_history import describe_history, list_lacking
from lab.k8s.images import image_tag
from lab.k8s.version_numbers import find_version
from lab.upgrades.findings import Finding, Topic
from lab.upgrades.tree import Tree

FIRST_MINOR, LAST_MINOR = 20, 60
"""The minor versions of Kubernetes that ranges are compared for."""


def list_shared_minors(old: Tree, new: Tree) -> list[int]:
    """Return the minor versions of Kubernetes 1 that both releases support, lowest first."""
    return [minor for minor in range(FIRST_MINOR, LAST_MINOR) if _supports(old, minor) and _supports(new, minor)]


def list_kubernetes_findings(old: Tree, new: Tree) -> Iterator[Finding]:
    """Yield the step of Kubernetes that an upgrade demands, and the kinds that the later Kubernetes lacks.

    Args:
        old: The tree that was applied.
        new: The tree to be applied.
    """
    supported = (f"{tree.name}: {tree.release.kubernetes.supported}" for tree in (old, new))
    shared = list_shared_minors(old, new)
    node = find_version(image_tag(new.release.kubernetes.k3s_image))
    if not shared:
        lowest = next(minor for minor in range(FIRST_MINOR, LAST_MINOR) if _supports(new, minor))
        highest = max(minor for minor in range(FIRST_MINOR, LAST_MINOR) if _supports(old, minor))
        yield Finding(
            Topic.KUBERNETES,
            "no version of Kubernetes is supported by both releases",
            tuple(supported),
            blocks=True,
            advice=f"upgrade the nodes from 1.{highest} to 1.{lowest}, one minor version after the other, directly "
            "before the manifests are applied; until then, Kubeflow runs on a version that it does not support",
        )
    else:
        last = "and newer" if shared[-1] == LAST_MINOR - 1 else f"to 1.{shared[-1]}"
        yield Finding(
            Topic.KUBERNETES,
            f"both releases support Kubernetes 1.{shared[0]} {last}; a cluster must have one of these before the "
            "manifests are applied",
            tuple(supported),
        )
    if node is None:
        return
    for tree, blocks in ((new, True), (old, False)):
        for api_version, kind in list_lacking(tree.objects.values(), node):
            keys = [
                str(key) for key, obj in tree.objects.items() if (obj["apiVersion"], obj["kind"]) == (api_version, kind)
            ]
            yield Finding(
                Topic.KUBERNETES,
                f"Kubernetes {node} does not serve {kind} in {api_version} ({describe_history(api_version, kind)}), "
                f"which the manifests of {tree.name} contain",
                tuple(keys),
                blocks=blocks,
                advice="change the API version in the manifests"
                if blocks
                else "upgrade Kubeflow before Kubernetes, or apply these objects in a version that it still serves",
            )


def _supports(tree: Tree, minor: int) -> bool:
    return Version(f"1.{minor}") in SpecifierSet(tree.release.kubernetes.supported)
