"""embedded/pins.toml and what it names: programs, images, charts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from embedded import pins
from embedded.pins import Chart, Image, Program
from lab import releases, source
from tests.conftest import REPOSITORY

PINS = pins.load()
NAMES_OF_IMAGES = {image.reference for image in PINS.images.values()}
MANIFESTS = sorted((pins.PROGRAMS / "node/manifests").glob("*.yaml"))


def module_folders() -> list[str]:
    """The folders of Go modules that images and charts take something from."""
    of_images = [source for image in PINS.images.values() for source in image.module_folders.values()]
    return [*of_images, *(chart.module_folder for chart in PINS.charts.values() if chart.module_folder)]


@pytest.mark.parametrize("program", PINS.programs.values(), ids=lambda program: program.name)
class TestEveryProgram:
    """What is true of each program."""

    def test_has_its_requirements_committed(self, program: Program) -> None:
        assert (program.source / "go.mod").is_file()
        required = re.search(r"^require", (program.source / "go.mod").read_text(), re.MULTILINE)
        assert (program.source / "go.sum").is_file() or not required

    def test_has_a_version_that_its_requirements_name(self, program: Program) -> None:
        assert re.fullmatch(r"v\d+\.\d+\.\d+\S*", program.version) or not program.module

    def test_has_that_version_s_checksum(self, program: Program) -> None:
        if program.module:
            assert f"{program.module} {program.version} h1:" in (program.source / "go.sum").read_text()

    def test_is_built_from_its_module_or_from_its_folder(self, program: Program) -> None:
        if program.package.startswith("."):
            assert (program.source / program.package).is_dir()
        else:
            assert program.package.startswith(program.module)

    def test_gives_a_person_only_commands_that_it_has(self, program: Program) -> None:
        assert set(program.commands) <= {program.name, *program.provides}

    def test_tells_the_linker_names_with_values(self, program: Program) -> None:
        assert all(re.fullmatch(r"[\w./-]+\.\w+=.+", variable) for variable in program.variables)
        assert all(variable.format(version=program.version) for variable in program.variables)

    def test_is_changed_only_in_its_module_s_own_files(self, program: Program) -> None:
        assert program.module or not program.edits
        assert all(edit.old != edit.new for edit in program.edits)


@pytest.mark.parametrize("image", PINS.images.values(), ids=lambda image: image.name)
class TestEveryImage:
    """What is true of each image."""

    def test_has_a_dockerfile(self, image: Image) -> None:
        assert (image.source / "Dockerfile").is_file()

    def test_has_programs_that_are_built(self, image: Image) -> None:
        assert set(image.programs) <= set(PINS.programs)

    def test_is_asked_for_by_registry_repository_and_tag(self, image: Image) -> None:
        assert re.fullmatch(r"[a-z0-9.-]+\.[a-z]+/[a-z0-9./-]+:[A-Za-z0-9._-]+", image.reference)

    def test_is_of_a_registry_that_the_node_asks_the_kit_for(self, image: Image) -> None:
        mirrors = source.load(REPOSITORY / "embedded/source.toml").mirrors
        assert image.reference.split("/")[0] in mirrors

    def test_copies_into_itself_what_its_context_has(self, image: Image) -> None:
        dockerfile = (image.source / "Dockerfile").read_text()
        added = set(re.findall(r"^(?:ADD|COPY)\s+(?:--\S+\s+)*(\S+)\s", dockerfile, re.MULTILINE))
        context = {file.name for file in image.source.iterdir()} | {f"bin/{name}" for name in image.programs}
        context |= {"root.tar"} if image.packages else set()
        context |= set(image.module_folders) | {"bin", "bin/"}
        missing = {file for file in added if not any(file.rstrip("/") in (one, one + "/") for one in context)}
        assert not {file for file in missing if file.split("/")[0] not in image.module_folders}

    def test_says_what_it_is_if_it_sits_in_a_seat(self, image: Image) -> None:
        assert bool(image.seat) == bool(image.taken_by)


@pytest.mark.parametrize("chart", PINS.charts.values(), ids=lambda chart: chart.name)
class TestEveryChart:
    """What is true of each chart."""

    def test_is_this_project_s_or_a_go_module_s(self, chart: Chart) -> None:
        assert bool(chart.module_folder) != (pins.CHARTS / chart.name / "Chart.yaml").is_file()

    def test_has_the_version_that_the_release_pins(self, chart: Chart) -> None:
        assert chart.version == releases.load("1.7").charts[chart.name].version

    def test_says_what_it_is_if_it_sits_in_a_seat(self, chart: Chart) -> None:
        assert bool(chart.seat) == bool(chart.taken_by)


def test_no_two_images_are_asked_for_by_the_same_name_at_the_kit_s_registry() -> None:
    """The registry is one, whose host a mirror's request does not name."""
    repositories = [image.repository for image in PINS.images.values()]
    assert sorted(set(repositories)) == sorted(repositories)


def test_no_two_programs_give_a_person_the_same_command() -> None:
    commands = [command for program in PINS.programs.values() for command in program.commands]
    assert sorted(set(commands)) == sorted(commands)


def test_every_image_every_chart_and_every_program_on_disk_is_pinned() -> None:
    """What is not named here would never be built, and nobody would notice."""
    assert {folder.name for folder in pins.IMAGES.iterdir()} == set(PINS.images)
    assert {folder.name for folder in pins.CHARTS.iterdir()} <= set(PINS.charts)
    assert {folder.name for folder in pins.PROGRAMS.iterdir()} == {
        program.source.name for program in PINS.programs.values()
    }


def test_module_folders_are_those_of_a_program_with_a_module() -> None:
    for one in module_folders():
        program, colon, folder = one.partition(":")
        assert colon
        assert folder
        assert PINS.programs[program].module


def test_the_cluster_s_own_manifests_name_only_images_that_the_kit_has() -> None:
    documents = [
        one for file in MANIFESTS for one in yaml.safe_load_all(re.sub(r"\{\{.*?\}\}", "x", file.read_text())) if one
    ]
    named = {
        container["image"]
        for one in documents
        if one["kind"] in ("Deployment", "DaemonSet")
        for container in one["spec"]["template"]["spec"]["containers"]
    }
    assert named
    assert {_full(name) for name in named} <= NAMES_OF_IMAGES


def _full(reference: str) -> str:
    """An image's name with its registry, which is Docker's where none is named."""
    host = reference.split("/")[0]
    return reference if "." in host and "/" in reference else f"docker.io/{reference}"


def test_the_kit_s_image_of_k3s_is_the_one_that_the_release_names() -> None:
    assert PINS.images["node"].reference == releases.load("1.7").kubernetes.k3s_image


def test_a_program_whose_requirements_do_not_name_its_module_is_refused(tmp_path: Path) -> None:
    (tmp_path / "go.mod").write_text("module kit\n\nrequire example.com/lamp-shade v1.0.0\n")
    program = Program(name="lamp", folder=str(tmp_path), module="example.com/lamp", package="example.com/lamp")
    with pytest.raises(ValueError, match=r"does not require example\.com/lamp"):
        _ = program.version


@pytest.mark.parametrize(
    "requirement", ["require example.com/lamp v1.0.0", "require (\n\texample.com/lamp v1.0.0 // indirect\n)"]
)
def test_a_version_is_found_in_either_way_of_requiring(requirement: str, tmp_path: Path) -> None:
    (tmp_path / "go.mod").write_text(f"module kit\n\n{requirement}\n")
    program = Program(name="lamp", folder=str(tmp_path), module="example.com/lamp", package="example.com/lamp")
    assert program.version == "v1.0.0"


@pytest.mark.parametrize("content", ["[programs.lamp]\npackge = '.'", "[engine]\npackages = 1", "[lamps]"])
def test_pins_that_do_not_follow_the_schema_are_refused(content: str, tmp_path: Path) -> None:
    file = tmp_path / "pins.toml"
    file.write_text(content)
    with pytest.raises(ValidationError):
        pins.load(file)
