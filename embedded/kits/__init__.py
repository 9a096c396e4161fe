"""The kits of the releases: which versions of programs and which images the kit of a Kubeflow release has."""

from __future__ import annotations

import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from lab.errors import LabError

DIRECTORY = Path(__file__).parent


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ImageOfRelease(_Strict):
    """An image that takes part in a release; each text that is not empty replaces that of pins.toml.

    Args:
        release_version: The version that the release has, if that of the kit is another one.
        reference: The name by which the lab pulls it.
        implemented_by: The software that implements the component.
    """

    release_version: str = ""
    reference: str = ""
    implemented_by: str = ""


class ReleaseKit(_Strict):
    """The differences of one release's kit.

    Args:
        has_manifests: Whether it contains manifests, those of embedded/manifests.
        versions: The version of each program, or group of programs, that has several, by its directory in programs/.
        images: The images of Kubeflow's components by name. The images of the lab itself are in every kit.
    """

    has_manifests: bool = False
    versions: dict[str, str]
    images: dict[str, ImageOfRelease]


def list_releases() -> list[str]:
    """Return the releases for which there is a kit, sorted."""
    return sorted(file.stem for file in DIRECTORY.glob("*.toml"))


def load(release: str) -> ReleaseKit:
    """Return the kit of a release.

    Raises:
        LabError: If there is no kit of the release.
    """
    file = DIRECTORY / f"{release}.toml"
    if not file.is_file():
        raise LabError(
            f"there is no kit of Kubeflow {release}",
            expected=f"one of the releases {', '.join(list_releases())}",
            seen=f"--release {release}",
            remedy="use one of these releases, or --lab k3d with internet access for any release of lab/releases",
        )
    return ReleaseKit.model_validate(tomllib.loads(file.read_text()))
