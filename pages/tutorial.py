"""The tutorial as a page: the features with the tables that they use, what is done for each layer, and the last run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pytest_bdd.feature import get_features
from pytest_bdd.parser import Feature, ScenarioTemplate

from lab.releases import Release
from pages.last_run import LastRun
from pages.templates import text

LAYERS = {
    "01_network": ("network",),
    "02_cluster": ("cluster", "cluster's readiness"),
    "03_metallb": ("metallb", "MetalLB's readiness", "address pool"),
    "04_ingress": ("ingress controller", "nginx site"),
    "05_manifests": ("manifests", "kubeflow"),
    "06_readiness": ("readiness",),
    "08_authservice": ("authservice",),
    "09_doors": ("kubeflow's Ingress",),
}
"""The layers that are installed where a chapter's first scenario needs them, by the feature's name."""


@dataclass(frozen=True)
class Installation:
    """How a layer is installed.

    Arguments:
        layer: its name.
        commands: what is typed.
        objects: what is applied through the API, as YAML.
    """

    layer: str
    commands: tuple[str, ...]
    objects: str


@dataclass(frozen=True)
class Chapter:
    """A chapter of the page.

    Arguments:
        number: its place in the tutorial.
        file: the feature's, relative to the project.
        feature: as pytest-bdd reads it.
        installations: of the layers that it installs.
    """

    number: int
    file: str
    feature: Feature
    installations: tuple[Installation, ...]

    @property
    def heading(self) -> str:
        """What stands above it, and in the list of contents."""
        return f"{self.number}. {self.feature.name}"

    @property
    def tags(self) -> list[str]:
        """Those of the feature."""
        return sorted(self.feature.tags)

    @property
    def scenarios(self) -> list[ScenarioTemplate]:
        """In their order."""
        return list(self.feature.scenarios.values())


def page(project: Path, release: Release, last_run: LastRun | None, picture: str) -> str:
    """The whole page; the same for the same features, tables and last run.

    Arguments:
        project: the folder that has the features.
        release: the one whose tables are shown.
        last_run: what is kept of the last run, if there was one.
        picture: of the dashboard, relative to the page; empty where there is none.
    """
    chapters = [_chapter(feature, last_run) for feature in _features(project)]
    return text("tutorial.md", chapters=chapters, release=release, last_run=last_run, picture=picture)


def files(project: Path) -> list[str]:
    """The features, in their order, relative to the project."""
    return [_file(feature) for feature in _features(project)]


def _features(project: Path) -> list[Feature]:
    found: list[Feature] = get_features([str(project / "features")])
    return sorted(found, key=lambda feature: feature.filename)


def _file(feature: Feature) -> str:
    return f"features/{Path(feature.filename).name}"


def _chapter(feature: Feature, last_run: LastRun | None) -> Chapter:
    name = Path(feature.filename).stem
    commands, objects = (last_run.commands, last_run.objects) if last_run else ({}, {})
    installations = tuple(
        Installation(layer, tuple(commands.get(layer, ())), objects.get(layer, ""))
        for layer in LAYERS.get(name, ())
        if commands.get(layer) or objects.get(layer)
    )
    return Chapter(int(name.partition("_")[0]), _file(feature), feature, installations)
