"""lab/k8s/version_numbers.py: versions as Kubernetes, its distributions and its tools write them."""

from __future__ import annotations

import pytest

from lab.errors import LabError
from lab.k8s.version_numbers import find_version, is_in_range, parse_kubernetes_version


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("v1.25.4", "1.25.4"),
        ("v1.25.16-eks-8cb36c9", "1.25.16"),
        ("v1.25.10-gke.2700", "1.25.10"),
        ("v1.24.4-tke.5", "1.24.4"),
        ("v1.24.6-aliyun.1", "1.24.6"),
        ("v1.25.11-vke.3", "1.25.11"),
        ("v1.25.4+k3s1", "1.25.4"),
        ("v1.25.4-k3s1", "1.25.4"),
        ("v1.25.4+rke2r1", "1.25.4"),
        ("v1.25.4-rc.1+rke2r1", "1.25.4rc1"),
        ("v1.25.4+18eadca", "1.25.4"),
        ("v1.25.7+IKS", "1.25.7"),
        ("v1.30.0-rc.1", "1.30.0rc1"),
        ("v1.26.0-beta.0", "1.26.0b0"),
        ("v1.26.0-alpha.3.512+7cf2c9ab5e7a4b-dirty", "1.26.0a3"),
        ("1.25", "1.25"),
        (" v1.25.4\n", "1.25.4"),
        ("v3.14+unreleased", "3.14"),
    ],
)
def test_suffix_of_a_distribution_is_ignored(text: str, version: str) -> None:
    assert str(find_version(text)) == version


@pytest.mark.parametrize(
    "text",
    ["", "nonsense", "v1", "v5-dev", "(devel)", "unknown", "v0.0.0-master+$Format:%H$", "1.25.x", "v1.2.3.4", "v1..2"],
)
def test_nonsense_is_an_error_with_the_reported_text(text: str) -> None:
    assert find_version(text) is None
    with pytest.raises(LabError, match="the API server reports a version that is not recognized") as caught:
        parse_kubernetes_version(text)
    assert caught.value.seen == repr(text)
    assert "`kubectl version`" in caught.value.remedy


@pytest.mark.parametrize(
    ("text", "is_supported"),
    [
        ("v1.25.16-eks-8cb36c9", True),
        ("v1.24.0", True),
        ("v1.26.0-gke.100", False),
        ("v1.26.0-rc.1", False),
        ("v1.25.0-rc.1", True),
        ("v1.23.17", False),
    ],
)
def test_versions_are_compared_without_their_suffix(text: str, is_supported: bool) -> None:
    assert is_in_range(parse_kubernetes_version(text), ">=1.24,<1.26") == is_supported
