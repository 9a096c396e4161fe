"""The tutorial as a page: the features with their tables, the commands for each layer, and the last run."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pytest_bdd.feature import get_features
from pytest_bdd.parser import Feature, ScenarioTemplate

from lab.config.entry_points import PORT_FORWARD_PORT
from lab.config.settings import INGRESS_OFFSET, TUTORIAL_SUBNET, Settings
from lab.layers import gateway, table
from lab.layers.ingress import VALUES_FILE, build_chart_values
from lab.layers.runner import LayerSpec
from lab.releases import Release
from pages.commands import list_reader_commands
from pages.last_run import LastRun
from pages.templates import render

ENTRY_POINTS = "09_entry_points"
LAYERS: Mapping[str, tuple[LayerSpec[Any], ...]] = {
    "01_network": (table.NETWORK,),
    "02_cluster": (table.CLUSTER, table.CLUSTER_READINESS),
    "03_metallb": (table.METALLB, table.METALLB_READINESS, table.ADDRESS_POOL),
    "04_ingress": (table.INGRESS_CONTROLLER, table.NGINX_SITE),
    "05_manifests": (table.MANIFESTS, table.KUBEFLOW),
    "06_readiness": (table.KUBEFLOW_READINESS,),
    "08_authservice": (table.AUTHSERVICE_ROUTE,),
    ENTRY_POINTS: (table.KUBEFLOW_INGRESS,),
}
"""The layers that are installed for the first scenario of a chapter, by the name of its feature."""
GATEWAY = gateway.find_service(Settings())
PORT_FORWARD = (
    "kubectl",
    "port-forward",
    "--namespace",
    GATEWAY.namespace,
    f"svc/{GATEWAY.name}",
    f"{PORT_FORWARD_PORT}:{gateway.PORT}",
)
"""The reader's port-forward, which the suite runs as a supervised process and not as a command of a layer."""


@dataclass(frozen=True)
class Installation:
    """The installation of a layer, or the start of the port-forward.

    Args:
        name: The name of the layer.
        commands: The commands that a reader types.
    """

    name: str
    commands: tuple[str, ...]


@dataclass(frozen=True)
class Chapter:
    """A chapter of the page.

    Args:
        number: Its number in the tutorial.
        file: The feature, relative to the project.
        feature: The feature.
        installations: The installation of its layers.
    """

    number: int
    file: str
    feature: Feature
    installations: tuple[Installation, ...]

    @property
    def heading(self) -> str:
        """The heading, also in the table of contents."""
        return f"{self.number}. {self.feature.name}"

    @property
    def tags(self) -> list[str]:
        """The tags of the feature."""
        return sorted(self.feature.tags)

    @property
    def scenarios(self) -> list[ScenarioTemplate]:
        """The scenarios in their order."""
        return list(self.feature.scenarios.values())


def render_page(project: Path, release: Release, last_run: LastRun | None, picture: str) -> str:
    """Return the page.

    Args:
        project: The directory that contains features/.
        release: The release whose tables and sources the page shows.
        last_run: The last run, or None if there was none.
        picture: The screenshot of the dashboard, relative to the page; empty if there is none.
    """
    chapters = [_create_chapter(feature, release, last_run) for feature in _load_features(project)]
    return render("tutorial.md", chapters=chapters, release=release, last_run=last_run, picture=picture)


def list_feature_files(project: Path) -> list[str]:
    """Return the files of the features in their order, relative to the project."""
    return [_relative_path(feature) for feature in _load_features(project)]


def _load_features(project: Path) -> list[Feature]:
    features: list[Feature] = get_features([str(project / "features")])
    return sorted(features, key=lambda feature: feature.filename)


def _relative_path(feature: Feature) -> str:
    return f"features/{Path(feature.filename).name}"


def _create_chapter(feature: Feature, release: Release, last_run: LastRun | None) -> Chapter:
    name = Path(feature.filename).stem
    installations = tuple(_list_installations(name, release, last_run)) if last_run else ()
    return Chapter(int(name.partition("_")[0]), _relative_path(feature), feature, installations)


def _list_installations(feature: str, release: Release, last_run: LastRun) -> Iterator[Installation]:
    """Yield the installation of each layer of a feature for which the reader types commands."""
    files = {VALUES_FILE: yaml.safe_dump(build_chart_values(TUTORIAL_SUBNET[INGRESS_OFFSET]))}
    for layer in LAYERS.get(feature, ()):
        commands, objects = last_run.commands.get(layer.name, []), last_run.objects.get(layer.name, "")
        if reader_commands := list_reader_commands(commands, objects, files, release):
            yield Installation(layer.name, tuple(reader_commands))
    if feature == ENTRY_POINTS:
        yield Installation("port-forward", (shlex.join(PORT_FORWARD),))
