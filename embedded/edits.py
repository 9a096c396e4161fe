"""Changes to copies of files of Go modules, as pins.toml specifies them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from embedded.pins import Edit
from lab.errors import LabError


def apply_edits(edits: Iterable[Edit], directory: Path) -> None:
    """Apply edits to the files of a directory.

    Args:
        edits: The edits.
        directory: A copy of a module or of a part of it. Its files may be read-only, as those of a module are.

    Raises:
        LabError: If a file does not contain the text to replace exactly once.
    """
    for edit in edits:
        _apply(edit, directory / edit.file)


def _apply(edit: Edit, file: Path) -> None:
    text = file.read_text()
    if text.count(edit.old) != 1:
        raise LabError(
            f"{edit.file} cannot be edited as pins.toml specifies",
            expected=f"exactly one occurrence of {edit.old!r}",
            seen=f"{text.count(edit.old)} occurrences",
            remedy="read this file of the module's version, and adapt the edit in embedded/pins.toml",
        )
    file.chmod(0o644)
    file.write_text(text.replace(edit.old, edit.new))
