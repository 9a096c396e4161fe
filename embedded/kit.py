"""The kit: everything an embedded lab is made of, built once from package registries and kept in a cache."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any

from embedded import debian, engine, golang, inventory, pins
from embedded.manifests import modules, repository, tree
from embedded.store import Entry, Item, Store, digest_of_files
from embedded.workshop import Workshop
from lab import folders, lock
from lab.progress import Progress
from lab.terminal import Terminal

ARCHIVE = "image.tar"
"""The registry's own image is kept as an archive, since no registry is there yet to pull it from."""
REGISTRY, ENGINE, RUNC = "registry", "engine", "runc-bounded"
ROOT = "root.tar"
MANIFESTS, MANIFESTS_REPOSITORY = "kubeflow", "manifests.git"
MANIFESTS_FROM = ("pilot-discovery", "cert-manager-controller")
"""The programs whose Go modules carry CRDs and charts that the manifests take from them."""
FOLDER = "kit"
"""Of the cache."""

Key = tuple[str, str]
"""Kind and name of an item."""


@dataclass(frozen=True)
class Work:
    """How an item is made.

    Arguments:
        item: what it is.
        needs: the items that it is made from.
        make: fills its empty folder, and returns facts for its record.
    """

    item: Item
    needs: tuple[Key, ...]
    make: Callable[[Path], Mapping[str, Any]]


@dataclass(frozen=True)
class Kit:
    """What a lab uses of the kit, by kind and name."""

    entries: Mapping[Key, Entry]
    pins: pins.Pins

    def folder(self, kind: str, name: str) -> Path:
        """Where an item's files are."""
        return self.entries[kind, name].folder

    def program(self, name: str) -> Path:
        """A program of the kit, by the program's own name."""
        return self.folder("programs", name) / name


def build(progress: Progress, wanted: Sequence[Key] = ()) -> Kit:
    """What a lab uses of the kit: what the cache has intact is taken from there, the rest is built.

    Arguments:
        progress: where building shows itself.
        wanted: kind and name of the items that are wanted, if not all that a lab uses.

    Raises LabError when something cannot be had or built; what was built so far is kept.
    """
    with lock.kit_held(progress.say), Workshop(folders.cache() / "workshop") as workshop:
        return _Builder(workshop, progress).kit(wanted)


def is_built() -> bool:
    """Tells whether the cache has a whole kit, without a look at whether it is intact."""
    return not _Builder(Workshop(folders.cache() / "workshop"), Progress()).missing


class _Builder:
    """Gives what is intact, and builds what is not, after what it is built from."""

    def __init__(self, workshop: Workshop, progress: Progress) -> None:
        self.store, self.logs = Store(folders.cache() / FOLDER), folders.cache() / "logs"
        self.workshop, self.progress = workshop, progress
        self.pins = pins.load()
        self.entries: dict[Key, Entry] = {}
        works = [*self._programs(), *self._roots(), *self._images(), *self._charts(), *self._manifests()]
        self.works = {(work.item.kind, work.item.name): work for work in works}
        self.missing = sum(not self.store.has(work.item) for work in works)
        self.built = 0

    def kit(self, wanted: Sequence[Key]) -> Kit:
        """The items; what they are built from is looked at only if something must be built."""
        self.logs.mkdir(parents=True, exist_ok=True)
        for key in wanted or [*map(_program_key, self._used_programs()), ("roots", ENGINE), *self._served()]:
            self._ensure(key)
        if self.built:
            works = [(key, work) for key, work in self.works.items() if self.store.has(work.item)]
            inventory.write({key: self.store.entry(work.item) for key, work in works}, self.store.folder)
        return Kit(self.entries, self.pins)

    def _used_programs(self) -> list[str]:
        return [RUNC, *(program.name for program in self.pins.programs.values() if program.commands)]

    def _served(self) -> list[Key]:
        return [key for key in self.works if key[0] in ("images", "charts", "manifests")]

    def _ensure(self, key: Key) -> Entry:
        if key not in self.entries:
            work = self.works[key]
            entry, reason = self.store.intact(work.item)
            if entry is None:
                for need in work.needs:
                    self._ensure(need)
                entry = self._build(work, reason)
            self.entries[key] = entry
        return self.entries[key]

    def _build(self, work: Work, reason: str) -> Entry:
        self.built += 1
        item = work.item
        with self.progress.stage(
            f"kit: {item.kind}/{item.name} {item.version} ({reason})", self.built, max(self.built, self.missing)
        ):
            return self.store.build(item, work.make)

    def _programs(self) -> Iterator[Work]:
        for program in self.pins.programs.values():
            origin = f"Go module {program.module}" if program.module else f"embedded/programs/{program.source.name}"
            item = Item("programs", program.name, program.version, origin, program.decides)
            yield Work(item, (), partial(golang.build, program, self.logs / f"{program.name}.log"))

    def _roots(self) -> Iterator[Work]:
        packages = {ENGINE: self.pins.engine.packages}
        packages |= {image.name: image.packages for image in self.pins.images.values() if image.packages}
        for name, names in packages.items():
            origin = "Debian packages " + ", ".join(names)
            item = Item("roots", name, "bookworm", origin, (*names, *debian.NEVER_UNPACKED, *debian.NOT_IN_IMAGES))
            yield Work(item, (), partial(_make_root, names))

    def _images(self) -> Iterator[Work]:
        for image in self.pins.images.values():
            decides = (
                *(image.model_dump_json(), digest_of_files(image.source)),
                *((*debian.NEVER_UNPACKED, *debian.NOT_IN_IMAGES) if image.packages else ()),
                *(part for name in image.programs for part in self.pins.programs[name].decides),
                *(self._module_of(source).version for source in image.module_folders.values()),
                *(metadata.version(source.split(":")[0]) for source in image.python_files.values()),
                *image.references,
            )
            origin, seat = f"embedded/images/{image.name}", (image.seat, image.taken_by)
            needs: list[Key] = [("roots", ENGINE), _program_key(RUNC), *map(_program_key, image.programs)]
            needs += [("roots", image.name)] if image.packages else []
            needs += [("images", REGISTRY)] if image.name != REGISTRY else []
            item = Item("images", image.name, image.reference, origin, decides, *seat)
            yield Work(item, tuple(needs), partial(self._make_image, image))

    def _charts(self) -> Iterator[Work]:
        for chart in self.pins.charts.values():
            if chart.module_folder:
                program = self._module_of(chart.module_folder)
                origin, content = f"Go module {program.module} {program.version}", program.version
            else:
                origin, content = f"embedded/charts/{chart.name}", digest_of_files(pins.CHARTS / chart.name)
            decides, seat = (chart.model_dump_json(), content), (chart.seat, chart.taken_by)
            item = Item("charts", chart.name, chart.version, origin, decides, *seat)
            yield Work(item, (_program_key("helm"),), partial(self._make_chart, chart))

    def _manifests(self) -> Iterator[Work]:
        programs = [self.pins.programs[name] for name in MANIFESTS_FROM]
        decides = (digest_of_files(pins.HERE / "manifests"), *(program.version for program in programs))
        origin = "embedded/manifests, Go modules " + " and ".join(program.module for program in programs)
        item = Item("manifests", MANIFESTS, repository.BRANCH, origin, decides)
        yield Work(item, (_program_key("helm"),), self._make_manifests)

    def _make_manifests(self, folder: Path) -> Mapping[str, Any]:
        sources = [golang.module_folder(self.pins.programs[name]) for name in MANIFESTS_FROM]
        with tempfile.TemporaryDirectory() as written:
            tree.write(Path(written), modules.carried(self._program("helm"), *sources))
            return {"commit": repository.make(Path(written), folder / MANIFESTS_REPOSITORY)}

    def _make_image(self, image: pins.Image, folder: Path) -> Mapping[str, Any]:
        self.workshop.start(self.entries["roots", ENGINE].folder / ROOT, self._program(RUNC))
        name = _pushed_name(image)
        with tempfile.TemporaryDirectory(dir=folder.parent) as context:
            self._fill_context(image, Path(context))
            size = self.workshop.build(name, Path(context))
        if image.name == REGISTRY:
            self.workshop.save(name, folder / ARCHIVE)
        else:
            names = [f"{engine.REGISTRY}/{pins.without_host(reference)}" for reference in image.references]
            self.workshop.push(name, names, self._registry_image(), folder)
        return {"reference": image.reference, "unpacked_bytes": size}

    def _registry_image(self) -> str:
        """The registry's image, in the workshop; loaded there unless this run has built it."""
        self.workshop.load(self.entries["images", REGISTRY].folder / ARCHIVE)
        return _pushed_name(self.pins.images[REGISTRY])

    def _fill_context(self, image: pins.Image, context: Path) -> None:
        shutil.copytree(image.source, context, dirs_exist_ok=True)
        if image.packages:
            os.link(self.entries["roots", image.name].folder / ROOT, context / ROOT)
        for name in image.programs:
            (context / "bin").mkdir(exist_ok=True)
            os.link(self._program(name), context / "bin" / name)
        for name, source in image.module_folders.items():
            shutil.copytree(self._module_folder(source), context / name)
        for name, source in image.python_files.items():
            package, _, file = source.partition(":")
            shutil.copy2(str(metadata.distribution(package).locate_file(file)), context / name)

    def _make_chart(self, chart: pins.Chart, folder: Path) -> Mapping[str, Any]:
        source = self._module_folder(chart.module_folder) if chart.module_folder else pins.CHARTS / chart.name
        helm = self._program("helm")
        Terminal().run(helm, "package", source, "--destination", folder, "--version", chart.version)
        Terminal().run(helm, "repo", "index", folder)
        return {}

    def _program(self, name: str) -> Path:
        return self.entries["programs", name].folder / name

    def _module_of(self, source: str) -> pins.Program:
        return self.pins.programs[source.split(":")[0]]

    def _module_folder(self, source: str) -> Path:
        return golang.module_folder(self._module_of(source)) / source.split(":")[1]


def _program_key(name: str) -> Key:
    return "programs", name


def _make_root(packages: tuple[str, ...], folder: Path) -> Mapping[str, Any]:
    with tempfile.TemporaryDirectory(dir=folder.parent) as downloads:
        return {"packages": debian.unpack(packages, folder / ROOT, Path(downloads))}


def _pushed_name(image: pins.Image) -> str:
    return f"{engine.REGISTRY}/{image.repository}"
