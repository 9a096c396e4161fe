"""The interface of a rehearsal: an installation of manifests whose images the lab does not have.

The lab serves the programs that it has for real, and stand-ins for all others. The implementation is
embedded.rehearsal; a lab of another kind has no rehearsal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from lab.config.source import StandIn
from lab.run.shell import Shell


@dataclass(frozen=True)
class Change:
    """A change of the objects of manifests before they are applied.

    Args:
        title: The change.
        reason: Why it is necessary.
        objects: The changed objects.
    """

    title: str
    reason: str
    objects: tuple[str, ...]

    def __str__(self) -> str:
        """Return the line for users."""
        return f"{self.title} ({len(self.objects)} objects): {self.reason}"


@dataclass(frozen=True)
class ContainerRow:
    """A container of the manifests, and the program that runs in it.

    Args:
        container: The container, as in "Deployment auth/dex, container dex".
        image: The reference of its image, as in the manifests.
        status: "real", "near" if it is another version of the program, or "stand-in".
        implemented_by: The program.
    """

    container: str
    image: str
    status: str
    implemented_by: str


class Rehearsal(Protocol):
    """The rehearsal of one lab.

    Attributes:
        changes: The changes of the manifests, once they were prepared.
    """

    changes: Sequence[Change]

    @property
    def containers(self) -> Sequence[ContainerRow]:
        """The containers of the manifests, once they were prepared."""

    @property
    def stand_ins(self) -> Sequence[StandIn]:
        """The stand-ins for images of the manifests, once they were prepared."""

    def prepare(self, manifests: str) -> str:
        """Return all manifests of an installation, as YAML documents, with the changes that a rehearsal needs."""

    def adapt(self, manifests: str) -> str:
        """Return a part of the manifests, as YAML documents, with the changes that a rehearsal needs."""

    def push_images(self) -> None:
        """Push the images of the prepared manifests to the registry that the nodes pull from."""

    @property
    def imported(self) -> frozenset[str]:
        """The full references of the images that are imported into the nodes, and not pulled."""

    def import_images(self, nodes: Sequence[str], shell: Shell) -> None:
        """Import images of the prepared manifests into the nodes of the cluster.

        Args:
            nodes: The containers that are the nodes.
            shell: Runs docker in the lab.
        """
