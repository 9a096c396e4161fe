"""What the suite needs of a cluster that is there already: looked at before anything is asked of it in earnest."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from lab.cluster import DEFAULT_CLASS
from lab.errors import LabError
from lab.findings import Finding, error, warning
from lab.kube import API_VERSIONS, marked
from lab.releases import Release
from lab.terminal import DidNotEndError, Terminal

TIMEOUT = 1.3
"""Seconds for kubectl to tell something, twice in a row: this is a look, and no wait."""
REMEDY = "see that the cluster runs, and that KUBECONFIG names the right one"


def unfit(terminal: Terminal, release: Release) -> Iterator[Finding]:
    """What is not as it should be, as far as a cluster tells it at once.

    Arguments:
        terminal: one whose kubectl talks to the cluster.
    """
    try:
        answer = terminal.run("kubectl", "version", "--output=json", timeout=TIMEOUT, may_fail=True)
    except DidNotEndError as problem:
        yield warning("nothing of the cluster could be seen at once", seen=problem.seen, remedy=REMEDY)
        return
    found = re.search(r'"serverVersion":.*?"gitVersion": *"v([\d.]+)', answer.output, re.DOTALL)
    if not found:
        yield error(
            "the API server of the cluster cannot be reached",
            expected="`kubectl version` tells the server's",
            seen=answer.last_lines,
            remedy=REMEDY,
        )
        return
    yield from unsupported(found[1], release)
    with ThreadPoolExecutor() as looks:
        for looked in [looks.submit(list[Finding], look(terminal)) for look in (_no_default_class, _unserved)]:
            yield from looked.result()


def unsupported(version: str, release: Release) -> Iterator[Finding]:
    """That a release does not support a version of Kubernetes."""
    supported = release.kubernetes.supported
    if Version(version) not in SpecifierSet(supported):
        yield warning(
            f"Kubeflow {release.kubeflow} does not support this Kubernetes; chapter 2 will fail",
            expected=f"Kubernetes {supported}",
            seen=f"Kubernetes {version}; a newer one may lack API versions that the manifests have",
            remedy=f"use a cluster of Kubernetes {supported}, or another --release",
        )


def _no_default_class(terminal: Terminal) -> Iterator[Finding]:
    listed = _looked_up(terminal, "get", "storageclasses", "--output=json")
    if listed and not marked(json.loads(listed)["items"], DEFAULT_CLASS):
        yield warning(
            "the cluster has no default StorageClass",
            expected=f"one with the annotation {DEFAULT_CLASS}",
            seen="none; claims without a class stay Pending, and with them authservice and the databases",
            remedy=f"`kubectl annotate storageclass NAME {DEFAULT_CLASS}=true` (kubeflow/manifests#1913)",
        )


def _unserved(terminal: Terminal) -> Iterator[Finding]:
    served = _looked_up(terminal, "api-versions").split()
    if served and (lacking := sorted({*API_VERSIONS.values()} - {*served})):
        yield warning(
            "the cluster does not serve all that the scenarios look at",
            expected=", ".join(sorted(API_VERSIONS.values())),
            seen=f"all but {', '.join(lacking)}",
            remedy="install what they belong to, or leave those chapters out with -m",
        )


def _looked_up(terminal: Terminal, *arguments: str) -> str:
    """What kubectl prints; nothing where it cannot say, since that is no finding about the cluster."""
    try:
        answer = terminal.run("kubectl", *arguments, timeout=TIMEOUT, may_fail=True)
    except LabError:
        return ""
    return "" if answer.exit_status else answer.output
