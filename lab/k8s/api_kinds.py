"""Checking, before anything is applied, that a cluster serves all kinds of objects that the manifests contain."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from lab.errors import KnownFailureId, LabError
from lab.k8s.api_history import describe_history, list_lacking
from lab.k8s.client import Kube
from lab.k8s.objects import Object, get_nested
from lab.k8s.version_numbers import find_version
from lab.releases import Release

SHOWN = 12
"""The number of kinds that an error names."""
ADDED_GROUPS = (
    "gateway.networking.k8s.io",
    "policy.networking.k8s.io",
    "snapshot.storage.k8s.io",
    "groupsnapshot.storage.k8s.io",
    "metrics.k8s.io",
    "custom.metrics.k8s.io",
    "external.metrics.k8s.io",
)
"""Groups of the Kubernetes project that no Kubernetes contains: they are added by CRDs or by further API servers."""


@dataclass(frozen=True)
class MissingKind:
    """The explanation of a kind that is neither served nor defined.

    Args:
        summary: The problem.
        remedy: What to do about it.
    """

    summary: str
    remedy: str


def is_kubernetes_group(api_version: str) -> bool:
    """Return whether an API version belongs to Kubernetes itself; the kinds of all others are defined by CRDs."""
    group = api_version.rpartition("/")[0]
    return group not in ADDED_GROUPS and ("." not in group or group.endswith(".k8s.io"))


def list_defined_kinds(objects: Iterable[Object]) -> set[tuple[str, str]]:
    """Return API version and kind of all that the CRDs among the objects will serve."""
    return {
        (f"{get_nested(crd, 'spec', 'group')}/{version.get('name')}", str(get_nested(crd, "spec", "names", "kind")))
        for crd in objects
        if crd["kind"] == "CustomResourceDefinition"
        for version in get_nested(crd, "spec", "versions") or []
        if get_nested(version, "served")
    }


def describe_missing_kind(api_version: str, kind: str, defined: Collection[tuple[str, str]]) -> MissingKind:
    """Return why an API server does not serve a kind, and what to do about it.

    Args:
        api_version: The API version of the objects.
        kind: The kind.
        defined: API version and kind of all that the CRDs among the manifests serve.
    """
    if is_kubernetes_group(api_version):
        history = describe_history(api_version, kind)
        return MissingKind(
            f"this Kubernetes does not serve {kind} in {api_version}" + (f"; {history}" if history else ""),
            "use a Kubernetes that the release supports (`kubectl api-versions` lists what this one serves), or a "
            "release of Kubeflow that supports this one",
        )
    group = api_version.rpartition("/")[0]
    if versions := sorted(version for version, name in defined if (version.rpartition("/")[0], name) == (group, kind)):
        return MissingKind(
            f"the CRD of {kind} in the tree serves {', '.join(versions)}, and not {api_version}",
            f"write the objects in a version that the CRD serves, or take the CRD of {kind} from the same release",
        )
    return MissingKind(
        f"no CRD in the tree defines kind {kind} in {api_version}",
        f"add the component that defines {kind} of {group} to the manifests or install it first (`kubectl get crds` "
        "lists what the cluster has), or remove the objects of this kind",
    )


def list_unserved_kinds(objects: Sequence[Object], kube: Kube) -> dict[tuple[str, str], int]:
    """Return the kinds of the objects that neither the API server serves nor a CRD among the objects defines.

    Applying again does not help for these kinds.

    Returns:
        The number of objects, by API version and kind.
    """
    counts = Counter((obj["apiVersion"], obj["kind"]) for obj in objects)
    not_defined = set(counts) - list_defined_kinds(objects)
    served = {version: kube.list_kinds(version) for version in {version for version, _ in not_defined}}
    return {
        (version, kind): counts[version, kind] for version, kind in sorted(not_defined) if kind not in served[version]
    }


def check_kinds_served(objects: Sequence[Object], kube: Kube, release: Release) -> None:
    """Check that the cluster serves all kinds of a release's manifests.

    Args:
        objects: The objects of the manifests.
        kube: The API of the cluster.
        release: The release.

    Raises:
        LabError: If there are kinds that the cluster does not serve; it names them. If one of them belongs to
            Kubernetes itself, the version of the cluster is the problem; otherwise a CRD is missing.
    """
    unserved = list_unserved_kinds(objects, kube)
    if not unserved:
        return
    defined = list_defined_kinds(objects)
    problems = {kind: describe_missing_kind(*kind, defined) for kind in unserved}
    lines = [f"{problems[kind].summary} ({_count(count)})" for kind, count in unserved.items()]
    if not any(is_kubernetes_group(api_version) for api_version, _ in unserved):
        raise LabError(
            f"a CRD is missing for objects of Kubeflow {release.kubeflow}; nothing was applied",
            seen=_shorten(lines),
            remedy=_shorten(list(dict.fromkeys(problem.remedy for problem in problems.values()))),
        )
    raise _unsuitable_kubernetes(kube.get_server_version(), lines, release)


def check_kinds_known(objects: Sequence[Object], version: Version, release: Release) -> None:
    """Check that a version of Kubernetes serves all of its own kinds in manifests, as far as their history is known.

    No cluster is necessary, so this is known before a lab exists.

    Args:
        objects: The objects of the manifests.
        version: The version of Kubernetes.
        release: The release.

    Raises:
        LabError: If there are kinds that this version does not serve; it names them.
    """
    counts = Counter((obj["apiVersion"], obj["kind"]) for obj in objects)
    lacking = list(list_lacking(objects, version))
    if lacking:
        lines = [f"{describe_missing_kind(*kind, ()).summary} ({_count(counts[kind])})" for kind in lacking]
        raise _unsuitable_kubernetes(str(version), lines, release)


def _unsuitable_kubernetes(version: str, lines: Sequence[str], release: Release) -> LabError:
    supported = release.kubernetes.supported
    return LabError(
        f"Kubernetes {version} does not serve all kinds of objects that Kubeflow {release.kubeflow} consists of; "
        "nothing was applied",
        expected=f"Kubernetes {supported}, which Kubeflow {release.kubeflow} supports",
        seen=_shorten(lines),
        remedy=f"use a cluster of Kubernetes {supported}, or a release of Kubeflow that supports {version}; with "
        "--manifests, give their release with --release",
        known_failure=KnownFailureId.KUBERNETES_TOO_NEW if _is_newer(version, supported) else None,
    )


def _is_newer(version: str, supported: str) -> bool:
    """Return whether a version of Kubernetes is newer than the supported ones, and not older; True if it is unknown."""
    found = find_version(version)
    minima = [Version(spec.version) for spec in SpecifierSet(supported) if spec.operator.startswith(">")]
    return found is None or all(found >= minimum for minimum in minima)


def _count(number: int) -> str:
    return f"{number} objects" if number > 1 else "1 object"


def _shorten(lines: Sequence[str]) -> str:
    """Return the first lines, and how many more there are."""
    more = len(lines) - SHOWN
    return "\n".join([*lines[:SHOWN], *([f"and {more} more"] if more > 0 else [])])
