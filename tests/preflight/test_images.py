"""lab/preflight/images.py: a release whose images are in no registry any more is reported before a run."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from lab.k8s.moved_images import list_gone
from lab.preflight.images import check_images
from tests.conftest import MakeContext
from tests.mirror_source import UNREACHABLE, serve_image, url_of, write_source


@pytest.mark.parametrize("release", ["1.7", "1.8", "1.9"])
def test_images_that_are_in_no_registry_are_an_error(
    make_context: MakeContext, registry: HTTPServer, tmp_path: Path, release: str
) -> None:
    source = write_source(tmp_path / "source.toml", url_of(registry), "gcr.io", release=release)
    [finding] = check_images(make_context(lab="k3d", release=release, source=str(source)))
    assert finding.severity == "error"
    assert "cannot be installed from the internet any more" in finding.problem.headline
    assert len(finding.problem.seen.splitlines()) == len(list_gone(release))
    assert "kubeflow/pipelines#12422" in finding.problem.remedy


def test_images_that_a_mirror_has_are_accepted(make_context: MakeContext, registry: HTTPServer, tmp_path: Path) -> None:
    for reference in list_gone("1.8"):
        serve_image(registry, reference)
    source = write_source(tmp_path / "source.toml", url_of(registry), "gcr.io", release="1.8")
    assert list(check_images(make_context(lab="k3d", release="1.8", source=str(source)))) == []


def test_a_registry_that_does_not_answer_is_no_error(make_context: MakeContext, tmp_path: Path) -> None:
    source = write_source(tmp_path / "source.toml", UNREACHABLE, "gcr.io")
    assert list(check_images(make_context(lab="k3d", source=str(source)))) == []


def test_registries_are_not_asked_about_other_releases_and_manifests(
    make_context: MakeContext, registry: HTTPServer, tmp_path: Path
) -> None:
    source = write_source(tmp_path / "source.toml", url_of(registry), "gcr.io")
    for options in ({"release": "1.10"}, {"manifests": str(tmp_path)}):
        assert list(check_images(make_context(lab="k3d", source=str(source), **options))) == []
    other = source.read_text().replace('commit = "14c0', 'commit = "0000')
    source.write_text(other)
    assert list(check_images(make_context(lab="k3d", source=str(source)))) == []
    assert registry.log == []
