"""embedded/store.py: the cache of built items."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from embedded.store import RECORD, Entry, Item, Store, digest_directory

HELM = Item("programs", "helm", "v1.2.3", "Go module example.com/helm", ("helm", "v1.2.3"))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty store."""
    return Store(tmp_path / "kit")


def fill_helm(directory: Path) -> Mapping[str, Any]:
    """Write a program, a file in a subdirectory, and a link."""
    (directory / "helm").write_text("v1")
    (directory / "share").mkdir()
    (directory / "share/manual").write_text("helm install")
    (directory / "helm3").symlink_to("helm")
    return {"go": "go1.26"}


@pytest.fixture
def helm(store: Store) -> Entry:
    """The built program."""
    return store.build(HELM, fill_helm)


def test_files_that_are_not_verified_may_be_damaged(store: Store, helm: Entry) -> None:
    (helm.directory / "helm").write_text("v2")
    assert store.find_intact(HELM, verifies_files=False) == (helm, "")


def test_item_that_was_never_built_is_not_found(store: Store) -> None:
    assert store.find_intact(HELM) == (None, "not built yet")
    assert not store.is_built(HELM)


def test_built_item_is_intact(store: Store, helm: Entry) -> None:
    assert store.is_built(HELM)
    assert store.find_intact(HELM) == (helm, "")
    assert (helm.directory / "share/manual").read_text() == "helm install"


def test_record_has_facts_origin_and_a_checksum_of_each_file(store: Store, helm: Entry) -> None:
    entry, _ = store.find_intact(replace(HELM))
    assert entry
    assert entry.record == json.loads((helm.directory / RECORD).read_text())
    expected = {
        "name": "helm",
        "kind": "programs",
        "version": "v1.2.3",
        "origin": "Go module example.com/helm",
        "component": "",
        "implemented_by": "",
        "go": "go1.26",
    }
    assert expected.items() <= entry.record.items()
    assert set(entry.record["files"]) == {"helm", "helm3", "share/manual"}


def test_record_without_description_is_accepted(store: Store, helm: Entry) -> None:
    """Records of earlier versions of the project describe a stand-in by other names; a kit takes long to build."""
    record = json.loads((helm.directory / RECORD).read_text())
    for name in ("component", "implemented_by"):
        del record[name]
    (helm.directory / RECORD).write_text(json.dumps(record))
    entry, _ = store.find_intact(HELM)
    assert entry
    assert entry.item == HELM


def test_size_is_that_of_all_files(helm: Entry) -> None:
    files = sum(len(text) for text in ("v1", "helm install", "helm"))
    assert helm.size == files + (helm.directory / RECORD).stat().st_size


def change_content(directory: Path) -> None:
    """Change a file without changing its size."""
    (directory / "helm").write_text("v2")


def change_link_target(directory: Path) -> None:
    """Change the target of a link."""
    (directory / "helm3").unlink()
    (directory / "helm3").symlink_to("share/manual")


def replace_link(directory: Path) -> None:
    """Replace a link by a file with the content of its target."""
    (directory / "helm3").unlink()
    (directory / "helm3").write_text("v1")


@pytest.mark.parametrize(
    ("damage", "name"),
    [
        (change_content, "helm"),
        (change_link_target, "helm3"),
        (replace_link, "helm3"),
        (lambda directory: (directory / "share/manual").unlink(), "share/manual"),
        (lambda directory: (directory / "share/more").write_text(""), "share/more"),
    ],
    ids=["changed content", "changed link target", "link replaced by a file", "missing file", "additional file"],
)
def test_damage_is_detected_and_the_file_named(
    store: Store, helm: Entry, damage: Callable[[Path], object], name: str
) -> None:
    damage(helm.directory)
    assert store.find_intact(HELM) == (None, f"damaged: {name}")


def test_further_damaged_files_are_counted(store: Store, helm: Entry) -> None:
    change_content(helm.directory)
    (helm.directory / "share/manual").unlink()
    assert store.find_intact(HELM) == (None, "damaged: helm and 1 more files")


@pytest.mark.parametrize("content", ["", "{", "[]", "null", "{}", '{"files": []}', '{"files": null}', "\udcff"])
def test_unreadable_record_counts_as_damage(store: Store, helm: Entry, content: str) -> None:
    (helm.directory / RECORD).write_text(content, errors="surrogateescape")
    entry, reason = store.find_intact(HELM)
    assert entry is None
    assert reason.startswith("damaged: ")


def test_damaged_item_can_be_built_again(store: Store, helm: Entry) -> None:
    change_content(helm.directory)
    (helm.directory / "additional").write_text("")
    store.build(HELM, fill_helm)
    assert store.find_intact(HELM) == (helm, "")


def test_build_with_another_key_replaces_the_old_item(store: Store, helm: Entry) -> None:
    newer = replace(HELM, version="v1.3.0", cache_inputs=("helm", "v1.3.0"))
    assert not store.is_built(newer)
    assert store.find_intact(newer) == (None, "not built yet")
    entry = store.build(newer, fill_helm)
    assert list(entry.directory.parent.iterdir()) == [entry.directory]
    assert store.find_intact(HELM) == (None, "not built yet")


def test_other_versions_that_are_in_use_are_kept(store: Store, helm: Entry) -> None:
    unused, newer = (replace(HELM, cache_inputs=("helm", version)) for version in ("v1.2.9", "v1.3.0"))
    store.build(unused, fill_helm, kept_keys={HELM.key})
    store.build(newer, fill_helm, kept_keys={HELM.key, newer.key})
    assert store.find_intact(HELM) == (helm, "")
    assert not store.is_built(unused)


def test_items_with_a_similar_name_or_another_kind_are_kept(store: Store, helm: Entry) -> None:
    others = [replace(HELM, name="helm-docs"), replace(HELM, name="he"), replace(HELM, kind="images")]
    for item in others:
        store.build(item, fill_helm)
    store.build(replace(HELM, cache_inputs=("helm", "v1.3.0")), fill_helm)
    assert [store.find_intact(item)[1] for item in others] == ["", "", ""]


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, OSError("no space left on device")])
def test_interrupted_build_does_not_count_as_built(
    store: Store, interruption: type[BaseException] | BaseException
) -> None:
    def fill_partly(directory: Path) -> Mapping[str, Any]:
        (directory / "partial").write_text("v")
        raise interruption

    with pytest.raises((KeyboardInterrupt, OSError)):
        store.build(HELM, fill_partly)
    assert not store.is_built(HELM)
    assert store.find_intact(HELM) == (None, "not built yet")


def test_interrupted_build_keeps_the_item_with_another_key(store: Store, helm: Entry) -> None:
    def fill_nothing(directory: Path) -> Mapping[str, Any]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.build(replace(HELM, cache_inputs=("helm", "v1.3.0")), fill_nothing)
    assert store.find_intact(HELM) == (helm, "")


def test_files_of_an_interrupted_build_are_not_in_the_next_one(store: Store) -> None:
    def fill_partly(directory: Path) -> Mapping[str, Any]:
        (directory / "partial").write_text("v")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.build(HELM, fill_partly)
    entry = store.build(HELM, fill_helm)
    assert "partial" not in entry.record["files"]
    assert list(entry.directory.parent.iterdir()) == [entry.directory]


def test_only_kind_name_and_inputs_determine_the_key() -> None:
    assert replace(HELM, cache_inputs=("helm", "v1.3.0")).key != HELM.key
    assert replace(HELM, name="kustomize").key != HELM.key
    assert replace(HELM, kind="images").key != HELM.key
    assert replace(HELM, origin="other", component="Tiller", implemented_by="Helm").key == HELM.key


def test_digest_of_a_directory_depends_on_content_and_names_only(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for directory in (first, second):
        directory.mkdir()
        fill_helm(directory)
    assert digest_directory(first) == digest_directory(second)
    (second / "helm").rename(second / "kustomize")
    renamed = digest_directory(second)
    change_content(first)
    assert len({digest_directory(first), renamed, digest_directory(second.parent)}) == 3
