"""The places that the tutorial's downloads come from: the internet, or mirrors that offer the same protocols."""

from __future__ import annotations

import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from lab.errors import LabError
from lab.releases import Chart, Manifests, Release

STAND_IN_SUFFIX = "-stand-in"
"""The end of the image tag of a stand-in: visible on every pod, and used by no other manifests."""


class StandIn(BaseModel):
    """A program that takes the place of a component without being it.

    Args:
        component: The component.
        implemented_by: The program that takes its place.
        images: The full references of the component's images that it replaces; empty for a component without images.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    component: str
    implemented_by: str
    images: tuple[str, ...] = ()


class Source(BaseModel):
    """The places that downloads come from.

    Args:
        k3s_image: The image of the cluster's node.
        charts: Helm charts by name.
        release: The only Kubeflow release of this source; empty if it has all releases.
        manifests: The Git repository of Kubeflow's manifests.
        manifests_directory: A directory with the manifests, in place of the repository; None if there is none.
        remote_bases: A directory with copies of what the manifests refer to by URL; None if there are none.
        mirrors: The URLs to use in place of each image registry, by the registry's host; {gateway} stands for the
            gateway of the lab's network.
        environment: Environment variables that tools need to use this source.
        stand_ins: The stand-ins among its images and charts.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    k3s_image: str
    charts: dict[str, Chart]
    release: str = ""
    manifests: Manifests
    manifests_directory: Path | None = None
    remote_bases: Path | None = None
    mirrors: dict[str, list[str]] = {}
    environment: dict[str, str] = {}
    stand_ins: tuple[StandIn, ...] = ()

    def check_release(self, release: str) -> LabError | None:
        """Return an error if this source does not have a release, or None."""
        if self.release in ("", release):
            return None
        return LabError(
            f"Kubeflow {release} is not available from this lab's source",
            expected=f"--release {self.release}",
            seen=f"--release {release}",
            remedy=f"use --release {self.release}, or --lab k3d with internet access for any release of lab/releases",
        )


def from_release(release: Release) -> Source:
    """Return the places on the internet that the tutorial names, with the versions of the release."""
    return Source(k3s_image=release.kubernetes.k3s_image, charts=release.charts, manifests=release.manifests)


def load(file: Path) -> Source:
    """Return the source that a TOML file describes.

    Raises:
        LabError: If the file does not exist or is invalid.
    """
    try:
        return Source.model_validate(tomllib.loads(file.read_text()))
    except (OSError, ValueError) as error:
        raise LabError(
            f"{file} is not a valid source",
            expected="a TOML file with k3s_image, charts and manifests; optionally mirrors and environment",
            seen=_describe_error(error),
            remedy="correct it; embedded/source.toml is an example",
        ) from None


def _describe_error(error: Exception) -> str:
    """Return what is wrong with a file, one line for each invalid value."""
    if isinstance(error, ValidationError):
        return "\n".join(f"{'.'.join(map(str, finding['loc']))}: {finding['msg']}" for finding in error.errors())
    return "no text in UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
