"""Whether a cluster serves all that manifests consist of, before any of it is applied."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lab.errors import LabError
from lab.kube import Kube, Object
from lab.releases import Release

SHOWN = 12
"""How many kinds an error names."""


def unserved(objects: Sequence[Object], kube: Kube) -> list[str]:
    """The kinds of a tree of manifests that neither the server serves nor a CRD of the tree defines.

    Another round of applying does not help against those.

    Returns them as in "HorizontalPodAutoscaler in autoscaling/v2beta2", with how many objects are of that kind.
    """
    wanted: dict[tuple[str, str], int] = {}
    for one in objects:
        pair = (one["apiVersion"], one["kind"])
        wanted[pair] = wanted.get(pair, 0) + 1
    lacking = set(wanted) - _defined(objects)
    served = {version: kube.kinds(version) for version in {version for version, _ in lacking}}
    return [
        f"{kind} in {version} ({wanted[version, kind]} of the manifests' objects)"
        for version, kind in sorted(lacking)
        if kind not in served[version]
    ]


def check_served(objects: Sequence[Object], kube: Kube, release: Release) -> None:
    """Looks whether the cluster can take a release's manifests.

    Raises LabError with the kinds that it does not serve; nothing has been applied then.
    """
    if lacking := unserved(objects, kube):
        version, supported = kube.server_version(), release.kubernetes.supported
        shown = [*lacking[:SHOWN], *([f"and {len(lacking) - SHOWN} more"] if len(lacking) > SHOWN else [])]
        raise LabError(
            f"this Kubernetes {version} does not serve all that Kubeflow {release.kubeflow} consists of; "
            "nothing of it was applied",
            expected=f"Kubernetes {supported}, which Kubeflow {release.kubeflow} supports",
            seen="\n".join([f"Kubernetes {version}, which does not serve", *shown]),
            remedy=f"use a cluster of Kubernetes {supported}, or a release of Kubeflow that supports {version}",
        )


def _defined(objects: Iterable[Object]) -> set[tuple[str, str]]:
    """What the CRDs among the objects will serve, as API version and kind."""
    return {
        (f"{crd['spec']['group']}/{version['name']}", crd["spec"]["names"]["kind"])
        for crd in objects
        if crd["kind"] == "CustomResourceDefinition"
        for version in crd["spec"].get("versions") or []
        if version.get("served")
    }
