"""The rehearsal of an embedded lab: the kit's real programs, and generated stand-ins for all others."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, cached_property
from pathlib import Path

from embedded import engine, rules
from embedded.kit import Kit
from embedded.rehearsal import oci, stand_ins
from embedded.rehearsal.assignments import Assignment, Status, assign, is_of_kit, split_reference
from embedded.rehearsal.changes import change_manifests
from embedded.rehearsal.containers import Container, check_ports, list_containers
from embedded.rehearsal.mesh import Mesh
from lab.config.source import StandIn
from lab.k8s.documents import parse_documents
from lab.rehearsal import Change, ContainerRow
from lab.run.journal import Journal
from lab.run.shell import Shell

PUSHES = 4
"""The number of images that are pushed at the same time, each to another repository.

The registry may reject an image while another one with the same layers is pushed to the same repository.
"""
ARCHIVE = "stand-ins.tar"
IMPORT_TIMEOUT = 300
PLUG_IN = "install-cni"
"""The image of the agent that installs Istio's CNI plug-in on a node."""
GENERATED = "images of the manifests that the kit does not have"


class KitRehearsal:
    """The rehearsal of manifests with the images of a kit; see lab.rehearsal.Rehearsal.

    Args:
        built: The kit.
        directory: The directory for the archive of images.
        journal: The journal of the run.
    """

    def __init__(self, built: Kit, directory: Path, journal: Journal) -> None:
        self._kit, self._directory, self._journal = built, directory, journal
        self._containers: Sequence[Container] = ()
        self._assignments: Mapping[str, Assignment] = {}
        self._mesh, self._has_stand_ins = Mesh(), False
        self.changes: Sequence[Change] = ()

    def prepare(self, manifests: str) -> str:
        """Return all manifests of an installation with the changes of a rehearsal, and remember their images.

        Args:
            manifests: YAML documents.

        Raises:
            LabError: If containers of a pod have the same port.
        """
        self._mesh = Mesh.from_objects(parse_documents(manifests), has_plug_in=PLUG_IN in self._kit.pins.images)
        assignments = self._assign(list_containers(parse_documents(manifests))).values()
        self._has_stand_ins = any(found.image is None for found in assignments)
        adapted, self.changes = self._change(manifests)
        self._containers = list_containers(parse_documents(adapted))
        check_ports(self._containers)
        self._assignments = self._assign(self._containers)
        return adapted

    def adapt(self, manifests: str) -> str:
        """Return a part of the manifests with the changes of a rehearsal.

        Args:
            manifests: YAML documents.
        """
        return self._change(manifests)[0]

    @property
    def containers(self) -> Sequence[ContainerRow]:
        """The containers of the manifests, and the program that runs in each."""
        found = ((container, self._assignments[container.reference]) for container in self._containers)
        return [
            ContainerRow(container.title, container.image, assignment.status, assignment.implemented_by)
            for container, assignment in found
        ]

    @property
    def stand_ins(self) -> Sequence[StandIn]:
        """The images that other versions and generated stand-ins implement; those of the kit's own names are known."""
        others = [assignment for assignment in self._assignments.values() if not is_of_kit(assignment)]
        generated = [assignment.reference for assignment in others if assignment.image is None]
        near = [
            StandIn(component=found.reference, implemented_by=found.implemented_by, images=(found.reference,))
            for found in others
            if found.status == Status.NEAR
        ]
        if not generated:
            return near
        return [
            *near,
            StandIn(
                component=f"{len(generated)} {GENERATED}",
                implemented_by="stand-ins generated from the manifests",
                images=tuple(generated),
            ),
        ]

    def push_images(self) -> None:
        """Push the images of the manifests to the lab's registry, as far as it lacks them and their names have a tag.

        A registry cannot have content with a digest that is not its own: such images are only imported.
        """
        images = self._images
        if not images:
            return
        waiting_for = f"the registry to accept {len(images)} images"
        repositories: dict[str, dict[str, oci.Image]] = {}
        for reference, image in images.items():
            repositories.setdefault(split_reference(reference)[0], {})[reference] = image
        with self._journal.record("wait", waiting_for), ThreadPoolExecutor(PUSHES) as pool:
            list(pool.map(_push_all, repositories.values()))

    @property
    def imported(self) -> frozenset[str]:
        """The full references of the images that are imported into the nodes."""
        return frozenset(self._imported)

    def import_images(self, nodes: Sequence[str], shell: Shell) -> None:
        """Import the stand-ins into the nodes, and all images whose names have a digest.

        Args:
            nodes: The containers that are the nodes.
            shell: Runs docker in the lab.
        """
        if not self._imported:
            return
        self._directory.mkdir(parents=True, exist_ok=True)
        archive = self._directory / ARCHIVE
        oci.write_archive(self._imported, archive)
        for node in nodes:
            shell.run("docker", "cp", archive, f"{node}:/{ARCHIVE}")
            command = ("ctr", "--namespace", "k8s.io", "images", "import", f"/{ARCHIVE}")
            shell.run("docker", "exec", node, *command, timeout=IMPORT_TIMEOUT)
            shell.run("docker", "exec", node, "rm", f"/{ARCHIVE}")
        archive.unlink()

    @cached_property
    def _images(self) -> Mapping[str, oci.Image]:
        """The images that the registry lacks, by full reference."""
        found = self._assignments.values()
        generated = [assignment.reference for assignment in found if assignment.image is None]
        others = {
            assignment.reference: self._load(assignment.image.name)
            for assignment in found
            if assignment.image and not is_of_kit(assignment)
        }
        return {**stand_ins.generate(generated, self._containers, cache(self._load)), **others}

    @property
    def _imported(self) -> Mapping[str, oci.Image]:
        generated = {found.reference for found in self._assignments.values() if found.image is None}
        return {name: image for name, image in self._images.items() if name in generated or "@" in name}

    def _change(self, manifests: str) -> tuple[str, list[Change]]:
        keeps_cpu = not self._has_stand_ins
        return change_manifests(manifests, self._read_control_plane, self._mesh, keeps_cpu=keeps_cpu)

    def _assign(self, containers: Collection[Container]) -> dict[str, Assignment]:
        references = sorted({container.reference for container in containers})
        return {reference: assign(reference, self._kit.pins.images.values()) for reference in references}

    def _read_control_plane(self) -> str:
        directory = self._kit.directory("manifests", rules.ISTIO_MANIFESTS)
        return "\n---\n".join(file.read_text() for file in sorted(directory.glob("*.yaml")))

    def _load(self, name: str) -> oci.Image:
        image = self._kit.pins.images[name]
        repository, tag = split_reference(image.reference)
        return oci.read_image(self._kit.directory("images", name), repository, tag)


def _push_all(images: Mapping[str, oci.Image]) -> None:
    for reference, image in images.items():
        repository, tag = split_reference(reference)
        if tag:
            oci.push_image(image, engine.REGISTRY, repository, tag)
