"""The table of the programs that a person meets, and that stand-ins play with their interfaces: roles.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from docker.utils import parse_repository_tag
from pydantic import BaseModel, ConfigDict

from embedded.rehearsal.containers import Container

TABLE = Path(__file__).with_name("roles.toml")
GENERIC_IMAGE = "webapp"
PROFILES = "profiles"
CREATED_BY = "Deployment kubeflow/kubeflow-pipelines-profile-controller"
"""The controller that creates the workloads of Kubeflow Pipelines in the namespace of each Profile."""
CREATED_FROM = ("Deployment kubeflow/ml-pipeline-ui", "Deployment kubeflow/ml-pipeline-visualizationserver")
"""The workloads whose images it uses."""


class Role(BaseModel):
    """A program that a person meets.

    Args:
        images: The last parts of the names of its images.
        role: The role of the stand-in program, and its arguments.
        image: The image of the kit that the stand-in is made from.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    images: tuple[str, ...]
    role: tuple[str, ...]
    image: str = GENERIC_IMAGE


GENERIC = Role(images=(), role=())


@cache
def load() -> Mapping[str, Role]:
    """Return the roles by the last part of the name of an image.

    Raises:
        pydantic.ValidationError: If the table does not follow the schema.
    """
    rows = [Role.model_validate(row) for row in tomllib.loads(TABLE.read_text())["roles"]]
    return {image: role for role in rows for image in role.images}


def find_role(reference: str) -> Role:
    """Return the role of the stand-in for an image; the generic one answers probes and webhooks only.

    Args:
        reference: The full reference of the image.
    """
    repository, _ = parse_repository_tag(reference.partition("@")[0])
    return load().get(repository.rsplit("/", 1)[-1], GENERIC)


def list_arguments(role: Role, containers: Sequence[Container]) -> list[str]:
    """Return the role and its arguments, some of which are facts of the manifests.

    The stand-in of the profile controller also creates what Kubeflow Pipelines creates for each Profile, from the
    images that the manifests have for it.

    Args:
        role: The role.
        containers: All containers of the manifests.
    """
    arguments = list(role.role)
    if role.role[:1] == (PROFILES,) and any(container.workload == CREATED_BY for container in containers):
        by_workload = {container.workload: container.reference for container in containers}
        arguments += [by_workload[workload] for workload in CREATED_FROM if workload in by_workload]
    return arguments
