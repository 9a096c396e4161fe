"""Images that were removed from their registries, and their new homes; the table is moved_images.toml."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Self

from docker.utils import parse_repository_tag
from pydantic import BaseModel, ConfigDict, model_validator

from lab.k8s.images import full_reference

FILE = Path(__file__).with_name("moved_images.toml")


class MovedImage(BaseModel):
    """A row of the table.

    Args:
        old: The old repository without tag, or the beginning of it up to a slash.
        new: The text that replaces this beginning; empty if no registry has the old tags.
        drop_suffix: An end of the old tag that the new one lacks.
        note: What to know about it.
        reference: Where it is discussed.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    old: str
    new: str = ""
    drop_suffix: str = ""
    note: str = ""
    reference: str

    @model_validator(mode="after")
    def check_useful(self) -> Self:
        """Check that the row says where the image is now, or what to use instead.

        Raises:
            ValueError: If it says neither.
        """
        if not self.new and not self.note:
            raise ValueError("a moved image needs a new home or a note")
        return self

    def has(self, repository: str) -> bool:
        """Return whether a repository without tag is one of the row."""
        return repository.startswith(self.old) if self.old.endswith("/") else repository == self.old


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    image: tuple[MovedImage, ...]


@cache
def load_table() -> tuple[MovedImage, ...]:
    """Return all rows, more specific ones first."""
    return _Table.model_validate(tomllib.loads(FILE.read_text())).image


def describe_move(image: str) -> str:
    """Return where an image that was removed from its registry is now; empty if it is not known to have moved.

    Args:
        image: The name of the image, as manifests contain it; a digest is kept, since a copy has the same one.
    """
    tagged, _, digest = full_reference(image).partition("@")
    repository, tag = parse_repository_tag(tagged)
    row = next((row for row in load_table() if row.has(repository)), None)
    if row is None:
        return ""
    parts = []
    if row.new:
        version = f"@{digest}" if digest else f":{(tag or 'latest').removesuffix(row.drop_suffix)}"
        parts.append(f"the image has moved: {row.new}{repository.removeprefix(row.old)}{version}")
    return "; ".join([*parts, *([row.note] if row.note else [])]) + f" (see {row.reference})"
