"""The kit: all parts of an embedded lab, built once from package registries and kept in the cache."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any

from rich.console import Console

from embedded import debian, engine, golang, inventory, pins
from embedded.manifests import modules, repository, tree
from embedded.store import Entry, Item, Store, digest_directory
from embedded.workshop import Workshop
from lab.context import RunContext
from lab.errors import LabError
from lab.host.lock import hold_kit
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
PRINTED_WIDTH = 200
"""The columns of the inventory where it is not printed to a terminal."""

Key = tuple[str, str]
"""The kind and the name of an item."""


@dataclass(frozen=True)
class BuildRule:
    """The rule for building an item.

    Args:
        item: The item.
        dependencies: The items that it is built from.
        fill: Writes its files into an empty directory, and returns facts for its record.
    """

    item: Item
    dependencies: tuple[Key, ...]
    fill: Callable[[Path], Mapping[str, Any]]

    @property
    def key(self) -> Key:
        """The kind and the name of the item."""
        return self.item.kind, self.item.name


@dataclass(frozen=True)
class Kit:
    """The items of the kit that a lab uses.

    Args:
        entries: The items by kind and name.
        pins: The pins that they were built from.
    """

    entries: Mapping[Key, Entry]
    pins: pins.Pins

    def directory(self, kind: str, name: str) -> Path:
        """Return the directory with the files of an item."""
        return self.entries[kind, name].directory

    def program(self, name: str) -> Path:
        """Return the path of a program."""
        return self.directory("programs", name) / name


def build(context: RunContext, keys: Sequence[Key] = (), *, verifies_files: bool = True) -> Kit:
    """Return items of the kit: those that are intact in the cache, and all others after building them.

    Args:
        context: The context of the run.
        keys: The kind and the name of each item; by default, all items that a lab uses.
        verifies_files: Whether to verify the checksums of all files, which takes a second for the whole kit. A lab that
            runs was started from verified files.

    Raises:
        LabError: If an item does not exist, or cannot be downloaded or built. Items that are built already are kept.
    """
    with hold_kit(context.paths, context.progress.print), Workshop(context) as workshop:
        return Builder(context, workshop, verifies_files=verifies_files).build(keys)


def is_built(context: RunContext) -> bool:
    """Return whether the cache has the whole kit, without checking that it is intact."""
    return not Builder(context, Workshop(context)).missing


def print_inventory(context: RunContext, names: Sequence[str] = ()) -> None:
    """Build items of the kit as far as they are missing, and print the inventory of the whole kit.

    Args:
        context: The context of the run.
        names: The items, each as KIND/NAME; by default, all items that a lab uses.

    Raises:
        LabError: If an item does not exist, or cannot be downloaded or built.
    """
    build(context, [(kind, name) for kind, _, name in (text.partition("/") for text in names)])
    rows = inventory.read(context.paths.kit)
    console = Console(width=None if sys.stdout.isatty() else PRINTED_WIDTH)
    console.print(inventory.format_table(rows))
    console.print(f"{sum(row['bytes'] for row in rows) / inventory.MB:.0f} MB in {len(rows)} items")


class Builder:
    """Builds the items that are missing or damaged, each after the items that it is built from.

    Args:
        context: The context of the run.
        workshop: Builds the images.
        verifies_files: Whether to verify the checksums of all files.
    """

    def __init__(self, context: RunContext, workshop: Workshop, *, verifies_files: bool = True) -> None:
        self._verifies_files = verifies_files
        self.store, self.logs = Store(context.paths.kit), context.paths.cache / "logs"
        self.shell, self.progress, self.workshop = context.create_shell(), context.progress, workshop
        self.pins = pins.load()
        self.entries: dict[Key, Entry] = {}
        self.rules = {rule.key: rule for rule in self.list_rules()}
        self.missing = sum(not self.store.is_built(rule.item) for rule in self.rules.values())
        self.built = 0

    def list_rules(self) -> list[BuildRule]:
        """Return the rules for all items, according to the pins."""
        return [*self._programs(), *self._roots(), *self._images(), *self._charts(), *self._manifests()]

    def build(self, keys: Sequence[Key]) -> Kit:
        """Return items, and write the inventory of the kit; for the arguments see the function of the same name."""
        if unknown := [f"{kind}/{name}" for kind, name in keys if (kind, name) not in self.rules]:
            raise LabError(
                f"the kit has no {', '.join(unknown)}",
                expected="KIND/NAME of an item",
                remedy="build the whole kit and read its inventory: `python -m lab kit`",
            )
        self.logs.mkdir(parents=True, exist_ok=True)
        for key in keys or self._list_used_keys():
            self.ensure(key)
        rules = [rule for rule in self.rules.values() if self.store.is_built(rule.item)]
        inventory.write([self.store.load_entry(rule.item) for rule in rules], self.store.directory)
        return Kit(self.entries, self.pins)

    def ensure(self, key: Key) -> Entry:
        """Return an item, after building it if it is missing or damaged.

        The items that it is built from are checked only if it must be built.
        """
        if key not in self.entries:
            rule = self.rules[key]
            entry, reason = self.store.find_intact(rule.item, verifies_files=self._verifies_files)
            if entry is None:
                for dependency in rule.dependencies:
                    self.ensure(dependency)
                entry = self._build(rule, reason)
            self.entries[key] = entry
        return self.entries[key]

    def _build(self, rule: BuildRule, reason: str) -> Entry:
        self.built += 1
        item = rule.item
        title = f"kit: {item.kind}/{item.name} {item.version} ({reason})"
        with self.progress.stage(title, self.built, max(self.built, self.missing)):
            return self.store.build(item, rule.fill)

    def _list_used_keys(self) -> list[Key]:
        used = [RUNC, *(program.name for program in self.pins.programs.values() if program.commands)]
        served = [key for key in self.rules if key[0] in ("images", "charts", "manifests")]
        return [*map(_program_key, used), ("roots", ENGINE), *served]

    def _programs(self) -> Iterator[BuildRule]:
        for program in self.pins.programs.values():
            origin = f"Go module {program.module}" if program.module else f"embedded/programs/{program.source.name}"
            item = Item("programs", program.name, program.version, origin, program.cache_inputs)
            yield BuildRule(item, (), partial(golang.build, self.shell, program, self.logs / f"{program.name}.log"))

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
            dependencies = [("roots", ENGINE), _program_key(RUNC), *map(_program_key, image.programs)]
            dependencies += [("roots", image.name)] if image.packages else []
            dependencies += [("images", REGISTRY)] if image.name != REGISTRY else []
            origin, stand_in = f"embedded/images/{image.name}", (image.component, image.implemented_by)
            item = Item("images", image.name, image.reference, origin, cache_inputs, *stand_in)
            yield BuildRule(item, tuple(dependencies), partial(self._fill_image, image))

    def _charts(self) -> Iterator[BuildRule]:
        for chart in self.pins.charts.values():
            if chart.module_folder:
                program = self._module_program(chart.module_folder)
                origin, content = f"Go module {program.module} {program.version}", program.version
            else:
                origin, content = f"embedded/charts/{chart.name}", digest_directory(pins.CHARTS / chart.name)
            cache_inputs, stand_in = (chart.json_to_hash, content), (chart.component, chart.implemented_by)
            item = Item("charts", chart.name, chart.version, origin, cache_inputs, *stand_in)
            yield BuildRule(item, (_program_key("helm"),), partial(self._fill_chart, chart))

    def _manifests(self) -> Iterator[BuildRule]:
        programs = [self.pins.programs[name] for name in MANIFESTS_FROM]
        cache_inputs = (digest_directory(pins.EMBEDDED / "manifests"), *(program.version for program in programs))
        origin = "embedded/manifests, Go modules " + " and ".join(program.module for program in programs)
        item = Item("manifests", MANIFESTS, repository.BRANCH, origin, cache_inputs)
        yield BuildRule(item, (_program_key("helm"),), self._fill_manifests)
        istio = self.pins.programs[MANIFESTS_FROM[0]]
        cache_inputs = (digest_directory(pins.EMBEDDED / "manifests"), istio.version)
        item = Item("manifests", ISTIO_MANIFESTS, istio.version, f"Go module {istio.module}", cache_inputs)
        yield BuildRule(item, (_program_key("helm"),), self._fill_istio_manifests)

    def _fill_manifests(self, directory: Path) -> Mapping[str, Any]:
        sources = [golang.download_module(self.shell, self.pins.programs[name]) for name in MANIFESTS_FROM]
        with tempfile.TemporaryDirectory() as written:
            tree.write(Path(written), modules.render_files(self.shell, self._program("helm"), *sources))
            return {"commit": repository.create(self.shell, Path(written), directory / MANIFESTS_REPOSITORY)}

    def _fill_istio_manifests(self, directory: Path) -> Mapping[str, Any]:
        source = golang.download_module(self.shell, self.pins.programs[MANIFESTS_FROM[0]])
        for path, text in modules.render_istio(self.shell, self._program("helm"), source).items():
            (directory / Path(path).name).write_text(text)
        return {}

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
        return {"reference": image.reference, "unpacked_bytes": size}

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
        for name, source in image.python_files.items():
            package, _, file = source.partition(":")
            shutil.copy2(str(metadata.distribution(package).locate_file(file)), build_context / name)

    def _fill_chart(self, chart: pins.Chart, directory: Path) -> Mapping[str, Any]:
        own = pins.CHARTS / chart.name
        source = self._module_directory(chart.module_folder) if chart.module_folder else own
        helm = self._program("helm")
        self.shell.run(helm, "package", source, "--destination", directory, "--version", chart.version)
        self.shell.run(helm, "repo", "index", directory)
        return {}

    def _program(self, name: str) -> Path:
        return self.entries["programs", name].directory / name

    def _module_program(self, source: str) -> pins.Program:
        return self.pins.programs[source.split(":")[0]]

    def _module_directory(self, source: str) -> Path:
        return golang.download_module(self.shell, self._module_program(source)) / source.split(":")[1]


def _program_key(name: str) -> Key:
    return "programs", name


def _fill_root(shell: Shell, packages: tuple[str, ...], directory: Path) -> Mapping[str, Any]:
    with tempfile.TemporaryDirectory(dir=directory.parent) as downloads:
        return {"packages": debian.unpack(shell, packages, directory / ROOT, Path(downloads))}


def _pushed_name(image: pins.Image) -> str:
    return f"{engine.REGISTRY}/{image.repository}"
