"""The rules for building the items of one release's kit: what each is built from, and how."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any

from embedded import debian, engine, golang, pins
from embedded.edits import apply_edits
from embedded.manifests import modules, repository, tree
from embedded.pins import Pins
from embedded.store import Entry, Item, digest_directory
from embedded.workshop import Workshop
from lab.context import RunContext
from lab.run.shell import Shell

ARCHIVE = "image.tar"
"""The registry's own image is kept as an archive, because no registry runs yet when it is needed."""
REGISTRY, ENGINE, RUNC = "registry", "engine", "runc-bounded"
ROOT = "root.tar"
MANIFESTS, MANIFESTS_REPOSITORY = "kubeflow", "manifests.git"
ISTIO_MANIFESTS = "istio"
"""The control plane of Istio, for manifests that have another one."""
MANIFESTS_FROM = ("pilot-discovery", "cert-manager-controller")
"""The programs whose Go modules contain CRDs and charts for the manifests."""

Key = tuple[str, str]
"""The kind and the name of an item."""


@dataclass(frozen=True)
class BuildRule:
    """The rule for building an item.

    Args:
        item: The item.
        dependencies: The items that it is built from.
        fill: Writes its files into an empty directory, and returns facts for its record.
        download: Downloads the modules that a program is built from, which `fill` otherwise does; None for other items.
    """

    item: Item
    dependencies: tuple[Key, ...]
    fill: Callable[[Path], Mapping[str, Any]]
    download: Callable[[], None] | None = None

    @property
    def key(self) -> Key:
        """The kind and the name of the item."""
        return self.item.kind, self.item.name


class Rules:
    """The rules of a kit.

    Args:
        context: The context of the run.
        pins: The pins of the kit.
        workshop: Builds the images.
        entries: The items that exist. The caller adds each item before one that is built from it.
    """

    def __init__(self, context: RunContext, pins: Pins, workshop: Workshop, entries: Mapping[Key, Entry]) -> None:
        self.shell, self.logs = context.create_shell(), context.paths.cache / "logs"
        self.pins, self.workshop, self.entries = pins, workshop, entries

    def list(self) -> list[BuildRule]:
        """Return the rules for all items, according to the pins."""
        return [
            *self._programs(),
            *self._roots(),
            *self._images(),
            *self._charts(),
            *self._manifests(),
            *self._istio_manifests(),
        ]

    def _programs(self) -> Iterator[BuildRule]:
        for program in self.pins.programs.values():
            origin = f"Go module {program.module}" if program.module else f"embedded/programs/{program.source.name}"
            version = program.number if program.module else program.version
            item = Item("programs", program.name, version, origin, program.cache_inputs)
            fill = partial(golang.build, self.shell, program, self.logs / f"{program.name}.log")
            yield BuildRule(item, (), fill, partial(golang.download_requirements, self.shell, program))

    def _roots(self) -> Iterator[BuildRule]:
        packages = {ENGINE: self.pins.engine.packages}
        packages |= {image.name: image.packages for image in self.pins.images.values() if image.packages}
        for name, names in packages.items():
            origin = "Debian packages " + ", ".join(package.removesuffix(debian.OPTIONAL) for package in names)
            cache_inputs = (*names, *debian.NEVER_UNPACKED, *debian.NOT_IN_IMAGES)
            item = Item("roots", name, debian.read_release(), origin, cache_inputs)
            yield BuildRule(item, (), partial(_fill_root, self.shell, names))

    def _images(self) -> Iterator[BuildRule]:
        for image in self.pins.images.values():
            cache_inputs = (
                *(image.json_to_hash, digest_directory(image.source)),
                *((*debian.NEVER_UNPACKED, *debian.NOT_IN_IMAGES) if image.packages else ()),
                *(part for name in image.programs for part in self.pins.programs[name].cache_inputs),
                *(self._module_program(source).version for source in image.module_folders.values()),
                *(metadata.version(source.split(":")[0]) for source in image.python_files.values()),
                *image.references,
            )
            dependencies = [("roots", ENGINE), program_key(RUNC), *map(program_key, image.programs)]
            dependencies += [("roots", image.name)] if image.packages else []
            dependencies += [("images", REGISTRY)] if image.name != REGISTRY else []
            origin, stand_in = f"embedded/images/{image.name}", (image.component, image.implemented_by)
            item = Item("images", image.name, image.reference, origin, cache_inputs, *stand_in)
            yield BuildRule(item, tuple(dependencies), partial(self._fill_image, image))

    def _charts(self) -> Iterator[BuildRule]:
        for chart in self.pins.charts.values():
            program = self._module_program(chart.module_folder)
            cache_inputs, stand_in = (chart.json_to_hash, program.version), (chart.component, chart.implemented_by)
            origin = f"Go module {program.module} {program.version}"
            item = Item("charts", chart.name, chart.version, origin, cache_inputs, *stand_in)
            yield BuildRule(item, (program_key("helm"),), partial(self._fill_chart, chart))

    def _manifests(self) -> Iterator[BuildRule]:
        if not self.pins.has_manifests:
            return
        programs = [self.pins.programs[name] for name in MANIFESTS_FROM]
        cache_inputs = (digest_directory(pins.EMBEDDED / "manifests"), *(program.version for program in programs))
        origin = "embedded/manifests, Go modules " + " and ".join(program.module for program in programs)
        item = Item("manifests", MANIFESTS, repository.BRANCH, origin, cache_inputs)
        yield BuildRule(item, (program_key("helm"),), self._fill_manifests)

    @property
    def _pilot(self) -> str:
        """The reference of istiod's image."""
        return self.pins.images["pilot"].reference

    def _istio_manifests(self) -> Iterator[BuildRule]:
        istio = self.pins.programs[MANIFESTS_FROM[0]]
        cache_inputs = (digest_directory(pins.EMBEDDED / "manifests"), istio.version, self._pilot)
        item = Item("manifests", ISTIO_MANIFESTS, istio.number, f"Go module {istio.module}", cache_inputs)
        yield BuildRule(item, (program_key("helm"),), self._fill_istio_manifests)

    def _fill_istio_manifests(self, directory: Path) -> Mapping[str, Any]:
        istio = self.pins.programs[MANIFESTS_FROM[0]]
        source = golang.download_module(self.shell, istio)
        for path, text in modules.render_istio(self.shell, self._program("helm"), source, self._pilot).items():
            (directory / Path(path).name).write_text(text)
        return {}

    def _fill_manifests(self, directory: Path) -> Mapping[str, Any]:
        istio, cert_manager = (golang.download_module(self.shell, self.pins.programs[name]) for name in MANIFESTS_FROM)
        with tempfile.TemporaryDirectory() as written:
            rendered = modules.render_files(self.shell, self._program("helm"), istio, cert_manager, self._pilot)
            tree.write(Path(written), rendered)
            return {"commit": repository.create(self.shell, Path(written), directory / MANIFESTS_REPOSITORY)}

    def _fill_image(self, image: pins.Image, directory: Path) -> Mapping[str, Any]:
        self.workshop.start(self.entries["roots", ENGINE].directory / ROOT, self._program(RUNC))
        name = _pushed_name(image)
        with tempfile.TemporaryDirectory(dir=directory.parent) as build_context:
            self._fill_build_context(image, Path(build_context))
            size = self.workshop.build(name, Path(build_context))
        if image.name == REGISTRY:
            self.workshop.save(name, directory / ARCHIVE)
        else:
            names = [f"{engine.REGISTRY}/{pins.remove_host(reference)}" for reference in image.references]
            self.workshop.push(name, names, self._load_registry_image(), directory)
        edits = [edit.model_dump() for edit in image.edits]
        return {"reference": image.reference, "unpacked_bytes": size, "edits": edits}

    def _load_registry_image(self) -> str:
        """Load the registry's image into the workshop, unless this run has built it there, and return its name."""
        self.workshop.load(self.entries["images", REGISTRY].directory / ARCHIVE)
        return _pushed_name(self.pins.images[REGISTRY])

    def _fill_build_context(self, image: pins.Image, build_context: Path) -> None:
        shutil.copytree(image.source, build_context, dirs_exist_ok=True)
        if image.packages:
            os.link(self.entries["roots", image.name].directory / ROOT, build_context / ROOT)
        for name in image.programs:
            (build_context / "bin").mkdir(exist_ok=True)
            os.link(self._program(name), build_context / "bin" / name)
        for name, source in image.module_folders.items():
            shutil.copytree(self._module_directory(source), build_context / name)
        apply_edits(image.edits, build_context)
        for name, source in image.python_files.items():
            package, _, file = source.partition(":")
            shutil.copy2(str(metadata.distribution(package).locate_file(file)), build_context / name)

    def _fill_chart(self, chart: pins.Chart, directory: Path) -> Mapping[str, Any]:
        helm = self._program("helm")
        with tempfile.TemporaryDirectory() as copies:
            source = Path(copies, chart.name)
            shutil.copytree(self._module_directory(chart.module_folder), source)
            apply_edits(chart.edits, source)
            self.shell.run(helm, "package", source, "--destination", directory, "--version", chart.version)
        self.shell.run(helm, "repo", "index", directory)
        return {"edits": [edit.model_dump() for edit in chart.edits]}

    def _program(self, name: str) -> Path:
        return self.entries["programs", name].directory / name

    def _module_program(self, source: str) -> pins.Program:
        return self.pins.programs[source.split(":")[0]]

    def _module_directory(self, source: str) -> Path:
        return golang.download_module(self.shell, self._module_program(source)) / source.split(":")[1]


def program_key(name: str) -> Key:
    """Return the kind and the name of the item of a program."""
    return "programs", name


def _fill_root(shell: Shell, packages: tuple[str, ...], directory: Path) -> Mapping[str, Any]:
    with tempfile.TemporaryDirectory(dir=directory.parent) as downloads:
        return {"packages": debian.unpack(shell, packages, directory / ROOT, Path(downloads))}


def _pushed_name(image: pins.Image) -> str:
    return f"{engine.REGISTRY}/{image.repository}"
