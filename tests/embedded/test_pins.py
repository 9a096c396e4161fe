"""embedded/pins.toml, and the programs, images and charts that it pins."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from embedded import pins
from embedded.pins import Chart, Image, Program
from lab import releases
from lab.config import source
from lab.k8s.images import full_reference
from tests.conftest import REPOSITORY

PINS = pins.load()
REFERENCES = {image.reference for image in PINS.images.values()}
MANIFESTS = sorted((pins.PROGRAMS / "node/manifests").glob("*.yaml"))


def list_module_folders() -> list[str]:
    """Return the directories of Go modules that images and charts use, as PROGRAM:DIRECTORY."""
    of_images = [folder for image in PINS.images.values() for folder in image.module_folders.values()]
    return [*of_images, *(chart.module_folder for chart in PINS.charts.values() if chart.module_folder)]


@pytest.mark.parametrize("program", PINS.programs.values(), ids=lambda program: program.name)
class TestEveryProgram:
    """Properties of each program."""

    def test_has_go_mod_and_go_sum(self, program: Program) -> None:
        assert (program.source / "go.mod").is_file()
        has_requirements = re.search(r"^require", (program.source / "go.mod").read_text(), re.MULTILINE)
        assert (program.source / "go.sum").is_file() or not has_requirements

    def test_has_a_version_in_go_mod(self, program: Program) -> None:
        assert re.fullmatch(r"v\d+\.\d+\.\d+\S*", program.version) or not program.module

    def test_has_a_checksum_for_its_version(self, program: Program) -> None:
        if program.module:
            assert f"{program.module} {program.version} h1:" in (program.source / "go.sum").read_text()

    def test_is_built_from_its_module_or_its_directory(self, program: Program) -> None:
        if program.package.startswith("."):
            assert (program.source / program.package).is_dir()
        else:
            assert program.package.startswith(program.module)

    def test_commands_are_names_of_the_program(self, program: Program) -> None:
        assert set(program.commands) <= {program.name, *program.provides}

    def test_linker_variables_are_names_with_values(self, program: Program) -> None:
        assert all(re.fullmatch(r"[\w./-]+\.\w+=.+", variable) for variable in program.variables)
        assert all(variable.format(version=program.version) for variable in program.variables)

    def test_has_edits_only_if_it_has_a_module(self, program: Program) -> None:
        assert program.module or not program.edits
        assert all(edit.old != edit.new for edit in program.edits)


@pytest.mark.parametrize("image", PINS.images.values(), ids=lambda image: image.name)
class TestEveryImage:
    """Properties of each image."""

    def test_has_a_dockerfile(self, image: Image) -> None:
        assert (image.source / "Dockerfile").is_file()

    def test_contains_only_pinned_programs(self, image: Image) -> None:
        assert set(image.programs) <= set(PINS.programs)

    def test_reference_has_registry_repository_and_tag(self, image: Image) -> None:
        assert re.fullmatch(r"[a-z0-9.-]+\.[a-z]+/[a-z0-9./-]+:[A-Za-z0-9._-]+", image.reference)

    def test_registry_has_a_mirror_in_the_kit(self, image: Image) -> None:
        mirrors = source.load(REPOSITORY / "embedded/source.toml").mirrors
        assert image.reference.split("/")[0] in mirrors

    def test_dockerfile_copies_only_files_of_the_build_context(self, image: Image) -> None:
        dockerfile = (image.source / "Dockerfile").read_text()
        copied = set(re.findall(r"^(?:ADD|COPY)\s+(?:--\S+\s+)*(\S+)\s", dockerfile, re.MULTILINE))
        context = {file.name for file in image.source.iterdir()} | {f"bin/{name}" for name in image.programs}
        context |= {"root.tar"} if image.packages else set()
        context |= {"bin", *image.module_folders}
        missing = {file for file in copied if file.rstrip("/") not in context}
        assert not {file for file in missing if file.split("/")[0] not in image.module_folders}

    def test_stand_in_names_component_and_implementation(self, image: Image) -> None:
        assert bool(image.component) == bool(image.implemented_by)


@pytest.mark.parametrize("chart", PINS.charts.values(), ids=lambda chart: chart.name)
class TestEveryChart:
    """Properties of each chart."""

    def test_is_local_or_from_a_go_module(self, chart: Chart) -> None:
        assert bool(chart.module_folder) != (pins.CHARTS / chart.name / "Chart.yaml").is_file()

    def test_has_the_version_of_the_release(self, chart: Chart) -> None:
        assert chart.version == releases.load("1.7").charts[chart.name].version

    def test_stand_in_names_component_and_implementation(self, chart: Chart) -> None:
        assert bool(chart.component) == bool(chart.implemented_by)


def test_no_two_images_have_the_same_repository_and_tag() -> None:
    """The kit has one registry for all hosts, and a request to a mirror does not contain the host."""
    repositories = [image.repository for image in PINS.images.values()]
    assert sorted(set(repositories)) == sorted(repositories)


def test_no_two_programs_have_the_same_command() -> None:
    commands = [command for program in PINS.programs.values() for command in program.commands]
    assert sorted(set(commands)) == sorted(commands)


def test_every_image_chart_and_program_on_disk_is_pinned() -> None:
    """Without a pin it would never be built, and no one would notice."""
    assert {directory.name for directory in pins.IMAGES.iterdir()} == set(PINS.images)
    assert {directory.name for directory in pins.CHARTS.iterdir()} <= set(PINS.charts)
    sources = {program.source.name for program in PINS.programs.values()}
    assert {directory.name for directory in pins.PROGRAMS.iterdir()} == sources


def test_module_folders_belong_to_programs_with_a_module() -> None:
    for module_folder in list_module_folders():
        program, colon, folder = module_folder.partition(":")
        assert colon
        assert folder
        assert PINS.programs[program].module


def test_manifests_of_the_node_use_only_images_of_the_kit() -> None:
    texts = [re.sub(r"\{\{.*?\}\}", "x", file.read_text()) for file in MANIFESTS]
    objects = [obj for text in texts for obj in yaml.safe_load_all(text) if obj]
    workloads = [obj for obj in objects if obj["kind"] in ("Deployment", "DaemonSet")]
    containers = [container for obj in workloads for container in obj["spec"]["template"]["spec"]["containers"]]
    assert containers
    assert {full_reference(container["image"]) for container in containers} <= REFERENCES


def test_image_of_the_node_is_the_k3s_image_of_the_release() -> None:
    assert PINS.images["node"].reference == releases.load("1.7").kubernetes.k3s_image


@pytest.mark.parametrize("pin", [PINS.images["dex"], PINS.charts["ingress-nginx"]], ids=["image", "chart"])
def test_description_is_no_input_of_an_item(pin: Image | Chart) -> None:
    described = pin.model_copy(update={"implemented_by": "another description"})
    assert described.json_to_hash == pin.json_to_hash


def test_program_whose_go_mod_lacks_its_module_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "go.mod").write_text("module kit\n\nrequire example.com/web-server v1.0.0\n")
    program = Program(name="web", folder=str(tmp_path), module="example.com/web", package="example.com/web")
    with pytest.raises(ValueError, match=r"does not require example\.com/web"):
        _ = program.version


@pytest.mark.parametrize(
    "requirement", ["require example.com/web v1.0.0", "require (\n\texample.com/web v1.0.0 // indirect\n)"]
)
def test_version_is_found_in_both_forms_of_requirements(requirement: str, tmp_path: Path) -> None:
    (tmp_path / "go.mod").write_text(f"module kit\n\n{requirement}\n")
    program = Program(name="web", folder=str(tmp_path), module="example.com/web", package="example.com/web")
    assert program.version == "v1.0.0"


@pytest.mark.parametrize("content", ["[programs.web]\npackge = '.'", "[engine]\npackages = 1", "[webs]"])
def test_invalid_pins_are_rejected(content: str, tmp_path: Path) -> None:
    file = tmp_path / "pins.toml"
    file.write_text(content)
    with pytest.raises(ValidationError):
        pins.load(file)
