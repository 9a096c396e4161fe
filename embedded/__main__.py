"""`python -m embedded`: builds the kit as far as it is missing, and prints its inventory."""

from __future__ import annotations

import sys

from rich.console import Console

from embedded import inventory, kit
from lab import folders, lock
from lab.errors import LabError
from lab.progress import Progress


def main() -> int:
    """Builds and prints; gives the exit status."""
    try:
        with lock.held():
            kit.build(Progress())
    except LabError as error:
        print(error, file=sys.stderr)
        return 1
    rows = inventory.read(folders.cache() / kit.FOLDER)
    console = Console(width=None if sys.stdout.isatty() else 200)
    console.print(inventory.table(rows))
    console.print(f"{sum(row['bytes'] for row in rows) / inventory.MB:.0f} MB in {len(rows)} items")
    return 0


if __name__ == "__main__":
    sys.exit(main())
