"""The inventory of the kit: for each item its name, version, origin and checksum, and whose seat it fills."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich import box
from rich.table import Table

from embedded.store import Entry, digest

FILE = "inventory.json"
MB = 10**6


def write(entries: Mapping[tuple[str, str], Entry], folder: Path) -> None:
    """Writes the inventory of all items into a folder, as inventory.json."""
    (folder / FILE).write_text(json.dumps([_row(entry) for entry in entries.values()], indent=1))


def read(folder: Path) -> list[dict[str, Any]]:
    """The rows of the inventory that was written into a folder."""
    rows: list[dict[str, Any]] = json.loads((folder / FILE).read_text())
    return rows


def table(rows: list[dict[str, Any]]) -> Table:
    """The inventory for people."""
    shown = Table(title="The kit", title_justify="left", box=box.SIMPLE_HEAD)
    for column in ("item", "version", "origin", "MB", "sha256", "in the seat of"):
        shown.add_column(column, overflow="fold")
    for row in rows:
        seat = f"{row['seat']} (stand-in: {row['taken_by']})" if row["seat"] else ""
        name = f"{row['kind']}/{row['name']}"
        shown.add_row(name, row["version"], row["origin"], f"{row['bytes'] / MB:.1f}", row["sha256"][:12], seat)
    return shown


def _row(entry: Entry) -> dict[str, Any]:
    named = ("kind", "name", "version", "origin", "seat", "taken_by", "go", "packages", "edits", "unpacked_bytes")
    facts = {name: entry.record[name] for name in named if name in entry.record}
    return {**facts, "bytes": entry.size, "sha256": digest(entry.record["files"])}
