"""Where the things that the tutorial installs come from: the internet, or what offers the same by its protocols."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from lab.errors import LabError
from lab.releases import Chart, Manifests, Release

STAND_IN = "-stand-in"
"""What the tag of a stand-in's image ends with: whoever looks at a pod sees it, and no other tree starts one."""


class StandIn(BaseModel):
    """Something that sits in a component's seat without being it.

    Arguments:
        seat: what its name says that it is.
        taken_by: what it is.
        images: the full references of the images in whose place it stands; none for what is no image.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    seat: str
    taken_by: str
    images: tuple[str, ...] = ()


class Source(BaseModel):
    """Where things come from.

    Arguments:
        k3s_image: the image of the cluster's node.
        charts: Helm charts by name.
        release: the only Kubeflow release that it has, if it has not all of them.
        manifests: the Git repository of Kubeflow's manifests.
        mirrors: for each image registry's host, the URLs to ask in its place; {gateway} is the lab network's gateway.
        environment: environment variables that tools need for it.
        stand_ins: what is not what its name says.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    k3s_image: str
    charts: dict[str, Chart]
    release: str = ""
    manifests: Manifests
    mirrors: dict[str, list[str]] = {}
    environment: dict[str, str] = {}
    stand_ins: tuple[StandIn, ...] = ()


def of_the_internet(release: Release) -> Source:
    """The places that the tutorial names, pinned by the release."""
    return Source(k3s_image=release.kubernetes.k3s_image, charts=release.charts, manifests=release.manifests)


def without(release: str, source: Source) -> Iterator[LabError]:
    """That a source does not have a release, if so."""
    if source.release not in ("", release):
        yield LabError(
            f"there is no Kubeflow {release} at this lab's source",
            expected=f"--release {source.release}",
            seen=f"--release {release}",
            remedy="take that one, or --lab k3d with internet, which has every release of lab/releases",
        )


def load(file: Path) -> Source:
    """Reads a source from a TOML file; raises LabError when it is not there or not one."""
    try:
        return Source.model_validate(tomllib.loads(file.read_text()))
    except (OSError, ValidationError, tomllib.TOMLDecodeError) as error:
        raise LabError(
            f"{file} does not say where things come from",
            expected="a TOML file with k3s_image, charts and, if needed, mirrors and environment",
            seen=str(error),
            remedy="correct it; docs/architecture.md has an example",
        ) from None
