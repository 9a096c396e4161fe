"""lab/config/source.py: the places that downloads come from."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab import releases
from lab.config import source
from lab.errors import LabError
from tests.conftest import REPOSITORY

GOOD = """
k3s_image = "docker.io/rancher/k3s:v1.25.4-k3s1"
[charts.metallb]
repository = "http://127.0.0.1:8000/charts/metallb"
version = "0.13.9"
[manifests]
repository = "http://127.0.0.1:8000/manifests.git"
branch = "v1.7-branch"
commit = "0123456"
[mirrors]
"docker.io" = ["http://172.20.0.1:5000"]
[environment]
K3D_IMAGE_TOOLS = "127.0.0.1:5000/k3d-io/k3d-tools:5.6.0"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The file of a source."""
    return tmp_path / "source.toml"


def test_source_of_a_release_has_its_versions_and_no_stand_ins() -> None:
    release = releases.load("1.7")
    internet = source.from_release(release)
    assert (internet.k3s_image, internet.charts) == (release.kubernetes.k3s_image, release.charts)
    assert internet.manifests == release.manifests
    assert (internet.mirrors, internet.environment, internet.stand_ins) == ({}, {}, ())


def test_source_is_loaded_from_a_file(file: Path) -> None:
    file.write_text(GOOD)
    loaded = source.load(file)
    assert loaded.charts["metallb"].repository == "http://127.0.0.1:8000/charts/metallb"
    assert loaded.mirrors == {"docker.io": ["http://172.20.0.1:5000"]}
    assert loaded.environment == {"K3D_IMAGE_TOOLS": "127.0.0.1:5000/k3d-io/k3d-tools:5.6.0"}


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('k3s_image = "docker.io/rancher/k3s:v1.25.4-k3s1"', "", "k3s_image: Field required"),
        ('version = "0.13.9"', "", "charts.metallb.version: Field required"),
        ('["http://172.20.0.1:5000"]', '"http://172.20.0.1:5000"', "Input should be a valid list"),
        ("[mirrors]", "[mirror]", "mirror: Extra inputs"),
        ("[mirrors]", "[mirrors", "at line"),
    ],
)
def test_invalid_file_is_named_with_the_reason(file: Path, old: str, new: str, reason: str) -> None:
    assert old in GOOD
    file.write_text(GOOD.replace(old, new))
    with pytest.raises(LabError) as caught:
        source.load(file)
    assert str(file) in caught.value.headline
    assert reason in caught.value.seen


def test_binary_file_is_named_with_the_reason(file: Path) -> None:
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(LabError, match="no text in UTF-8"):
        source.load(file)


def test_missing_file_is_named(file: Path) -> None:
    with pytest.raises(LabError, match="No such file or directory"):
        source.load(file)


def test_source_of_the_kit_has_the_charts_of_the_release() -> None:
    """The version of ingress-nginx is another one: the kit has that of the Go module."""
    kit, release = source.load(REPOSITORY / "embedded/source.toml"), releases.load("1.7")
    assert kit.k3s_image == release.kubernetes.k3s_image
    assert kit.charts.keys() == release.charts.keys()
    assert kit.charts["metallb"].version == release.charts["metallb"].version


def test_source_of_one_release_rejects_others(file: Path) -> None:
    file.write_text('release = "1.7"\n' + GOOD)
    loaded = source.load(file)
    assert loaded.check_release("1.7") is None
    error = loaded.check_release("1.8")
    assert error
    assert error.headline == "Kubeflow 1.8 is not available from this lab's source"
    assert "--release 1.7" in error.expected
    file.write_text(GOOD)
    assert source.load(file).check_release("1.8") is None
