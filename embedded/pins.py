"""The pins of the kit: pins.toml, and the versions that the programs' go.mod files name."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from embedded.manifests import workloads
from embedded.store import digest_of_files

HERE = Path(__file__).parent
PROGRAMS = HERE / "programs"
IMAGES = HERE / "images"
CHARTS = HERE / "charts"


class _Pin(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str


class Edit(BaseModel):
    """A change to one place of a module's source, for what no flag and no linker variable can set."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: str
    old: str
    new: str


class Program(_Pin):
    """A program built from Go.

    Arguments:
        folder: its folder in programs/, the program's own name by default.
        module: the Go module it comes from; empty for the lab's own programs.
        package: what `go build` is given.
        variables: what the linker sets.
        provides: the names it can be called by, if not only its own.
        commands: those that a person types in the lab.
        edits: changes to the module's source.
    """

    folder: str = ""
    module: str = ""
    package: str
    variables: tuple[str, ...] = ()
    provides: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    edits: tuple[Edit, ...] = ()

    @property
    def source(self) -> Path:
        """The folder with its go.mod."""
        return PROGRAMS / (self.folder or self.name)

    @property
    def version(self) -> str:
        """The version of its module, out of go.mod; the lab's own programs have none."""
        if not self.module:
            return "this project's"
        found = re.search(
            rf"^\s*(?:require )?{re.escape(self.module)} (v\S+)", (self.source / "go.mod").read_text(), re.M
        )
        if not found:
            raise ValueError(f"{self.source / 'go.mod'} does not require {self.module}")
        return found[1]

    @property
    def decides(self) -> tuple[str, ...]:
        """All that decides what is built."""
        return (self.model_dump_json(), digest_of_files(self.source))


class Image(_Pin):
    """A container image built from its folder in images/.

    Arguments:
        reference: the name by which the lab asks for it.
        packages: Debian packages of its root file system.
        programs: programs of the kit that its context gets in bin/.
        module_folders: folders that its context gets out of a program's Go module, as PROGRAM:FOLDER by name.
        python_files: files that its context gets out of a Python package, as PACKAGE:FILE by name.
        of_all_stand_ins: whether it has the names of all images in manifests/workloads.toml that are stand-ins, too.
        seat: in whose place it stands, if it is not what its name says.
        taken_by: what it is instead.
    """

    reference: str
    packages: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    module_folders: dict[str, str] = {}
    python_files: dict[str, str] = {}
    of_all_stand_ins: bool = False
    seat: str = ""
    taken_by: str = ""

    @property
    def source(self) -> Path:
        """The folder with its Dockerfile."""
        return IMAGES / self.name

    @property
    def references(self) -> tuple[str, ...]:
        """All names by which the lab asks for it."""
        more = workloads.stand_ins(workloads.load()) if self.of_all_stand_ins else []
        return (self.reference, *more)

    @property
    def repository(self) -> str:
        """The reference without the registry's host, as a mirror is asked for it, tag included."""
        return without_host(self.reference)


def without_host(reference: str) -> str:
    """An image's reference without the registry's host, as a mirror is asked for it, tag included."""
    return reference.split("/", 1)[1]


class Chart(_Pin):
    """A Helm chart: this project's own in charts/, or a Go module's.

    Arguments:
        version: the version it is packaged as.
        module_folder: where it is in a program's Go module, as PROGRAM:FOLDER; empty for the project's own.
        seat: in whose place it stands, if it is not what its name says.
        taken_by: what it is instead.
    """

    version: str
    module_folder: str = ""
    seat: str = ""
    taken_by: str = ""


class Engine(BaseModel):
    """The root file system of the private Docker Engine."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    packages: tuple[str, ...]


class Pins(BaseModel):
    """All pins, by name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    programs: dict[str, Program]
    engine: Engine
    images: dict[str, Image]
    charts: dict[str, Chart] = {}


def load(file: Path = HERE / "pins.toml") -> Pins:
    """Reads the pins; raises pydantic's ValidationError where they do not follow the schema."""
    content = tomllib.loads(file.read_text())
    for table in ("programs", "images", "charts"):
        for name, pin in content.get(table, {}).items():
            pin["name"] = name
    return Pins.model_validate(content)
