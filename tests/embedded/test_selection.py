"""embedded/selection.py: which versions and images of pins.toml a release's kit has."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from embedded import kits
from embedded.selection import load_pins, load_tools
from lab.errors import LabError


def test_versions_of_a_program_are_those_of_the_release() -> None:
    older, newer = (load_pins(release).programs["hyperkube"] for release in ("1.7", "1.8"))
    assert (older.number, newer.number) == ("1.25.4", "1.26.13")
    assert newer.version == "v1.26.13"
    assert "k8s.io/component-base/version.gitMinor=26" in newer.variables
    assert older.cache_inputs != newer.cache_inputs


def test_commit_and_version_of_a_module_without_tags_are_set_by_the_linker() -> None:
    program = load_pins("1.10").programs["pilot-agent"]
    assert "istio.io/istio/pkg/version.buildVersion=1.26.1" in program.variables
    assert "istio.io/istio/pkg/version.buildGitRevision=2ce3ad897b98" in program.variables


def test_variant_replaces_fields_in_its_range_of_versions() -> None:
    assert "istio.io/pkg/version.buildVersion=1.17.5" in load_pins("1.8").programs["pilot-agent"].variables


def test_images_are_real_near_or_stand_ins() -> None:
    older, newer = load_pins("1.7").images, load_pins("1.8").images
    assert (newer["dex"].fidelity, newer["dex"].number, newer["dex"].component) == ("real", "2.36.0", "")
    assert (older["dex"].fidelity, older["dex"].release_version) == ("near", "2.31.2")
    assert (older["dex"].component, older["dex"].implemented_by) == ("Dex v2.31.2", "Dex v2.41.1")
    assert older["authservice"].fidelity == "stand-in"


def test_image_is_shared_by_releases_with_the_same_version() -> None:
    first, second = (load_pins(release).images["authservice"] for release in ("1.7", "1.8"))
    assert first.json_to_hash == second.json_to_hash


def test_images_of_components_are_only_in_the_kits_that_list_them() -> None:
    assert "oauth2-proxy" not in load_pins("1.8").images
    assert "authservice" not in load_pins("1.9").images
    assert all("nginx" in load_pins(release).images for release in kits.list_releases())


@pytest.mark.parametrize("release", kits.list_releases())
def test_every_version_and_image_of_a_kit_is_used(release: str) -> None:
    kit, loaded = kits.load(release), load_pins(release)
    assert set(kit.images) <= set(loaded.images)
    assert set(kit.versions) <= {program.source.name.removesuffix("-own") for program in loaded.programs.values()}


def test_version_that_the_kit_cannot_build_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "1.8.toml").write_text('images = {}\n[versions]\nkubernetes = "1.99.0"\n')
    monkeypatch.setattr(kits, "DIRECTORY", tmp_path)
    with pytest.raises(LabError, match=r"the kit cannot build version 1\.99\.0 of kubernetes") as caught:
        load_pins("1.8")
    assert "1.25.4, 1.26.13" in caught.value.expected
    assert caught.value.seen == "no embedded/programs/kubernetes/1.99.0.mod"


def test_release_without_a_kit_is_an_error() -> None:
    with pytest.raises(LabError) as caught:
        load_pins("1.6")
    assert caught.value.headline == "there is no kit of Kubeflow 1.6"
    assert "1.10" in caught.value.expected


@pytest.mark.parametrize(
    "content", ["[programs.web]\npackge = '.'", "[engine]\npackages = 1", "[webs]", "[images.web]\nprogram = ['a']"]
)
def test_invalid_pins_are_rejected(content: str, tmp_path: Path) -> None:
    file = tmp_path / "pins.toml"
    tables = [table for table in ("[programs]", "[images]") if table[:-1] not in content]
    file.write_text("\n".join([*tables, content]))
    with pytest.raises(ValidationError):
        load_pins("1.7", file)


def test_tools_are_named_by_their_tables() -> None:
    assert {name: tool.name for name, tool in load_tools().items()} == {
        name: name for name in ("k3d", "helm", "kubectl", "kustomize")
    }
