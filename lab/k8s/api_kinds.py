"""Checking, before anything is applied, that a cluster serves all kinds of objects that the manifests contain."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from lab.errors import KnownFailureId, LabError
from lab.k8s.client import Kube
from lab.k8s.objects import Object
from lab.releases import Release

SHOWN = 12
"""The number of kinds that an error names."""


def list_unserved_kinds(objects: Sequence[Object], kube: Kube) -> list[str]:
    """Return the kinds of the objects that neither the API server serves nor a CRD among the objects defines.

    Applying again does not help for these kinds.

    Returns:
        Texts as in "HorizontalPodAutoscaler in autoscaling/v2beta2 (2 objects)".
    """
    counts = Counter((obj["apiVersion"], obj["kind"]) for obj in objects)
    not_defined = set(counts) - _list_defined_kinds(objects)
    served = {version: kube.list_kinds(version) for version in {version for version, _ in not_defined}}
    return [
        f"{kind} in {version} ({counts[version, kind]} objects)"
        for version, kind in sorted(not_defined)
        if kind not in served[version]
    ]


def check_kinds_served(objects: Sequence[Object], kube: Kube, release: Release) -> None:
    """Check that the cluster serves all kinds of a release's manifests.

    Args:
        objects: The objects of the manifests.
        kube: The API of the cluster.
        release: The release.

    Raises:
        LabError: If there are kinds that the cluster does not serve; it names them.
    """
    unserved = list_unserved_kinds(objects, kube)
    if not unserved:
        return
    version, supported = kube.get_server_version(), release.kubernetes.supported
    lines = unserved[:SHOWN]
    if len(unserved) > SHOWN:
        lines.append(f"and {len(unserved) - SHOWN} more")
    raise LabError(
        f"Kubernetes {version} does not serve all kinds of objects that Kubeflow {release.kubeflow} consists of; "
        "nothing was applied",
        expected=f"Kubernetes {supported}, which Kubeflow {release.kubeflow} supports",
        seen="\n".join([f"Kubernetes {version}, which does not serve", *lines]),
        remedy=f"use a cluster of Kubernetes {supported}, or a release of Kubeflow that supports {version}",
        known_failure=KnownFailureId.KUBERNETES_TOO_NEW,
    )


def _list_defined_kinds(objects: Iterable[Object]) -> set[tuple[str, str]]:
    """Return API version and kind of all that the CRDs among the objects will serve."""
    return {
        (f"{crd['spec']['group']}/{version['name']}", crd["spec"]["names"]["kind"])
        for crd in objects
        if crd["kind"] == "CustomResourceDefinition"
        for version in crd["spec"].get("versions") or []
        if version.get("served")
    }
