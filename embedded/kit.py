"""The kit: all parts of an embedded lab, built once from package registries and kept in the cache."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from pathlib import Path

from rich.console import Console

from embedded import inventory, kits
from embedded.pins import Pins
from embedded.rules import ENGINE, RUNC, BuildRule, Key, Rules, program_key
from embedded.selection import load_pins
from embedded.store import NOT_BUILT, Entry, Store
from embedded.workshop import Workshop
from lab.context import RunContext
from lab.errors import LabError
from lab.host.lock import hold_kit
from lab.run.background import run_in_background

PRINTED_WIDTH = 200
"""The columns of the inventory where it is not printed to a terminal."""


@dataclass(frozen=True)
class Kit:
    """The items of the kit that a lab uses.

    Args:
        entries: The items by kind and name.
        pins: The pins that they were built from.
    """

    entries: Mapping[Key, Entry]
    pins: Pins

    def directory(self, kind: str, name: str) -> Path:
        """Return the directory with the files of an item."""
        return self.entries[kind, name].directory

    def program(self, name: str) -> Path:
        """Return the path of a program."""
        return self.directory("programs", name) / name


def build(context: RunContext, keys: Sequence[Key] = (), *, verifies_files: bool = True) -> Kit:
    """Return items of the kit of the run's release: those that are intact in the cache, all others after building them.

    Args:
        context: The context of the run.
        keys: The kind and the name of each item; by default, all items that a lab uses.
        verifies_files: Whether to verify the checksums of all files, which takes a second for the whole kit. A lab that
            runs was started from verified files.

    Raises:
        LabError: If there is no kit of the release, or an item does not exist or cannot be downloaded or built. Items
            that are built already are kept.
    """
    with hold_kit(context.paths, context.progress.print), Workshop(context) as workshop:
        return Builder(context, workshop, verifies_files=verifies_files).build(keys)


def is_built(context: RunContext) -> bool:
    """Return whether the cache has the whole kit of the run's release, without checking that it is intact."""
    return not Builder(context, Workshop(context)).missing


def print_inventory(context: RunContext, names: Sequence[str] = ()) -> None:
    """Build items of the kit as far as they are missing, and print the kit's inventory and its images of Kubeflow.

    Args:
        context: The context of the run.
        names: The items, each as KIND/NAME; by default, all items that a lab uses.

    Raises:
        LabError: If there is no kit of the release, or an item does not exist or cannot be downloaded or built.
    """
    built = build(context, [(kind, name) for kind, _, name in (text.partition("/") for text in names)])
    rows = inventory.read(context.paths.kit)
    console = Console(width=None if sys.stdout.isatty() else PRINTED_WIDTH)
    console.print(inventory.format_table(rows))
    console.print(f"{sum(row['bytes'] for row in rows) / inventory.MB:.0f} MB in {len(rows)} items\n")
    console.print(inventory.format_images(built.pins.images.values(), context.settings.release))


class Builder:
    """Builds the items that are missing or damaged, each after the items that it is built from.

    Args:
        context: The context of the run.
        workshop: Builds the images.
        verifies_files: Whether to verify the checksums of all files.
    """

    def __init__(self, context: RunContext, workshop: Workshop, *, verifies_files: bool = True) -> None:
        self._context, self._workshop, self._verifies_files = context, workshop, verifies_files
        self.store = Store(context.paths.kit)
        self.pins = load_pins(context.settings.release)
        self.entries: dict[Key, Entry] = {}
        self.rules = {rule.key: rule for rule in self.list_rules()}
        self.missing = sum(not self.store.is_built(rule.item) for rule in self.rules.values())
        self._numbers = count(1)
        self._programs: dict[Key, Future[Entry]] = {}

    def list_rules(self) -> list[BuildRule]:
        """Return the rules for all items, according to the pins."""
        return Rules(self._context, self.pins, self._workshop, self.entries).list()

    def build(self, keys: Sequence[Key]) -> Kit:
        """Return items, and write the inventory of the kit; for the arguments see the function of the same name."""
        if unknown := [f"{kind}/{name}" for kind, name in keys if (kind, name) not in self.rules]:
            raise LabError(
                f"the kit has no {', '.join(unknown)}",
                expected="KIND/NAME of an item",
                remedy="build the whole kit and read its inventory: `python -m lab kit`",
            )
        (self._context.paths.cache / "logs").mkdir(parents=True, exist_ok=True)
        keys = keys or self._list_used_keys()
        with self._build_programs(keys):
            for key in keys:
                self.ensure(key)
        rules = [rule for rule in self.rules.values() if self.store.is_built(rule.item)]
        inventory.write([self.store.load_entry(rule.item) for rule in rules], self.store.directory)
        return Kit(self.entries, self.pins)

    def ensure(self, key: Key) -> Entry:
        """Return an item, after building it if it is missing or damaged.

        The items that it is built from are checked only if it must be built.
        """
        if key in self._programs:
            self.entries[key] = self._programs[key].result()
        if key not in self.entries:
            rule = self.rules[key]
            entry, reason = self.store.find_intact(rule.item, verifies_files=self._verifies_files)
            if entry is None:
                for dependency in rule.dependencies:
                    self.ensure(dependency)
                entry = self._build(rule, reason)
            self.entries[key] = entry
        return self.entries[key]

    @contextmanager
    def _build_programs(self, keys: Sequence[Key]) -> Iterator[None]:
        """Build the missing programs in the background, one after the other, in the order in which they are needed.

        Go does not use all processors while it downloads and links. So modules are downloaded ahead, and other items
        are built at the same time. If a program cannot be built, the following ones are not, and nothing waits for
        them.
        """
        rules = {rule.key: rule for rule in self._list_missing(keys) if rule.download}
        self._programs = {key: Future() for key in rules}

        def download() -> None:
            for rule in rules.values():
                if rule.download:
                    rule.download()

        def build() -> None:
            for key, rule in rules.items():
                future = self._programs[key]
                try:
                    future.set_result(self._build(rule, NOT_BUILT))
                except Exception as error:
                    future.set_exception(error)
                    raise

        with run_in_background(download), run_in_background(build):
            yield

    def _list_missing(self, keys: Sequence[Key]) -> Iterator[BuildRule]:
        """Yield the rules of the missing items, in the order in which they are built; some more than once."""
        for key in keys:
            if not self.store.is_built((rule := self.rules[key]).item):
                yield from self._list_missing(rule.dependencies)
                yield rule

    def _build(self, rule: BuildRule, reason: str) -> Entry:
        item, number = rule.item, next(self._numbers)
        title = f"kit: {item.kind}/{item.name} {item.version} ({reason})"
        with self._context.progress.stage(title, number, max(number, self.missing)):
            return self.store.build(item, rule.fill, self._kept_keys)

    @cached_property
    def _kept_keys(self) -> set[str]:
        """The keys of the items of all releases: building an item of one release deletes none of another."""
        others = [Rules(self._context, load_pins(release), self._workshop, {}) for release in kits.list_releases()]
        return {rule.item.key for rules in others for rule in rules.list()}

    def _list_used_keys(self) -> list[Key]:
        used = [RUNC, *(program.name for program in self.pins.programs.values() if program.commands)]
        served = [key for key in self.rules if key[0] in ("images", "charts", "manifests")]
        return [*map(program_key, used), ("roots", ENGINE), *served]
