"""The inventory of the kit: name, version, origin and checksum of each item, and the component it is a stand-in for."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from rich import box
from rich.table import Table

from embedded.pins import Image
from embedded.store import Entry, digest_checksums

FILE = "inventory.json"
MB = 10**6
FACTS = ("go", "packages", "edits", "unpacked_bytes")
"""The facts of an item's record that are part of the inventory, if the record has them."""

Row = dict[str, Any]
"""The description of one item."""


def write(entries: Iterable[Entry], directory: Path) -> None:
    """Write the inventory of items into a directory, atomically."""
    directory.mkdir(parents=True, exist_ok=True)
    unfinished = directory / f"{FILE}.unfinished"
    unfinished.write_text(json.dumps([_describe(entry) for entry in entries], indent=1))
    unfinished.rename(directory / FILE)


def read(directory: Path) -> list[Row]:
    """Return the inventory in a directory.

    Raises:
        FileNotFoundError: If the directory has no inventory.
    """
    rows: list[Row] = json.loads((directory / FILE).read_text())
    return rows


def format_table(rows: Sequence[Row]) -> Table:
    """Return the inventory as a table for users."""
    table = Table(title="The kit", title_justify="left", box=box.SIMPLE_HEAD)
    for column in ("item", "version", "origin", "MB", "sha256", "stand-in for"):
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(
            f"{row['kind']}/{row['name']}",
            row["version"],
            row["origin"],
            f"{row['bytes'] / MB:.1f}",
            row["sha256"][:12],
            f"{row['component']} (implemented by {row['implemented_by']})" if row["component"] else "",
        )
    return table


def format_images(images: Iterable[Image], release: str) -> Table:
    """Return the images of Kubeflow's components that a kit has, as a table for users.

    Args:
        images: All images of the kit.
        release: The release of the kit.
    """
    table = Table(title=f"Images of Kubeflow {release}; all others are stand-ins", title_justify="left")
    table.box = box.SIMPLE_HEAD
    for column in ("image", "version", "is", "instead of"):
        table.add_column(column, overflow="fold")
    for image in images:
        for repository in image.serves:
            table.add_row(repository, image.number, image.fidelity, image.release_version or image.component)
    return table


def _describe(entry: Entry) -> Row:
    item = entry.item
    return {
        "kind": item.kind,
        "name": item.name,
        "version": item.version,
        "origin": item.origin,
        "component": item.component,
        "implemented_by": item.implemented_by,
        **{name: entry.record[name] for name in FACTS if name in entry.record},
        "bytes": entry.size,
        "sha256": digest_checksums(entry.record["files"]),
    }
