"""The page about the releases: how each one was rehearsed, which programs its kit has, and what was changed for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from embedded.pins import Image
from embedded.selection import load_pins
from lab import releases
from pages.rehearsals import Rehearsal
from pages.templates import render

KUBERNETES = "hyperkube"
"""The program of the kit that contains Kubernetes."""


@dataclass(frozen=True)
class Program:
    """A program of a kit that runs in place of images of the manifests.

    Args:
        name: The name of its image in the kit.
        implemented_by: The software, with its version.
        fidelity: The relation to the program of the release, "real", "near" or "stand-in".
        component: What it takes the place of; empty if it is the program of the release.
    """

    name: str
    implemented_by: str
    fidelity: str
    component: str


@dataclass(frozen=True)
class ReleaseSection:
    """A release on the page.

    Args:
        name: Its name.
        kubeflow: Its full version.
        kubernetes: The version of Kubernetes in its kit.
        programs: The programs of Kubeflow's components in its kit.
        rehearsal: The facts of its last rehearsal; None if it was not rehearsed yet.
    """

    name: str
    kubeflow: str
    kubernetes: str
    programs: tuple[Program, ...]
    rehearsal: Rehearsal | None

    @property
    def heading(self) -> str:
        """The heading of its section."""
        return f"Kubeflow {self.kubeflow}"

    @property
    def different(self) -> list[Program]:
        """The programs that are not those of the release."""
        return [program for program in self.programs if program.component]


def render_page(rehearsals: Mapping[str, Rehearsal]) -> str:
    """Return the page.

    Args:
        rehearsals: The facts of the last rehearsal of each release that was rehearsed.
    """
    sections = [_create_section(name, rehearsals.get(name)) for name in releases.list_names()]
    return render("releases.md", sections=sections)


def get_kubernetes(release: str) -> str:
    """Return the version of Kubernetes in the kit of a release.

    Raises:
        LabError: If there is no kit of the release.
    """
    return load_pins(release).programs[KUBERNETES].number


def _create_section(name: str, rehearsal: Rehearsal | None) -> ReleaseSection:
    images = load_pins(name).images.values()
    kubernetes = rehearsal.kubernetes if rehearsal else get_kubernetes(name)
    return ReleaseSection(name, releases.load(name).kubeflow, kubernetes, tuple(_list_programs(images)), rehearsal)


def _list_programs(images: Iterable[Image]) -> list[Program]:
    """Return the programs that take the place of images of the manifests, in the order of the pins."""
    return [
        Program(image.name, image.implemented_by or f"{image.name} {image.number}", image.fidelity, image.component)
        for image in images
        if image.serves
    ]
