"""lab/releases: every file follows the schema, and a file that does not is named with its fault."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from lab import preflight, releases
from lab.errors import LabError
from lab.settings import Settings

GOOD = (releases.FOLDER / "1.7.toml").read_text()


def test_the_default_release_has_a_file() -> None:
    assert Settings.model_fields["release"].default in releases.names()


@pytest.mark.parametrize("name", releases.names())
class TestEveryRelease:
    """What is true of each file."""

    def test_follows_the_schema_and_is_named_after_its_release(self, name: str) -> None:
        assert releases.load(name).kubeflow.startswith(f"{name}.")

    def test_has_a_k3s_image_inside_of_the_versions_it_supports(self, name: str) -> None:
        kubernetes = releases.load(name).kubernetes
        version = kubernetes.k3s_image.rpartition(":v")[2].partition("-")[0]
        assert Version(version) in SpecifierSet(kubernetes.supported)

    def test_says_which_versions_of_each_tool_it_works_with(self, name: str) -> None:
        assert set(preflight.VERSION_COMMANDS) <= set(releases.load(name).tools.model_dump())

    def test_pins_its_charts_to_one_version_each_in_a_repository_with_tls(self, name: str) -> None:
        charts = releases.load(name).charts
        assert {"metallb", "ingress-nginx"} <= set(charts)
        for chart in charts.values():
            assert chart.repository.startswith("https://")
            assert str(Version(chart.version)) == chart.version


@pytest.mark.parametrize(
    ("old", "new", "because"),
    [
        ('kubeflow = "1.7.0"', "", "kubeflow\n  Field required"),
        ('kubeflow = "1.7.0"', "kubeflow = 1.7", "valid string"),
        ('kubeflow = "1.7.0"', 'kubeflow = "1.7.0"\nistio = "1.16"', "istio\n  Extra inputs"),
        ('supported = ">=1.24,<1.26"', 'supported = "1.24 to 1.26"', "Invalid specifier: '1.24 to 1.26'"),
        ('helm = ">=3.8,<4"', 'helm = "3.8 or newer"', "Invalid specifier: '3.8 or newer'"),
        ('version = "0.13.9"', "", "charts.metallb.version\n  Field required"),
        ("[tools]", "[tools", "at line"),
    ],
)
def test_a_file_that_does_not_follow_the_schema_is_named_with_its_fault(
    old: str, new: str, because: str, tmp_path: Path
) -> None:
    assert old in GOOD
    (tmp_path / "9.9.toml").write_text(GOOD.replace(old, new))
    with pytest.raises(LabError) as caught:
        releases.load("9.9", tmp_path)
    assert caught.value.what == "9.9.toml does not follow the schema of releases"
    assert because in caught.value.seen


def test_a_release_without_a_file_is_named_with_those_that_have_one() -> None:
    with pytest.raises(LabError) as caught:
        releases.load("0.1")
    assert caught.value.what == "Kubeflow 0.1 is not known to this suite"
    assert "1.7" in caught.value.expected


def test_the_schema_is_what_the_files_are_written_in() -> None:
    assert releases.Release.model_validate(tomllib.loads(GOOD)) == releases.load("1.7")
