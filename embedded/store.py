"""A cache of built items: one directory per item, named by a digest of its inputs, verified by checksum on use."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RECORD = "record.json"
KEY_LENGTH = 16
NOT_BUILT = "not built yet"
"""The reason why an item is built that the cache lacks."""
EXECUTABLE = "+x"
"""The suffix of the checksum of an executable file."""


@dataclass(frozen=True)
class Item:
    """An item of the kit.

    Args:
        kind: programs, roots, images, charts or manifests.
        name: The name, unique among items of the kind in one kit.
        version: The version, for users.
        origin: The source of the content, for users.
        cache_inputs: All inputs that determine the content. If any of them changes, the item must be built again.
        component: The component that the item is a stand-in for; empty if it is not a stand-in.
        implemented_by: The software that implements the component; empty if the item is not a stand-in.
    """

    kind: str
    name: str
    version: str
    origin: str
    cache_inputs: tuple[str, ...]
    component: str = ""
    implemented_by: str = ""

    @property
    def key(self) -> str:
        """The digest of kind, name and inputs."""
        digest = hashlib.sha256(json.dumps([self.kind, self.name, *self.cache_inputs]).encode())
        return digest.hexdigest()[:KEY_LENGTH]


@dataclass(frozen=True)
class Entry:
    """An item that was built.

    Args:
        item: The item.
        directory: The directory with its files.
        record: The content of its record: the facts about the build, and a checksum of each file.
    """

    item: Item
    directory: Path
    record: Mapping[str, Any]

    @property
    def size(self) -> int:
        """The size of all files together in bytes."""
        return sum(file.lstat().st_size for file in _list_files(self.directory))


class Store:
    """The directory in which built items are kept.

    Args:
        directory: The directory, which need not exist.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def is_built(self, item: Item) -> bool:
        """Return whether an item was built, without checking that it is intact."""
        return (self._item_directory(item) / RECORD).is_file()

    def load_entry(self, item: Item) -> Entry:
        """Return the entry of an item that was built, without checking that it is intact."""
        directory = self._item_directory(item)
        return Entry(item, directory, json.loads((directory / RECORD).read_text()))

    def find_intact(self, item: Item, *, verifies_files: bool = True) -> tuple[Entry | None, str]:
        """Look up an item, and verify the checksums of its files.

        Args:
            item: The item.
            verifies_files: Whether to read all files; otherwise only the record is read.

        Returns:
            The entry and an empty text; or None and the reason: it is not built yet, or which files are damaged.
        """
        try:
            entry = self.load_entry(item)
            recorded = dict(entry.record["files"])
        except FileNotFoundError:
            return None, NOT_BUILT
        except (OSError, ValueError, KeyError, TypeError) as error:
            return None, f"damaged: its record cannot be read ({error})"
        present = compute_checksums(entry.directory) if verifies_files else recorded
        damaged = sorted(name for name in {*recorded, *present} if recorded.get(name) != present.get(name))
        if damaged:
            return None, f"damaged: {damaged[0]}" + (f" and {len(damaged) - 1} more files" if damaged[1:] else "")
        return entry, ""

    def build(self, item: Item, fill: Callable[[Path], Mapping[str, Any]], kept_keys: Collection[str] = ()) -> Entry:
        """Build an item atomically, and delete what was built earlier under its name.

        Args:
            item: The item to build.
            fill: Writes the files of the item into an empty directory, and returns facts for the record.
            kept_keys: The keys of items that are not deleted: other versions of it that are in use.
        """
        directory = self._item_directory(item)
        unfinished = directory.with_name(directory.name + ".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        facts = fill(unfinished)
        record = {
            "name": item.name,
            "kind": item.kind,
            "version": item.version,
            "origin": item.origin,
            "component": item.component,
            "implemented_by": item.implemented_by,
            "key": item.key,
            **facts,
            "files": compute_checksums(unfinished),
        }
        (unfinished / RECORD).write_text(json.dumps(record, indent=1))
        for other in directory.parent.glob(f"{item.name}@*"):
            if other != unfinished and other.name.partition("@")[2] not in kept_keys:
                shutil.rmtree(other)
        unfinished.rename(directory)
        return Entry(item, directory, record)

    def _item_directory(self, item: Item) -> Path:
        return self.directory / item.kind / f"{item.name}@{item.key}"


def compute_checksums(directory: Path) -> dict[str, str]:
    """Return the SHA-256 of each file below a directory except the record, by relative path.

    The checksum of a symbolic link is that of the name of its target.
    """
    files = [file for file in _list_files(directory) if file != directory / RECORD]
    with ThreadPoolExecutor() as pool:  # hashlib releases the global interpreter lock
        return dict(zip((str(file.relative_to(directory)) for file in files), pool.map(_checksum, files), strict=True))


def _checksum(file: Path) -> str:
    if file.is_symlink():
        return hashlib.sha256(str(file.readlink()).encode()).hexdigest()
    with file.open("rb") as content:
        checksum = hashlib.file_digest(content, "sha256").hexdigest()
    return checksum + (EXECUTABLE if os.access(file, os.X_OK) else "")


def _list_files(directory: Path) -> list[Path]:
    return sorted(file for file in directory.rglob("*") if file.is_symlink() or file.is_file())


def digest_checksums(checksums: Mapping[str, str]) -> str:
    """Return one SHA-256 of files and their names.

    Args:
        checksums: The checksum of each file by its name.
    """
    return hashlib.sha256(json.dumps(checksums).encode()).hexdigest()


def digest_directory(directory: Path) -> str:
    """Return one SHA-256 of the files below a directory, as an input of an item that is built from them."""
    checksums = compute_checksums(directory)
    return digest_checksums({name: checksum for name, checksum in checksums.items() if "__pycache__" not in name})
