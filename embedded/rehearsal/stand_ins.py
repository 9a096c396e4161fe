"""Generates the images of stand-ins: the kit's stand-in program, with a description of the containers it replaces."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Callable, Iterable, Mapping, Sequence

from embedded.rehearsal import oci, roles
from embedded.rehearsal.containers import Container

DESCRIPTION = "/stand-in.json"
"""The file of an image that describes its containers to the stand-in program; see programs/webapp."""
PROGRAM = "/webapp"
SEARCHED = "/usr/local/bin"
"""The directory on PATH for programs that commands name without a directory."""
LABEL = "kubeflow-lab/stand-in-for"


def generate(
    references: Iterable[str], containers: Sequence[Container], load_base: Callable[[str], oci.Image]
) -> Mapping[str, oci.Image]:
    """Return the image of the stand-in for each reference.

    Args:
        references: The full references of the images to replace.
        containers: All containers of the manifests.
        load_base: Returns an image of the kit by its name.
    """
    return {reference: _generate_image(reference, containers, load_base) for reference in references}


def _generate_image(
    reference: str, containers: Sequence[Container], load_base: Callable[[str], oci.Image]
) -> oci.Image:
    role = roles.find_role(reference)
    own = [container for container in containers if container.reference == reference]
    arguments = roles.list_arguments(role, containers)
    description = {"containers": [_describe(container, arguments) for container in own]}
    programs = {_locate(program) for container in own for program in container.programs if program}
    return load_base(role.image).with_files(
        files={DESCRIPTION: json.dumps(description, indent=1).encode()},
        links=dict.fromkeys(sorted(programs - {PROGRAM}), PROGRAM),
        labels={LABEL: reference},
    )


def _describe(container: Container, role: Sequence[str]) -> Mapping[str, object]:
    return {
        "name": container.title,
        "image": container.reference,
        "pods": container.pods,
        "command": container.command,
        "ends": container.ends,
        "ports": sorted(container.ports),
        "certificates": container.certificates,
        "probes": container.probes,
        "role": [] if container.ends else list(role),
    }


def _locate(program: str) -> str:
    """Return the path at which a container finds a program: absolute, in the working directory /, or on PATH."""
    if "/" in program:
        return posixpath.normpath(posixpath.join("/", program))
    return f"{SEARCHED}/{program}"
