"""embedded/kit.py: the order in which items are built, and that only missing and damaged items are built."""

from __future__ import annotations

import io
import shutil
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from embedded import inventory, kit
from embedded.kit import Builder
from embedded.lab import load_inventory
from embedded.rules import BuildRule, Key
from embedded.store import Item
from embedded.workshop import Workshop
from lab.config.paths import Paths
from lab.context import RunContext
from lab.errors import LabError
from lab.run.progress import Progress
from tests.conftest import MakeContext

NewBuilder = Callable[[], Builder]


@pytest.fixture
def output() -> io.StringIO:
    """The progress output of the builds."""
    return io.StringIO()


@pytest.fixture
def new_builder(context: RunContext, output: io.StringIO) -> NewBuilder:
    """A function that returns a new builder, as in a new run, for the same cache."""

    def create() -> Builder:
        run = replace(context, progress=Progress(Console(file=output, soft_wrap=True)))
        return Builder(run, Workshop(run))

    return create


def build_rules(built: list[str]) -> dict[Key, BuildRule]:
    """Return rules for an application, two libraries and a header file, which append to a list what they build."""

    def rule(name: str, *dependencies: str) -> BuildRule:
        def fill(directory: Path) -> Mapping[str, Any]:
            built.append(name)
            (directory / name).write_text(name)
            return {}

        item = Item("parts", name, "1", "test", (name,))
        return BuildRule(item, tuple(("parts", dependency) for dependency in dependencies), fill)

    rules = [rule("app", "libhttp", "libtls"), rule("libtls", "header"), rule("libhttp"), rule("header")]
    return {rule.key: rule for rule in rules}


def build_app(builder: Builder) -> list[str]:
    """Build the application, and return the items that were built, in their order."""
    built: list[str] = []
    builder.rules = build_rules(built)
    builder.ensure(("parts", "app"))
    return built


def test_item_is_built_after_its_dependencies(new_builder: NewBuilder) -> None:
    assert build_app(new_builder()) == ["libhttp", "header", "libtls", "app"]


def make_program(name: str, fill: Callable[[Path], Mapping[str, Any]], download: Callable[[], None]) -> BuildRule:
    return BuildRule(Item("programs", name, "1", "test", (name,)), (), fill, download)


def test_programs_are_built_and_downloaded_while_other_items_are_built(new_builder: NewBuilder) -> None:
    """The image of the first program is built while the second one is, for which the third one is downloaded."""
    events = {name: threading.Event() for name in ("download 3", "image 1")}

    def wait_for(name: str) -> Mapping[str, Any]:
        assert events[name].wait(10)
        return {}

    def build_image(_: Path) -> Mapping[str, Any]:
        events["image 1"].set()
        return {}

    rules = [
        make_program("1", lambda _: {}, lambda: None),
        make_program("2", lambda _: wait_for("image 1") or wait_for("download 3"), lambda: None),
        make_program("3", lambda _: {}, events["download 3"].set),
        BuildRule(Item("images", "1", "1", "test", ()), (("programs", "1"),), build_image),
    ]
    builder = new_builder()
    builder.rules = {rule.key: rule for rule in rules}
    entries = builder.build([("images", "1"), ("programs", "2"), ("programs", "3")]).entries
    assert sorted(entries) == [("images", "1"), ("programs", "1"), ("programs", "2"), ("programs", "3")]


def test_the_error_of_a_program_ends_the_build(new_builder: NewBuilder) -> None:
    def fail(_: Path) -> Mapping[str, Any]:
        raise LabError("the program could not be built")

    def ignore() -> None:
        raise LabError("no download")

    builder = new_builder()
    builder.rules = {("programs", "1"): make_program("1", fail, ignore)}
    with pytest.raises(LabError, match="the program could not be built"):
        builder.build([("programs", "1")])


def test_dependencies_of_an_intact_item_are_not_checked(new_builder: NewBuilder, paths: Paths) -> None:
    build_app(new_builder())
    [libhttp] = (paths.kit / "parts").glob("libhttp@*")
    (libhttp / "libhttp").write_text("damaged")
    assert build_app(new_builder()) == []


def test_damaged_item_is_built_again_and_the_reason_printed(
    new_builder: NewBuilder, paths: Paths, output: io.StringIO
) -> None:
    build_app(new_builder())
    for name in ("app", "libhttp"):
        [directory] = (paths.kit / "parts").glob(f"{name}@*")
        (directory / name).write_text("damaged")
    assert build_app(new_builder()) == ["libhttp", "app"]
    assert "parts/app 1 (damaged: app)" in output.getvalue()


def build_kit(builder: Builder) -> list[str]:
    """Build the whole kit from the real rules, but with trivial files, and return the names of the built items."""
    built: list[str] = []

    def replace_fill(rule: BuildRule) -> BuildRule:
        def fill(directory: Path) -> Mapping[str, Any]:
            built.append(f"{rule.item.kind}/{rule.item.name}")
            (directory / rule.item.name).write_text(rule.item.key)
            return {}

        return replace(rule, fill=fill)

    builder.rules = {key: replace_fill(rule) for key, rule in builder.rules.items()}
    builder.build([])
    return built


def test_second_run_builds_nothing(new_builder: NewBuilder, context: RunContext) -> None:
    assert build_kit(new_builder())
    assert build_kit(new_builder()) == []
    assert kit.is_built(context)


def test_kits_of_two_releases_share_items_and_keep_their_own(make_context: MakeContext, output: io.StringIO) -> None:
    def build_release(release: str) -> list[str]:
        run = replace(make_context(release=release), progress=Progress(Console(file=output)))
        return build_kit(Builder(run, Workshop(run)))

    build_release("1.7")
    built = build_release("1.8")
    assert {"images/node", "images/dex", "programs/hyperkube"} <= set(built)
    assert not {"images/nginx", "images/authservice", "charts/metallb"} & set(built)
    assert build_release("1.7") == []


def test_images_are_listed_with_the_version_that_the_release_has(new_builder: NewBuilder) -> None:
    output = io.StringIO()
    Console(file=output, width=600).print(inventory.format_images(new_builder().pins.images.values(), "1.7"))
    lines = [line.split() for line in output.getvalue().splitlines()]
    assert ["ghcr.io/dexidp/dex", "2.41.1", "near", "2.31.2"] in lines
    assert ["quay.io/jetstack/cert-manager-controller", "1.10.1", "real"] in lines


def test_kit_is_not_built_without_a_cache(context: RunContext) -> None:
    assert not kit.is_built(context)


def test_unknown_item_is_an_error(new_builder: NewBuilder) -> None:
    with pytest.raises(LabError) as caught:
        new_builder().build([("programs", "kubectl")])
    assert caught.value.headline == "the kit has no programs/kubectl"


def test_inventory_has_every_item_with_origin_and_checksum(new_builder: NewBuilder, paths: Paths) -> None:
    builder = new_builder()
    build_kit(builder)
    rows = inventory.read(paths.kit)
    assert {(row["kind"], row["name"]) for row in rows} == set(builder.rules)
    assert all(row["origin"] and row["version"] and len(row["sha256"]) == 64 and row["bytes"] for row in rows)


def test_outdated_inventory_is_replaced_though_nothing_is_built(new_builder: NewBuilder, paths: Paths) -> None:
    build_kit(new_builder())
    expected = inventory.read(paths.kit)
    (paths.kit / inventory.FILE).write_text('[{"name": "helm"}]')
    assert build_kit(new_builder()) == []
    assert inventory.read(paths.kit) == expected


def test_inventory_is_empty_if_the_kit_was_never_built(paths: Paths) -> None:
    assert load_inventory(paths) == []


def test_inventory_table_names_the_components_of_stand_ins(new_builder: NewBuilder, paths: Paths) -> None:
    builder = new_builder()
    build_kit(builder)
    output = io.StringIO()
    Console(file=output, width=600).print(inventory.format_table(inventory.read(paths.kit)))
    for image in builder.pins.images.values():
        assert f"images/{image.name} " in output.getvalue()
        if image.component:
            assert f"{image.component} (implemented by {image.implemented_by})" in output.getvalue()


def test_item_can_be_built_again_without_the_dependencies_of_other_items(new_builder: NewBuilder, paths: Paths) -> None:
    """An intact image is not built again because the packages in it are missing."""
    build_kit(new_builder())
    for kind, name in (("roots", "nginx"), ("charts", "metallb")):
        [directory] = (paths.kit / kind).glob(f"{name}@*")
        shutil.rmtree(directory)
    assert build_kit(new_builder()) == ["charts/metallb"]


def test_dependencies_exist_and_have_no_cycles(new_builder: NewBuilder) -> None:
    rules = new_builder().rules

    def visit(key: Key, dependents: tuple[Key, ...] = ()) -> None:
        assert key not in dependents, f"{key} depends on itself"
        for dependency in rules[key].dependencies:
            visit(dependency, (*dependents, key))

    for key in rules:
        visit(key)


def test_no_two_items_have_the_same_key(new_builder: NewBuilder) -> None:
    keys = [rule.item.key for rule in new_builder().rules.values()]
    assert len(set(keys)) == len(keys)


def test_keys_are_the_same_in_the_next_run(new_builder: NewBuilder) -> None:
    assert item_keys(new_builder()) == item_keys(new_builder())


def test_change_of_a_program_changes_its_key_and_that_of_its_image(new_builder: NewBuilder) -> None:
    before, builder = item_keys(new_builder()), new_builder()
    name = "coredns"
    builder.pins.programs[name] = builder.pins.programs[name].model_copy(update={"variables": ("main.version=2",)})
    after = {rule.key: rule.item.key for rule in builder.list_rules()}
    assert {key for key in before if before[key] != after[key]} == {("programs", name), ("images", name)}


def test_every_item_has_an_origin_and_every_stand_in_its_component(new_builder: NewBuilder) -> None:
    builder = new_builder()
    items = [rule.item for rule in builder.rules.values()]
    assert all(item.origin and item.version for item in items)
    components = {image.component for image in builder.pins.images.values()}
    components |= {chart.component for chart in builder.pins.charts.values()}
    assert {item.component for item in items} == components


def item_keys(builder: Builder) -> dict[Key, str]:
    """Return the digest of each item by its kind and name."""
    return {key: rule.item.key for key, rule in builder.rules.items()}
