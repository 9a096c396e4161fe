"""embedded/store.py: the cache of what was built."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from embedded.store import RECORD, Entry, Item, Store, digest_of_files

LAMP = Item("programs", "lamp", "v1.2.3", "Go module example.com/lamp", ("lamp", "v1.2.3"))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty store."""
    return Store(tmp_path / "kit")


def make_lamp(folder: Path) -> Mapping[str, Any]:
    """Makes a program, a file in a folder, and a link."""
    (folder / "lamp").write_text("on")
    (folder / "share").mkdir()
    (folder / "share/manual").write_text("switch it on")
    (folder / "light").symlink_to("lamp")
    return {"go": "go1.26"}


@pytest.fixture
def built(store: Store) -> Entry:
    """The lamp, built."""
    return store.build(LAMP, make_lamp)


def test_what_was_never_built_is_not_there(store: Store) -> None:
    assert store.intact(LAMP) == (None, "not built yet")
    assert not store.has(LAMP)


def test_what_was_built_is_intact(store: Store, built: Entry) -> None:
    assert store.has(LAMP)
    assert store.intact(LAMP) == (built, "")
    assert (built.folder / "share/manual").read_text() == "switch it on"


def test_the_record_has_facts_origin_and_a_checksum_of_each_file(store: Store, built: Entry) -> None:
    entry, _ = store.intact(replace(LAMP))
    assert entry
    assert entry.record == json.loads((built.folder / RECORD).read_text())
    assert [entry.record[fact] for fact in ("name", "kind", "version", "origin", "go")] == [
        *("lamp", "programs", "v1.2.3", "Go module example.com/lamp", "go1.26")
    ]
    assert set(entry.record["files"]) == {"lamp", "light", "share/manual"}


def test_the_size_is_that_of_all_files(built: Entry) -> None:
    files = sum(len(text) for text in ("on", "switch it on", "lamp"))
    assert built.size == files + (built.folder / RECORD).stat().st_size


def change(folder: Path) -> None:
    """Changes a file without changing its size."""
    (folder / "lamp").write_text("no")


def lead_elsewhere(folder: Path) -> None:
    """Changes where a link leads to."""
    (folder / "light").unlink()
    (folder / "light").symlink_to("share/manual")


def replace_link(folder: Path) -> None:
    """Puts a file in a link's place."""
    (folder / "light").unlink()
    (folder / "light").write_text("on")


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (change, "lamp"),
        (lead_elsewhere, "light"),
        (replace_link, "light"),
        (lambda folder: (folder / "share/manual").unlink(), "share/manual"),
        (lambda folder: (folder / "share/more").write_text(""), "share/more"),
    ],
    ids=["changed", "link leads elsewhere", "file in place of a link", "missing", "one too many"],
)
def test_damage_is_noticed_and_the_file_named(
    store: Store, built: Entry, damage: Callable[[Path], object], named: str
) -> None:
    damage(built.folder)
    assert store.intact(LAMP) == (None, f"damaged: {named}")


def test_more_damage_is_counted(store: Store, built: Entry) -> None:
    change(built.folder)
    (built.folder / "share/manual").unlink()
    assert store.intact(LAMP) == (None, "damaged: lamp and 1 more files")


@pytest.mark.parametrize("content", ["", "{", "[]", "null", "{}", '{"files": []}', '{"files": null}', "\udcff"])
def test_a_record_that_cannot_be_read_is_damage(store: Store, built: Entry, content: str) -> None:
    (built.folder / RECORD).write_text(content, errors="surrogateescape")
    entry, reason = store.intact(LAMP)
    assert entry is None
    assert reason.startswith("damaged: ")


def test_what_is_damaged_is_built_anew(store: Store, built: Entry) -> None:
    change(built.folder)
    (built.folder / "one too many").write_text("")
    store.build(LAMP, make_lamp)
    assert store.intact(LAMP) == (built, "")


def test_a_changed_key_replaces_what_the_old_one_had_built(store: Store, built: Entry) -> None:
    newer = replace(LAMP, version="v1.3.0", decides=("lamp", "v1.3.0"))
    assert not store.has(newer)
    assert store.intact(newer) == (None, "not built yet")
    entry = store.build(newer, make_lamp)
    assert list(entry.folder.parent.iterdir()) == [entry.folder]
    assert store.intact(LAMP) == (None, "not built yet")


def test_items_with_a_similar_name_or_of_another_kind_are_left_alone(store: Store, built: Entry) -> None:
    others = [replace(LAMP, name="lamp-shade"), replace(LAMP, name="la"), replace(LAMP, kind="images")]
    for item in others:
        store.build(item, make_lamp)
    store.build(replace(LAMP, decides=("lamp", "v1.3.0")), make_lamp)
    assert [store.intact(item)[1] for item in others] == ["", "", ""]


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, OSError("no space left on device")])
def test_an_interrupted_build_leaves_nothing_that_counts_as_built(
    store: Store, interruption: type[BaseException] | BaseException
) -> None:
    def interrupted(folder: Path) -> Mapping[str, Any]:
        (folder / "half a lamp").write_text("o")
        raise interruption

    with pytest.raises((KeyboardInterrupt, OSError)):
        store.build(LAMP, interrupted)
    assert not store.has(LAMP)
    assert store.intact(LAMP) == (None, "not built yet")


def test_an_interrupted_build_leaves_what_another_key_had_built(store: Store, built: Entry) -> None:
    def interrupted(folder: Path) -> Mapping[str, Any]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.build(replace(LAMP, decides=("lamp", "v1.3.0")), interrupted)
    assert store.intact(LAMP) == (built, "")


def test_what_an_interrupted_build_left_is_not_part_of_the_next_one(store: Store) -> None:
    def interrupted(folder: Path) -> Mapping[str, Any]:
        (folder / "half a lamp").write_text("o")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.build(LAMP, interrupted)
    entry = store.build(LAMP, make_lamp)
    assert "half a lamp" not in entry.record["files"]
    assert list(entry.folder.parent.iterdir()) == [entry.folder]


def test_only_what_decides_the_content_makes_another_key() -> None:
    assert replace(LAMP, decides=("lamp", "v1.3.0")).key != LAMP.key
    assert replace(LAMP, name="light").key != LAMP.key
    assert replace(LAMP, kind="images").key != LAMP.key
    assert replace(LAMP, origin="elsewhere", seat="a candle", taken_by="a lamp").key == LAMP.key


def test_the_digest_of_files_changes_with_content_and_names_and_nothing_else(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
        make_lamp(folder)
    assert digest_of_files(first) == digest_of_files(second)
    (second / "lamp").rename(second / "lantern")
    renamed = digest_of_files(second)
    change(first)
    assert len({digest_of_files(first), renamed, digest_of_files(second.parent)}) == 3
