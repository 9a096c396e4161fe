"""`python -m embedded [KIND/NAME …]`: builds the kit, or items of it, as far as missing, and prints the inventory."""

from __future__ import annotations

import sys

from rich.console import Console

from embedded import inventory, kit
from lab import folders
from lab.errors import LabError
from lab.progress import Progress


def main(names: list[str]) -> int:
    """Builds the items of these names, or all, and prints; gives the exit status."""
    try:
        kit.build(Progress(), [(kind, name) for kind, _, name in (text.partition("/") for text in names)])
    except LabError as error:
        print(error, file=sys.stderr)
        return 1
    rows = inventory.read(folders.cache() / kit.FOLDER)
    console = Console(width=None if sys.stdout.isatty() else 200)
    console.print(inventory.table(rows))
    console.print(f"{sum(row['bytes'] for row in rows) / inventory.MB:.0f} MB in {len(rows)} items")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
