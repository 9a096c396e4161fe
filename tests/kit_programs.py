"""Programs of the kit that tests use; `make test` builds them first."""

from __future__ import annotations

import os
import shutil

import pytest

from embedded.selection import load_pins
from embedded.store import Item, Store
from lab.config.paths import Paths


def _find_program(name: str) -> str | None:
    """Return the kit's program if it is built, or the program on PATH, or None."""
    program = load_pins("1.7").programs[name]
    item = Item("programs", name, program.number, "", program.cache_inputs)
    entry, _ = Store(Paths.from_environment(os.environ).kit).find_intact(item)
    return str(entry.directory / name) if entry else shutil.which(name)


# Found during the import, before a test has a cache directory of its own.
_PROGRAMS = {name: _find_program(name) for name in ("helm", "kustomize")}


def require_program(name: str) -> str:
    """Return the path of a program; the test fails if it does not exist."""
    return _PROGRAMS[name] or pytest.fail(f"the kit has no {name}: build it with `make test` or `python -m lab kit`")
