"""`python -m embedded [KIND/NAME …]`: build the kit, or items of it, as far as missing, and print the inventory."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from embedded import kit
from lab.context import RunContext
from lab.errors import LabError


def main(names: Sequence[str]) -> int:
    """Build items, print the inventory, and return the exit status."""
    try:
        kit.print_inventory(RunContext.create({}), names)
    except LabError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
