"""lab/k8s/api_history.py: the kinds that a version of Kubernetes lacks, compared with the Go module k8s.io/api."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from packaging.version import Version

from embedded.golang import download_version
from lab.k8s.api_history import ALL_KINDS, describe_history, list_lacking, load
from lab.run.shell import Shell

API = "v0.34.4"
"""A version of k8s.io/api that the kit uses as well."""
LIFECYCLE = re.compile(
    r"func \(in \*(?P<kind>\w+)\) APILifecycle(?P<change>Removed|Introduced)\(\) .*?"
    r"return (?P<major>\d+), (?P<minor>\d+)",
    re.DOTALL,
)
SUFFIX = ".k8s.io"
PACKAGES = {"flowcontrol": "flowcontrol.apiserver", "rbac": "rbac.authorization", "events": "events"}
"""The groups of the packages whose names differ, without their suffix."""
WITHOUT_SUFFIX = ("apps", "autoscaling", "batch", "extensions", "policy")
OTHER_MODULES = ("apiextensions.k8s.io/v1beta1", "apiregistration.k8s.io/v1beta1")
NOT_RECORDED = {("extensions/v1beta1", "PodSecurityPolicy"), ("policy/v1beta1", "PodSecurityPolicy")}
"""Kinds whose Go types were deleted."""


@pytest.fixture(scope="session")
def lifecycles() -> dict[tuple[str, str, str], Version]:
    """The version of Kubernetes by "removed" or "introduced", API version and kind, as the module states it."""
    directory = download_version(Shell(dict(os.environ)), "k8s.io/api", API)
    return {
        (found["change"].lower(), _name_version(file.parent), found["kind"]): Version(
            f"{found['major']}.{found['minor']}"
        )
        for file in directory.rglob("zz_generated.prerelease-lifecycle.go")
        for found in LIFECYCLE.finditer(file.read_text())
        if not found["kind"].endswith("List")
    }


def _name_version(package: Path) -> str:
    group = PACKAGES.get(package.parent.name, package.parent.name)
    return f"{group}{'' if group in WITHOUT_SUFFIX else SUFFIX}/{package.name}"


@pytest.mark.parametrize("change", ["removed", "introduced"])
def test_the_table_is_what_the_module_states(change: str, lifecycles: dict[tuple[str, str, str], Version]) -> None:
    for version, kinds in load(change).items():
        for api_version, names in kinds.items():
            known = {kind for made, other, kind in lifecycles if (made, other) == (change, api_version)}
            if api_version in OTHER_MODULES:
                continue
            for kind in known if ALL_KINDS in names else names:
                if (api_version, kind) not in NOT_RECORDED:
                    assert lifecycles[change, api_version, kind] == Version(version), (api_version, kind)


@pytest.mark.parametrize(
    ("api_version", "kind", "history"),
    [
        ("policy/v1beta1", "PodDisruptionBudget", "Kubernetes 1.25 was the first without it"),
        ("autoscaling/v2beta2", "HorizontalPodAutoscaler", "Kubernetes 1.26 was the first without it"),
        ("autoscaling/v2", "HorizontalPodAutoscaler", "Kubernetes 1.23 was the first to serve it"),
        ("policy/v1beta1", "Eviction", ""),
        ("apps/v1", "Deployment", ""),
    ],
)
def test_the_history_of_a_kind_is_described(api_version: str, kind: str, history: str) -> None:
    assert describe_history(api_version, kind) == history


@pytest.mark.parametrize(
    ("version", "lacking"),
    [
        ("1.22.17", ["autoscaling/v2"]),
        ("1.25.4", ["policy/v1beta1"]),
        ("1.26.0", ["policy/v1beta1", "autoscaling/v2beta2"]),
    ],
)
def test_a_version_lacks_what_it_serves_not_yet_or_no_longer(version: str, lacking: list[str]) -> None:
    kinds = [
        ("policy/v1beta1", "PodDisruptionBudget"),
        ("autoscaling/v2beta2", "HorizontalPodAutoscaler"),
        ("autoscaling/v2", "HorizontalPodAutoscaler"),
        ("example.org/v1", "PodDisruptionBudget"),
    ]
    objects = [{"apiVersion": api_version, "kind": kind} for api_version, kind in kinds]
    assert [api_version for api_version, _ in list_lacking(objects, Version(version))] == lacking
