"""The pins of every release's kit: its programs, images and charts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from embedded import kits, pins
from embedded.pins import Chart, Image, Pins, Program
from embedded.selection import load_pins
from lab import releases
from lab.config import source
from lab.k8s.images import full_reference
from lab.k8s.version_numbers import find_version, is_in_range
from tests.conftest import REPOSITORY

KITS = {release: load_pins(release) for release in kits.list_releases()}
PINS = KITS["1.7"]
PROGRAMS = {(program.name, program.number): program for kit in KITS.values() for program in kit.programs.values()}
IMAGES = {image.reference: image for kit in KITS.values() for image in kit.images.values()}
SHARED_MODULES = (
    "github.com/google/gnostic",
    "golang.org/x/net",
    "golang.org/x/sys",
    "golang.org/x/text",
    "google.golang.org/protobuf",
    "k8s.io/api",
    "k8s.io/apimachinery",
    "k8s.io/client-go",
    "k8s.io/klog/v2",
    "k8s.io/kube-openapi",
    "k8s.io/utils",
)
"""Modules that Kubernetes' client imports, or that are it."""
MANIFESTS = sorted((pins.PROGRAMS / "node/manifests").glob("*.yaml"))


def list_module_folders() -> list[str]:
    """Return the directories of Go modules that images and charts use, as PROGRAM:DIRECTORY."""
    of_images = [folder for image in PINS.images.values() for folder in image.module_folders.values()]
    return [*of_images, *(chart.module_folder for chart in PINS.charts.values())]


@pytest.fixture(params=list(KITS))
def kit(request: pytest.FixtureRequest) -> Pins:
    """The pins of the kit of each release."""
    return KITS[request.param]


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=lambda program: f"{program.name}-{program.number}")
class TestEveryProgram:
    """Properties of each program."""

    def test_has_requirements_and_checksums(self, program: Program) -> None:
        assert (program.source / "go.mod").is_file()
        requirements = program.source / program.requirements
        has_requirements = re.search(r"^require", requirements.read_text(), re.MULTILINE)
        assert requirements.with_suffix(".sum").is_file() or not has_requirements

    def test_has_a_version_in_its_requirements(self, program: Program) -> None:
        assert re.fullmatch(r"v\d+\.\d+\.\d+\S*", program.version) or not program.module

    def test_has_a_checksum_for_its_version(self, program: Program) -> None:
        if program.module:
            assert f"{program.module} {program.version} h1:" in self.read_checksums(program)

    def read_checksums(self, program: Program) -> str:
        """Return the checksums of its requirements."""
        return (program.source / program.requirements).with_suffix(".sum").read_text()

    def test_is_built_from_its_module_or_its_directory(self, program: Program) -> None:
        if program.package.startswith("."):
            assert (program.source / program.package).is_dir()
        else:
            assert program.package.startswith(program.module)

    def test_commands_are_names_of_the_program(self, program: Program) -> None:
        assert set(program.commands) <= {program.name, *program.provides}

    def test_linker_variables_are_names_with_values(self, program: Program) -> None:
        assert all(re.fullmatch(r"[\w./-]+\.\w+=.+", variable) for variable in program.variables)
        assert not re.search(r"[{}]", " ".join(program.variables).replace("{version}", ""))

    def test_has_edits_only_if_it_has_a_module(self, program: Program) -> None:
        assert program.module or not program.edits
        assert all(edit.old != edit.new for edit in program.edits)


@pytest.mark.parametrize("image", IMAGES.values(), ids=IMAGES)
class TestEveryImage:
    """Properties of each image."""

    def test_has_a_dockerfile(self, image: Image) -> None:
        assert (image.source / "Dockerfile").is_file()

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

    def test_edits_files_of_its_module_folders(self, image: Image) -> None:
        assert {edit.file.split("/")[0] for edit in image.edits} <= set(image.module_folders)
        assert all(edit.old != edit.new for edit in image.edits)

    def test_stand_in_names_component_and_implementation(self, image: Image) -> None:
        assert bool(image.component) == bool(image.implemented_by)

    def test_texts_have_no_placeholders(self, image: Image) -> None:
        assert not re.search(r"[{}]", image.reference + image.component + image.implemented_by)

    def test_serves_repositories_with_their_hosts(self, image: Image) -> None:
        assert all(full_reference(f"{repository}:1") == f"{repository}:1" for repository in image.serves)
        assert image.number or not image.serves


@pytest.mark.parametrize("chart", PINS.charts.values(), ids=lambda chart: chart.name)
class TestEveryChart:
    """Properties of each chart."""

    def test_has_the_version_of_the_source(self, chart: Chart) -> None:
        assert chart.version == source.load(REPOSITORY / "embedded/source.toml").charts[chart.name].version

    def test_is_a_stand_in_unless_it_has_the_version_of_the_release(self, chart: Chart) -> None:
        assert chart.component or chart.version == releases.load("1.7").charts[chart.name].version

    def test_edits_change_something(self, chart: Chart) -> None:
        assert all(edit.old != edit.new for edit in chart.edits)

    def test_stand_in_names_component_and_implementation(self, chart: Chart) -> None:
        assert bool(chart.component) == bool(chart.implemented_by)


def test_images_contain_only_programs_of_their_kit(kit: Pins) -> None:
    assert {name for image in kit.images.values() for name in image.programs} <= set(kit.programs)


def test_no_two_images_serve_the_same_repository(kit: Pins) -> None:
    repositories = [repository for image in kit.images.values() for repository in image.serves]
    assert sorted(set(repositories)) == sorted(repositories)


def test_no_two_images_have_the_same_repository_and_tag(kit: Pins) -> None:
    """The kit has one registry for all hosts, and a request to a mirror does not contain the host."""
    repositories = [image.repository for image in kit.images.values()]
    assert sorted(set(repositories)) == sorted(repositories)


def test_no_two_programs_have_the_same_command(kit: Pins) -> None:
    commands = [command for program in kit.programs.values() for command in program.commands]
    assert sorted(set(commands)) == sorted(commands)


def test_every_image_and_program_on_disk_is_pinned() -> None:
    """Without a pin it would never be built, and no one would notice."""
    assert {directory.name for directory in pins.IMAGES.iterdir()} == {image.name for image in IMAGES.values()}
    sources = {program.source for program in PROGRAMS.values()}
    assert set(pins.PROGRAMS.iterdir()) == sources
    requirements = {source / program.requirements for program in PROGRAMS.values() for source in [program.source]}
    assert set(pins.PROGRAMS.glob("*/*.*.mod")) == {file for file in requirements if file.name != "go.mod"}


def test_module_folders_belong_to_programs_with_a_module() -> None:
    for module_folder in list_module_folders():
        program, colon, folder = module_folder.partition(":")
        assert colon
        assert folder
        assert PINS.programs[program].module


def test_manifests_of_the_node_use_only_images_of_the_kit(kit: Pins) -> None:
    texts = [re.sub(r"\{\{.*?\}\}", "x", file.read_text()) for file in MANIFESTS]
    objects = [obj for text in texts for obj in yaml.safe_load_all(text) if obj]
    workloads = [obj for obj in objects if obj["kind"] in ("Deployment", "DaemonSet")]
    containers = [container for obj in workloads for container in obj["spec"]["template"]["spec"]["containers"]]
    assert containers
    assert {full_reference(container["image"]) for container in containers} <= {
        image.reference for image in kit.images.values()
    }


@pytest.mark.parametrize("release", sorted(set(KITS) & set(releases.list_names())))
def test_node_has_a_kubernetes_of_the_release(release: str) -> None:
    version = find_version(KITS[release].images["node"].number)
    assert version
    assert is_in_range(version, releases.load(release).kubernetes.supported)


def test_image_of_the_node_is_the_k3s_image_of_the_default_release() -> None:
    assert PINS.images["node"].reference == releases.load("1.7").kubernetes.k3s_image


@pytest.mark.parametrize("release", sorted(set(KITS) & set(releases.list_names())))
def test_kustomize_is_in_the_range_of_the_release(release: str) -> None:
    version = find_version(KITS[release].programs["kustomize"].number)
    assert version
    assert is_in_range(version, releases.load(release).tools.kustomize)


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


@pytest.mark.parametrize(
    "names",
    [
        ("hyperkube", "coredns", "cert-manager-controller", "training-operator"),
        ("pilot-discovery", "helm", "metallb-controller"),
    ],
)
def test_programs_of_the_first_kit_share_the_modules_that_take_longest_to_compile(names: tuple[str, ...]) -> None:
    """Otherwise everything that imports Kubernetes' client is compiled again for each program."""
    texts = [(PINS.programs[name].source / PINS.programs[name].requirements).read_text() for name in names]
    for module in SHARED_MODULES:
        versions = {find_required_version(text, module) for text in texts}
        assert len(versions) == 1, module


def find_required_version(requirements: str, module: str) -> str:
    """Return the version of a module in requirements that do not replace it by another version."""
    found = re.search(rf"^(?:require )?\t?{re.escape(module)} (v\S+)", requirements, re.MULTILINE)
    assert found, module
    replaced = re.search(rf"^(?:replace )?\t?{re.escape(module)} => \S+ (v\S+)", requirements, re.MULTILINE)
    return replaced[1] if replaced else found[1]
