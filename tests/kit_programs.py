"""Programs and other items of the kit that tests use; `make test` builds them first."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from embedded.kit import Builder
from embedded.selection import load_pins
from embedded.store import Item, Store
from embedded.workshop import Workshop
from lab.config.paths import Paths
from lab.context import RunContext

# Found during the import, before a test has a cache directory of its own.
_STORE = Store(Paths.from_environment(os.environ).kit)


def _find_program(name: str) -> str | None:
    """Return the kit's program if it is built, or the program on PATH, or None."""
    program = load_pins("1.7").programs[name]
    item = Item("programs", name, program.number, "", program.cache_inputs)
    entry, _ = _STORE.find_intact(item)
    return str(entry.directory / name) if entry else shutil.which(name)


# The programs are looked up during the import as well, since a test may change PATH.
_PROGRAMS = {name: _find_program(name) for name in ("helm", "kustomize")}


def require_program(name: str) -> str:
    """Return the path of a program; the test fails if it does not exist."""
    return _PROGRAMS[name] or pytest.fail(f"the kit has no {name}: build it with `make test` or `python -m lab kit`")


def require_item(context: RunContext, kind: str, name: str) -> Path:
    """Return the directory with the files of an item of the kit; the test fails if it is not built.

    Args:
        context: The context of a run, whose pins determine the item. It may have another cache directory.
        kind: The kind of the item.
        name: Its name.
    """
    entry, reason = _STORE.find_intact(Builder(context, Workshop(context)).rules[kind, name].item)
    return entry.directory if entry else pytest.fail(f"{kind}/{name} is {reason}: build it with `make test`")
