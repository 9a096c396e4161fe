"""The pins of a release's kit, from pins.toml, kits/RELEASE.toml, and the requirements of the programs."""

from __future__ import annotations

import re
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from embedded.manifests import components
from embedded.store import compute_checksums, digest_checksums

EMBEDDED = Path(__file__).parent
PROGRAMS = EMBEDDED / "programs"
TOOLS = EMBEDDED / "tool_versions"
IMAGES = EMBEDDED / "images"
NOT_HASHED = {"component", "implemented_by", "number", "release_version", "requirements", "serves", "tags"}
"""Fields of a pin that do not change the content of its item, or that are inputs of their own."""


class _Pin(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str

    @property
    def json_to_hash(self) -> str:
        """The pin as JSON without some fields, an input of the item that is built from it."""
        return self.model_dump_json(exclude=NOT_HASHED)


class Edit(BaseModel):
    """A change to one place of a file of a module, where neither a flag nor a linker variable can change the behavior.

    Args:
        file: The file, in the module of a program, the directory of a chart, or the build context of an image.
        old: The text to replace; it occurs exactly once.
        new: The text in its place.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: str
    old: str
    new: str


class Program(_Pin):
    """A program that is built by Go.

    Args:
        folder: The name of its directory in programs/; by default the name of the program.
        module: The Go module that it is built from; empty for the project's own programs.
        package: The package for `go build`.
        variables: The variables that the linker sets.
        tags: The build tags.
        provides: Other names of the program.
        commands: The names by which users run it in the lab.
        edits: Changes to the source of the module.
        requirements: The file in its directory with the required modules and their versions: go.mod, or VERSION.mod
            if there are several versions of it.
    """

    folder: str = ""
    module: str = ""
    package: str
    variables: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    provides: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    edits: tuple[Edit, ...] = ()
    requirements: str = "go.mod"

    @property
    def source(self) -> Path:
        """The directory with its requirements."""
        return PROGRAMS / (self.folder or self.name)

    @property
    def version(self) -> str:
        """The version of its Go module; the project's own programs have none.

        Raises:
            ValueError: If the requirements lack the module.
        """
        if not self.module:
            return "this project's"
        file = self.source / self.requirements
        found = re.search(rf"^\s*(?:require )?{re.escape(self.module)} (v\S+)", file.read_text(), re.M)
        if not found:
            raise ValueError(f"{file} does not require {self.module}")
        return found[1]

    @property
    def has_versions(self) -> bool:
        """True if the kits of releases have several versions of it, each with a requirements file."""
        return any(self.source.glob("*.*.mod"))

    @property
    def number(self) -> str:
        """Its version for users: that of its requirements' file, which may be a commit in go.mod's terms."""
        return self.version.removeprefix("v") if self.requirements == "go.mod" else Path(self.requirements).stem

    @property
    def cache_inputs(self) -> tuple[str, ...]:
        """All inputs that determine the program, without the requirements of other versions."""
        files = {self._input_name(Path(name)): checksum for name, checksum in compute_checksums(self.source).items()}
        files.pop("", None)
        return (self.json_to_hash, digest_checksums(dict(sorted(files.items()))), *self.tags)

    def _input_name(self, file: Path) -> str:
        """Return the name under which a file is an input: go.mod for the requirements; empty for other versions."""
        if file.suffix not in (".mod", ".sum"):
            return str(file)
        return f"go{file.suffix}" if file.stem == Path(self.requirements).stem else ""


class Tool(_Pin):
    """A tool for a lab that does not bring its own, in all versions that releases pin.

    Its directory in tool_versions/ has VERSION.mod and VERSION.sum for each version.

    Args:
        module: The Go module that it is built from.
        package: The package for `go build`.
        variables: The variables that the linker sets; {version} and {minor} are replaced.
    """

    module: str
    package: str
    variables: tuple[str, ...]

    @property
    def source(self) -> Path:
        """The directory with the requirements of all versions."""
        return TOOLS / self.name

    def find_program(self, version: str) -> Program | None:
        """Return the program of a version, or None if the kit cannot build that version.

        Args:
            version: The version, as in 1.25.4.
        """
        requirements = f"{version}.mod"
        if not (self.source / requirements).is_file():
            return None
        values = {"version": version, "minor": version.split(".")[1]}
        return Program(
            name=self.name,
            folder=str(self.source),
            module=self.module,
            package=self.package,
            variables=tuple(variable.format(**values) for variable in self.variables),
            requirements=requirements,
        )


class Image(_Pin):
    """A container image that is built from its directory in images/.

    Args:
        reference: The name by which the lab pulls it.
        packages: Debian packages of its root file system.
        programs: Programs of the kit that its build context receives in bin/.
        module_folders: Directories of programs' Go modules in its build context, as PROGRAM:DIRECTORY by name.
        python_files: Files of Python packages in its build context, as PACKAGE:FILE by name.
        edits: Changes to files of the module folders.
        of_all_stand_ins: Whether it also has the names of all images in manifests/workloads.toml that are stand-ins.
        component: The component that it is a stand-in for; empty if it is not a stand-in.
        implemented_by: The software that implements the component.
        serves: The repositories of the images that it takes the place of in a release's manifests, with their hosts.
            An image without them is one of the lab itself, and in every kit.
        number: The version of the software in it; empty if it is the project's own, or Debian's.
        release_version: The version that the release has, unless the image has exactly that.
    """

    reference: str
    packages: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    module_folders: dict[str, str] = {}
    python_files: dict[str, str] = {}
    edits: tuple[Edit, ...] = ()
    of_all_stand_ins: bool = False
    component: str = ""
    implemented_by: str = ""
    serves: tuple[str, ...] = ()
    number: str = ""
    release_version: str = ""

    @property
    def fidelity(self) -> Literal["real", "near", "stand-in"]:
        """The real software in the release's version, in a near version, or a stand-in for it."""
        if not self.component:
            return "real"
        return "near" if self.release_version else "stand-in"

    @property
    def source(self) -> Path:
        """The directory with its Dockerfile."""
        return IMAGES / self.name

    @cached_property
    def references(self) -> tuple[str, ...]:
        """All names by which the lab pulls it; read once, since each container of the manifests is looked up here."""
        others = components.list_stand_in_images(components.load()) if self.of_all_stand_ins else []
        return (self.reference, *others)

    @property
    def repository(self) -> str:
        """The reference without the host of the registry, as in a request to a mirror, including the tag."""
        return remove_host(self.reference)


def remove_host(reference: str) -> str:
    """Return the reference of an image without the host of the registry, as in a request to a mirror."""
    return reference.split("/", 1)[1]


class Chart(_Pin):
    """A Helm chart of a Go module.

    Args:
        version: The version that it is packaged as.
        module_folder: Its directory in a program's Go module, as PROGRAM:DIRECTORY.
        edits: Changes to its files.
        component: The component that it is a stand-in for; empty if it is not a stand-in.
        implemented_by: The software that implements the component.
    """

    version: str
    module_folder: str
    edits: tuple[Edit, ...] = ()
    component: str = ""
    implemented_by: str = ""


class Engine(BaseModel):
    """The root file system of the private Docker Engine.

    Args:
        packages: Its Debian packages.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    packages: tuple[str, ...]


class Pins(BaseModel):
    """All pins of one kit, by name.

    Args:
        programs: Its programs.
        engine: The engine that builds its images and that its labs have.
        images: Its images.
        charts: Its charts.
        has_manifests: Whether it contains manifests.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    programs: dict[str, Program]
    engine: Engine
    images: dict[str, Image]
    charts: dict[str, Chart] = {}
    has_manifests: bool = False
