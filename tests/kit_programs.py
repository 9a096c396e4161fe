"""Programs of the kit that tests use; `make test` builds them first."""

from __future__ import annotations

import shutil

import pytest

from embedded import kit, pins
from embedded.store import Item, Store
from lab import folders


def _program(name: str) -> str | None:
    """The kit's program, if it is built, or PATH's."""
    program = pins.load().programs[name]
    entry, _ = Store(folders.cache() / kit.FOLDER).intact(Item("programs", name, program.version, "", program.decides))
    return str(entry.folder / name) if entry else shutil.which(name)


# Looked for at once, before a test has a cache folder of its own.
_PROGRAMS = {name: _program(name) for name in ("helm", "kustomize")}


def of_the_kit(name: str) -> str:
    """Where the program is; the test fails where it is not."""
    return _PROGRAMS[name] or pytest.fail(f"the kit has no {name}: `make test` builds it, as does `python -m embedded`")
