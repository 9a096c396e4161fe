"""A cache of what was built: one folder an item, keyed by what decides its content, verified by checksum on use."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RECORD = "record.json"
KEY_LENGTH = 16
EXECUTABLE = "+x"
"""Follows the checksum of a file that can be run."""


@dataclass(frozen=True)
class Item:
    """Something that the kit is made of.

    Arguments:
        kind: programs, roots, images or charts.
        name: unique in its kind.
        version: for people.
        origin: where its content comes from, for people.
        decides: all that decides its content; a change of any of it makes a new item.
        seat: whose seat it fills when it is a stand-in, else empty.
        taken_by: what it is then.
    """

    kind: str
    name: str
    version: str
    origin: str
    decides: tuple[str, ...]
    seat: str = ""
    taken_by: str = ""

    @property
    def key(self) -> str:
        """The digest of all that decides its content."""
        digest = hashlib.sha256(json.dumps([self.kind, self.name, *self.decides]).encode())
        return digest.hexdigest()[:KEY_LENGTH]


@dataclass(frozen=True)
class Entry:
    """An item that was built: its folder, and what its record says."""

    folder: Path
    record: Mapping[str, Any]

    @property
    def size(self) -> int:
        """In bytes, all files together."""
        return sum(file.lstat().st_size for file in _files(self.folder))


class Store:
    """The folder in which built items are kept."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def has(self, item: Item) -> bool:
        """Tells whether an item was built, without a look at whether it is intact."""
        return (self._folder(item) / RECORD).is_file()

    def entry(self, item: Item) -> Entry:
        """The entry of an item that was built, without a look at whether it is intact."""
        folder = self._folder(item)
        return Entry(folder, json.loads((folder / RECORD).read_text()))

    def intact(self, item: Item) -> tuple[Entry | None, str]:
        """Looks an item up.

        Returns the entry, or None and the reason: it was never built, or what is damaged.
        """
        folder = self._folder(item)
        try:
            record = json.loads((folder / RECORD).read_text())
            recorded = dict(record["files"])
        except FileNotFoundError:
            return None, "not built yet"
        except (OSError, ValueError, KeyError, TypeError) as error:
            return None, f"damaged: its record cannot be read ({error})"
        present = checksums(folder)
        damaged = sorted(name for name in {*recorded, *present} if recorded.get(name) != present.get(name))
        if damaged:
            return None, f"damaged: {damaged[0]}" + (f" and {len(damaged) - 1} more files" if damaged[1:] else "")
        return Entry(folder, record), ""

    def build(self, item: Item, make: Callable[[Path], Mapping[str, Any]]) -> Entry:
        """Builds an item into its folder, all or nothing, in place of whatever was there of it.

        Arguments:
            item: what to build.
            make: fills an empty folder, and returns facts to keep in the record.
        """
        folder = self._folder(item)
        unfinished = folder.with_name(folder.name + ".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        facts = make(unfinished)
        record = {
            "name": item.name,
            "kind": item.kind,
            "version": item.version,
            "origin": item.origin,
            "seat": item.seat,
            "taken_by": item.taken_by,
            "key": item.key,
            **facts,
            "files": checksums(unfinished),
        }
        (unfinished / RECORD).write_text(json.dumps(record, indent=1))
        for other in folder.parent.glob(f"{item.name}@*"):
            if other != unfinished:
                shutil.rmtree(other)
        unfinished.rename(folder)
        return Entry(folder, record)

    def _folder(self, item: Item) -> Path:
        return self.folder / item.kind / f"{item.name}@{item.key}"


def checksums(folder: Path) -> dict[str, str]:
    """The SHA-256 of each file below a folder but the record; of a symbolic link, that of its target's name."""
    files = [file for file in _files(folder) if file != folder / RECORD]
    with ThreadPoolExecutor() as pool:  # hashlib lets other threads run meanwhile
        return dict(zip((str(file.relative_to(folder)) for file in files), pool.map(_checksum, files), strict=True))


def _checksum(file: Path) -> str:
    if file.is_symlink():
        return hashlib.sha256(str(file.readlink()).encode()).hexdigest()
    with file.open("rb") as content:
        checksum = hashlib.file_digest(content, "sha256").hexdigest()
    return checksum + (EXECUTABLE if os.access(file, os.X_OK) else "")


def _files(folder: Path) -> list[Path]:
    return sorted(file for file in folder.rglob("*") if file.is_symlink() or file.is_file())


def digest(files: Mapping[str, str]) -> str:
    """One SHA-256 of files, names included, from the checksum of each by name."""
    return hashlib.sha256(json.dumps(files).encode()).hexdigest()


def digest_of_files(folder: Path) -> str:
    """One SHA-256 of all files below a folder, to be part of what decides an item."""
    files = checksums(folder)
    return digest({name: checksum for name, checksum in files.items() if "__pycache__" not in name})
