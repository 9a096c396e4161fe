"""lab/source.py: where things come from."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab import releases, source
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
    """A source's file."""
    return tmp_path / "source.toml"


def test_the_internet_s_is_what_the_release_pins_and_has_no_stand_ins() -> None:
    release = releases.load("1.7")
    internet = source.of_the_internet(release)
    assert (internet.k3s_image, internet.charts) == (release.kubernetes.k3s_image, release.charts)
    assert internet.manifests == release.manifests
    assert (internet.mirrors, internet.environment, internet.stand_ins) == ({}, {}, ())


def test_a_file_says_where_things_come_from(file: Path) -> None:
    file.write_text(GOOD)
    there = source.load(file)
    assert there.charts["metallb"].repository == "http://127.0.0.1:8000/charts/metallb"
    assert there.mirrors == {"docker.io": ["http://172.20.0.1:5000"]}
    assert there.environment == {"K3D_IMAGE_TOOLS": "127.0.0.1:5000/k3d-io/k3d-tools:5.6.0"}


@pytest.mark.parametrize(
    ("old", "new", "because"),
    [
        ('k3s_image = "docker.io/rancher/k3s:v1.25.4-k3s1"', "", "k3s_image\n  Field required"),
        ('version = "0.13.9"', "", "charts.metallb.version\n  Field required"),
        ('["http://172.20.0.1:5000"]', '"http://172.20.0.1:5000"', "Input should be a valid list"),
        ("[mirrors]", "[mirror]", "mirror\n  Extra inputs"),
        ("[mirrors]", "[mirrors", "at line"),
    ],
)
def test_a_file_that_does_not_is_named_with_its_fault(file: Path, old: str, new: str, because: str) -> None:
    assert old in GOOD
    file.write_text(GOOD.replace(old, new))
    with pytest.raises(LabError) as caught:
        source.load(file)
    assert str(file) in caught.value.what
    assert because in caught.value.seen


def test_a_file_that_is_not_there_is_named(file: Path) -> None:
    with pytest.raises(LabError, match="No such file or directory"):
        source.load(file)


def test_the_kit_s_source_has_the_charts_that_a_release_pins_in_the_same_versions() -> None:
    kit, release = source.load(REPOSITORY / "embedded/source.toml"), releases.load("1.7")
    assert kit.k3s_image == release.kubernetes.k3s_image
    assert {name: chart.version for name, chart in kit.charts.items()} == {
        name: chart.version for name, chart in release.charts.items()
    }


def test_a_source_of_one_release_says_so_when_another_is_asked_for(file: Path) -> None:
    file.write_text('release = "1.7"\n' + GOOD)
    there = source.load(file)
    assert list(source.without("1.7", there)) == []
    [finding] = source.without("1.8", there)
    assert finding.what == "there is no Kubeflow 1.8 at this lab's source"
    assert "--release 1.7" in finding.expected
    file.write_text(GOOD)
    assert list(source.without("1.8", source.load(file))) == []
