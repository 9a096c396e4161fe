"""embedded/kit.py: in which order the kit is built, and that only what is missing is."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from embedded import inventory, kit
from embedded.kit import Work, _Builder
from embedded.store import Item
from embedded.workshop import Workshop
from lab.progress import Progress

Made = list[str]


@pytest.fixture
def printed() -> io.StringIO:
    """What a person sees of the work."""
    return io.StringIO()


@pytest.fixture
def new_builder(cache: Path, printed: io.StringIO) -> Callable[[], _Builder]:
    """A builder, as every run has a new one, over one and the same cache."""

    def make() -> _Builder:
        progress = Progress(Console(file=printed, soft_wrap=True))
        return _Builder(Workshop(cache / "workshop"), progress)

    return make


def works(made: Made) -> dict[kit.Key, Work]:
    """A table made of wood and screws; it notes what is made."""

    def work(name: str, *needs: str) -> Work:
        def make(folder: Path) -> Mapping[str, Any]:
            made.append(name)
            (folder / name).write_text(name)
            return {}

        return Work(Item("things", name, "1", "the shop", (name,)), tuple(("things", need) for need in needs), make)

    all_works = [work("table", "wood", "screws"), work("screws", "steel"), work("wood"), work("steel")]
    return {("things", one.item.name): one for one in all_works}


def build_table(builder: _Builder) -> Made:
    """Has a table, and tells what was made for it."""
    made: Made = []
    builder.works = works(made)
    builder._ensure(("things", "table"))
    return made


def test_a_thing_is_made_after_what_it_is_made_of(new_builder: Callable[[], _Builder]) -> None:
    assert build_table(new_builder()) == ["wood", "steel", "screws", "table"]


def test_what_is_intact_is_not_made_again_nor_what_it_was_made_of(
    new_builder: Callable[[], _Builder], cache: Path
) -> None:
    build_table(new_builder())
    [wood] = (cache / "kit/things").glob("wood@*")
    (wood / "wood").write_text("eaten by worms")
    assert build_table(new_builder()) == []


def test_what_is_damaged_is_made_again_and_the_person_is_told_why(
    new_builder: Callable[[], _Builder], cache: Path, printed: io.StringIO
) -> None:
    build_table(new_builder())
    for name in ("table", "wood"):
        [folder] = (cache / "kit/things").glob(f"{name}@*")
        (folder / name).write_text("eaten by worms")
    assert build_table(new_builder()) == ["wood", "table"]
    assert "things/table 1 (damaged: table)" in printed.getvalue()


def whole_kit(builder: _Builder) -> Made:
    """Builds the whole kit with every item as it is, except that making it takes no time; tells what was made."""
    made: Made = []

    def without_work(work: Work) -> Work:
        def make(folder: Path) -> Mapping[str, Any]:
            made.append(f"{work.item.kind}/{work.item.name}")
            (folder / work.item.name).write_text(work.item.key)
            return {}

        return replace(work, make=make)

    builder.works = {key: without_work(work) for key, work in builder.works.items()}
    builder.kit([])
    return made


def test_a_second_run_makes_nothing(new_builder: Callable[[], _Builder]) -> None:
    assert whole_kit(new_builder())
    assert whole_kit(new_builder()) == []
    assert kit.is_built()


def test_the_inventory_has_every_item_with_its_origin_and_checksum(
    new_builder: Callable[[], _Builder], cache: Path
) -> None:
    builder = new_builder()
    whole_kit(builder)
    rows = inventory.read(cache / kit.FOLDER)
    assert {(row["kind"], row["name"]) for row in rows} == set(builder.works)
    assert all(row["origin"] and row["version"] and len(row["sha256"]) == 64 and row["bytes"] for row in rows)


def test_the_inventory_for_people_names_what_sits_in_another_s_seat(
    new_builder: Callable[[], _Builder], cache: Path
) -> None:
    builder = new_builder()
    whole_kit(builder)
    console = Console(file=io.StringIO(), width=600)
    console.print(inventory.table(inventory.read(cache / kit.FOLDER)))
    assert isinstance(console.file, io.StringIO)
    shown = console.file.getvalue()
    for image in builder.pins.images.values():
        assert f"images/{image.name} " in shown
        assert f"{image.seat} (stand-in: {image.taken_by})" in shown or not image.seat


def test_the_kit_can_be_mended_where_what_it_was_built_from_is_gone(
    new_builder: Callable[[], _Builder], cache: Path
) -> None:
    """An image is not built anew for want of the packages that went into it."""
    whole_kit(new_builder())
    for kind, name in (("roots", "nginx"), ("charts", "metallb")):
        [folder] = (cache / kit.FOLDER / kind).glob(f"{name}@*")
        shutil.rmtree(folder)
    assert whole_kit(new_builder()) == ["charts/metallb"]


def test_every_item_needs_only_what_there_is_and_never_itself(new_builder: Callable[[], _Builder]) -> None:
    all_works = new_builder().works

    def below(key: kit.Key, above: tuple[kit.Key, ...] = ()) -> None:
        assert key not in above, f"{key} is made of itself"
        for need in all_works[key].needs:
            below(need, (*above, key))

    for key in all_works:
        below(key)


def test_no_two_items_share_a_key(new_builder: Callable[[], _Builder]) -> None:
    keys = [work.item.key for work in new_builder().works.values()]
    assert len(set(keys)) == len(keys)


def test_keys_are_the_same_in_the_next_run(new_builder: Callable[[], _Builder]) -> None:
    assert _keys(new_builder()) == _keys(new_builder())


def test_another_version_of_a_program_makes_it_anew_and_the_images_that_hold_it(
    new_builder: Callable[[], _Builder],
) -> None:
    before, builder = _keys(new_builder()), new_builder()
    name = "coredns"
    changed = builder.pins.programs[name].model_copy(update={"variables": ("main.version=2",)})
    builder.pins.programs[name] = changed
    after = _keys_of(
        [*builder._programs(), *builder._roots(), *builder._images(), *builder._charts(), *builder._manifests()]
    )
    assert {key for key in before if before[key] != after[key]} == {("programs", name), ("images", name)}


def test_every_item_says_where_it_comes_from_and_stand_ins_whose_seat_they_fill(
    new_builder: Callable[[], _Builder],
) -> None:
    builder = new_builder()
    items = [work.item for work in builder.works.values()]
    assert all(item.origin and item.version for item in items)
    seats = {image.seat for image in builder.pins.images.values()} | {
        chart.seat for chart in builder.pins.charts.values()
    }
    assert {item.seat for item in items} == seats


def test_without_a_cache_the_kit_is_not_built(cache: Path) -> None:
    assert not kit.is_built()


def _keys(builder: _Builder) -> dict[kit.Key, str]:
    return _keys_of(list(builder.works.values()))


def _keys_of(all_works: list[Work]) -> dict[kit.Key, str]:
    return {(work.item.kind, work.item.name): work.item.key for work in all_works}
