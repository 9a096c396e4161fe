"""Checks of an existing cluster that the user names with KUBECONFIG."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any

from packaging.version import Version

from lab.context import RunContext
from lab.errors import LabError, PermissionDeniedError, ProgramTimeoutError
from lab.k8s.api_versions import API_VERSIONS
from lab.k8s.client import TRANSIENT_ERRORS, Kube
from lab.k8s.objects import ObjectRef
from lab.k8s.version_numbers import is_in_range, parse_kubernetes_version
from lab.layers import gateway
from lab.layers.cluster import DEFAULT_CLASS_ANNOTATION, describe_default_classes, list_default_classes
from lab.preflight.findings import Finding, error, warning
from lab.releases import Release
from lab.run.shell import Shell

TIMEOUT = 1.3
"""Seconds for one kubectl command. Two run in a row, and preflight must not take longer than 3 s."""
CREDENTIALS_REJECTED = "You must be logged in to the server"
"""kubectl's message if the API server answers 401."""
REMEDY = "check that the cluster is running, and that KUBECONFIG names the right one (`kubectl cluster-info`)"


def check_cluster(shell: Shell, release: Release) -> Iterator[Finding]:
    """Check the version of an existing cluster, its StorageClasses and its API versions.

    Args:
        shell: A shell whose kubectl uses the cluster.
        release: The Kubeflow release.

    Yields:
        An error if the API server cannot be reached, warnings for everything else.
    """
    try:
        result = shell.run("kubectl", "version", "--output=json", timeout=TIMEOUT, allow_failure=True)
    except ProgramTimeoutError as problem:
        yield warning("the cluster was not checked: it did not answer in time", seen=problem.seen, remedy=REMEDY)
        return
    reported = _read_server_version(result.output)
    if reported is None and CREDENTIALS_REJECTED in result.errors:
        yield error(
            "the API server does not accept the credentials in the kubeconfig",
            expected="the credentials of a user of the cluster",
            seen=result.last_lines,
            remedy="fetch new credentials in the way of your cluster, such as a new token: they may have expired; "
            "`kubectl config view --minify` shows the user",
        )
        return
    if reported is None:
        yield error(
            "the API server of the cluster cannot be reached",
            expected="`kubectl version` prints the version of the server",
            seen=result.last_lines,
            remedy=REMEDY,
        )
        return
    version: Version | None = None
    try:
        version = parse_kubernetes_version(reported)
        yield from check_version(version, release)
    except LabError as problem:
        yield Finding("warning", problem)
    checks = (partial(_check_storage, version), _check_api_versions)
    with ThreadPoolExecutor() as executor:
        futures = [executor.submit(list[Finding], check(shell)) for check in checks]
        for future in futures:
            yield from future.result()


def _read_server_version(output: str) -> str | None:
    """Return the version of the server in the JSON output of `kubectl version`; None if there is none."""
    with suppress(ValueError, TypeError, KeyError):
        return str(json.loads(output)["serverVersion"]["gitVersion"])
    return None


def check_version(version: Version, release: Release) -> Iterator[Finding]:
    """Check that a release supports a version of Kubernetes.

    Args:
        version: The version of Kubernetes.
        release: The Kubeflow release.

    Yields:
        A warning if it does not.
    """
    supported = release.kubernetes.supported
    if not is_in_range(version, supported):
        yield warning(
            f"Kubeflow {release.kubeflow} does not support this Kubernetes, chapter 2 will fail",
            expected=f"Kubernetes {supported}",
            seen=f"Kubernetes {version}; a newer one may lack API versions that the manifests use",
            remedy=f"use a cluster with Kubernetes {supported}, or another --release",
        )


def check_places(kube: Kube, context: RunContext) -> Iterator[Finding]:
    """Check that the gateway and the auth proxy are where the user says; scenarios report those of the tutorial.

    Args:
        kube: The API of the cluster.
        context: The context of the run.

    Yields:
        An error for each that is not there.
    """
    given = context.settings.model_fields_set
    places = {
        "gateway_service": (gateway.find_service(context.settings), "the Service of the gateway"),
        "auth_proxy_namespace": (ObjectRef.parse(context.release.auth_proxy.workload), "the auth proxy"),
    }
    for setting, (ref, part) in places.items():
        # Other checks report that the API server cannot be reached, or that the user may not list these objects.
        with suppress(*TRANSIENT_ERRORS, PermissionDeniedError):
            if setting in given and ref not in map(ObjectRef.from_object, kube.list_objects(ref.kind, ref.namespace)):
                kinds = f"{ref.kind.lower()}s"
                yield error(
                    f"{part} is not where --{setting.replace('_', '-')} says",
                    expected=f"{ref}",
                    seen=f"no {ref.kind} of this name in the namespace {ref.namespace}",
                    remedy=f"`kubectl get {kinds} -A` lists all {kinds}",
                )


def _check_storage(version: Version | None, shell: Shell) -> Iterator[Finding]:
    listed: Any = None
    with suppress(ValueError):
        listed = json.loads(_run_kubectl(shell, "get", "storageclasses", "--output=json"))
    if not isinstance(listed, dict):
        return
    defaults = list_default_classes(listed.get("items") or [])
    if not defaults:
        yield warning(
            "the cluster has no default StorageClass",
            expected=f"a StorageClass with the annotation {DEFAULT_CLASS_ANNOTATION}",
            seen="none; claims without a class stay Pending, and so do the pods of authservice and the databases",
            remedy=f"`kubectl annotate storageclass NAME {DEFAULT_CLASS_ANNOTATION}=true` (kubeflow/manifests#1913)",
        )
    elif problem := describe_default_classes(defaults, version):
        yield warning(
            "the cluster has several default StorageClasses",
            expected="one default StorageClass",
            seen=problem,
            remedy=f"`kubectl annotate --overwrite storageclass NAME {DEFAULT_CLASS_ANNOTATION}=false` for all but one",
        )


def _check_api_versions(shell: Shell) -> Iterator[Finding]:
    served = _run_kubectl(shell, "api-versions").split()
    if served and (missing := sorted({*API_VERSIONS.values()} - {*served})):
        yield warning(
            "the cluster does not serve all API versions that the scenarios use",
            expected=", ".join(sorted(API_VERSIONS.values())),
            seen=f"all but {', '.join(missing)}",
            remedy="install the components that serve them, or deselect their chapters with -m",
        )


def _run_kubectl(shell: Shell, *arguments: str) -> str:
    """Return the output of kubectl; empty if it fails, because the user may lack the permission."""
    try:
        result = shell.run("kubectl", *arguments, timeout=TIMEOUT, allow_failure=True)
    except LabError:
        return ""
    return "" if result.exit_status else result.output
