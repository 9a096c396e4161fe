"""Images that have left their registries, and their new homes; the table is moved_images.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, Self

from docker.utils import parse_repository_tag
from pydantic import BaseModel, ConfigDict, model_validator

from lab.k8s.images import full_reference

FILE = Path(__file__).with_name("moved_images.toml")
LEFT = ("moved", "gone", "leaving")
"""The states of images that have left their registry, or are about to."""
REPLACED = ("moved", "leaving")
"""The states of images that have the same content at their new home."""


class MovedImage(BaseModel):
    """A row of the table.

    Args:
        old: The old repository without tag, or the beginning of it up to a slash.
        state: Whether its registry still serves it, and whether another does; moved_images.toml describes each state.
        new: The text that replaces this beginning; empty if no other registry has it.
        drop_suffix: An end of the old tag that the new one lacks.
        note: What to know about it.
        names: The names below the old repository that the tags are about, if that is a beginning.
        tags: The tags of upstream's `example`, by release.
        source: Where it is discussed, or that it is derived.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    old: str
    state: Literal["moved", "gone", "leaving", "uncertain", "served"]
    new: str = ""
    drop_suffix: str = ""
    note: str = ""
    names: tuple[str, ...] = ()
    tags: dict[str, tuple[str, ...]] = {}
    source: str

    @model_validator(mode="after")
    def check_useful(self) -> Self:
        """Check that the row says where the image is now, or what to use instead.

        Raises:
            ValueError: If it says neither, or names a new home although there is none.
        """
        if self.state in ("gone", "served") and (self.new or not self.note):
            raise ValueError(f"an image in the state {self.state} has a note, and no new home")
        if self.state not in ("gone", "served") and not self.new:
            raise ValueError(f"an image in the state {self.state} needs a new home")
        return self

    def has(self, repository: str) -> bool:
        """Return whether a repository without tag is one of the row."""
        return repository.startswith(self.old) if self.old.endswith("/") else repository == self.old

    def list_references(self, release: str) -> list[str]:
        """Return the full references of the row's images in upstream's `example` of a release."""
        return [f"{self.old}{name}:{tag}" for name in self.names or ("",) for tag in self.tags.get(release, ())]


@dataclass(frozen=True)
class Move:
    """An image of manifests that the table knows.

    Args:
        reference: Its full reference.
        row: The row of the table.
    """

    reference: str
    row: MovedImage

    @property
    def new_repository(self) -> str:
        """The repository that has it now, without tag."""
        return f"{self.row.new}{_split(self.reference)[0].removeprefix(self.row.old)}"

    @property
    def new_tag(self) -> str:
        """The tag that it has there; empty if it is referred to by digest, which a copy shares."""
        _, tag, digest = _split(self.reference)
        return "" if digest else tag.removesuffix(self.row.drop_suffix)

    @property
    def new_reference(self) -> str:
        """The full reference that it has there; empty if it is nowhere."""
        digest = _split(self.reference)[2]
        return f"{self.new_repository}@{digest}" if digest else f"{self.new_repository}:{self.new_tag}"

    def __str__(self) -> str:
        verb = "is moving" if self.row.state == "leaving" else "has moved"
        moved = f"the image {verb}: {self.new_reference}" if self.row.new else ""
        return "; ".join(filter(None, (moved, self.row.note))) + f" (see {self.row.source})"


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    image: tuple[MovedImage, ...]


@cache
def load_table() -> tuple[MovedImage, ...]:
    """Return all rows, more specific ones first."""
    return _Table.model_validate(tomllib.loads(FILE.read_text())).image


def find_move(image: str) -> Move | None:
    """Return what the table says about an image; None if it does not know the image.

    Args:
        image: The name of the image, as manifests contain it.
    """
    reference = full_reference(image)
    repository = _split(reference)[0]
    return next((Move(reference, row) for row in load_table() if row.has(repository)), None)


def find_moves(images: Iterable[str]) -> list[Move]:
    """Return the images that have left their registry, or are about to.

    Args:
        images: The names of images, as manifests contain them.
    """
    return [move for move in map(find_move, images) if move and move.row.state in LEFT]


def list_gone(release: str) -> list[str]:
    """Return the full references in upstream's `example` of a release that no registry is known to have."""
    return [reference for row in load_table() if row.state == "gone" for reference in row.list_references(release)]


def describe_move(image: str) -> str:
    """Return where an image that was removed from its registry is now; empty if it is not known to have moved.

    Args:
        image: The name of the image, as manifests contain it; a digest is kept, since a copy has the same one.
    """
    move = find_move(image)
    return str(move) if move and move.row.state != "served" else ""


def _split(reference: str) -> tuple[str, str, str]:
    """Return repository, tag and digest of a full reference."""
    tagged, _, digest = reference.partition("@")
    repository, tag = parse_repository_tag(tagged)
    return repository, tag or "latest", digest
