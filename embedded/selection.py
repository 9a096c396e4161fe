"""Selects the pins of one release's kit from pins.toml: the versions and images that kits/RELEASE.toml names."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from packaging.version import Version

from embedded import kits
from embedded.kits import ReleaseKit
from embedded.pins import EMBEDDED, Image, Pins, Program, Tool
from lab.errors import LabError
from lab.k8s.version_numbers import find_version, is_in_range

FILE = EMBEDDED / "pins.toml"
RELEASE_VERSION = "{release_version}"

Table = dict[str, Any]
"""A table of pins.toml."""


def load_pins(release: str, file: Path = FILE) -> Pins:
    """Return the pins of the kit of a release.

    Raises:
        LabError: If there is no kit of the release.
        pydantic.ValidationError: If the file does not follow the schema.
    """
    content, kit = _read(file), kits.load(release)
    content.pop("tools", None)
    programs = [_select_program(table, kit) for table in content.pop("programs").values()]
    found = {program.name: program for program in programs if program}
    selected = [_select_image(table, kit, found) for table in content.pop("images").values()]
    images = {image.name: image for image in selected if image}
    used = {name for image in images.values() for name in image.programs}
    programs_of_kit = {
        name: program for name, program in found.items() if name in used or program.commands or not program.has_versions
    }
    content |= {"programs": programs_of_kit, "images": images, "has_manifests": kit.has_manifests}
    return Pins.model_validate(content)


def load_tools(file: Path = FILE) -> dict[str, Tool]:
    """Return the pins of the tools for a lab that does not bring its own, by name."""
    return {name: Tool.model_validate(table) for name, table in _read(file)["tools"].items()}


def _read(file: Path) -> Table:
    content = tomllib.loads(file.read_text())
    for kind in ("programs", "tools", "images", "charts"):
        for name, table in content.get(kind, {}).items():
            table["name"] = name
    return content


def _select_program(table: Table, kit: ReleaseKit) -> Program | None:
    """Return a program in the version that the kit has, or None if the kit does not have it."""
    variants, edits = table.pop("variants", []), table.pop("edits", [])
    program = Program.model_validate(table)
    if "requirements" in table or not program.has_versions:
        return Program.model_validate({**table, "edits": edits})
    number = kit.versions.get(program.source.name)
    if number is None:
        return None
    for changes in _select_rows(variants, number):
        table |= changes
    table |= {"requirements": f"{number}.mod", "edits": _select_rows(edits, number)}
    program = Program.model_validate(table)
    if not (program.source / program.requirements).is_file():
        raise _unknown_version(program, number)
    values = {"{number}": number, "{minor}": number.split(".")[1], "{revision}": program.version.rsplit("-")[-1]}
    variables = tuple(_replace(variable, values) for variable in program.variables)
    return program.model_copy(update={"variables": variables})


def _unknown_version(program: Program, number: str) -> LabError:
    directory = program.source.name
    versions = sorted((file.stem for file in program.source.glob("*.*.mod")), key=Version)
    return LabError(
        f"the kit cannot build version {number} of {directory}, which the release's kit names",
        expected=f"one of the versions {', '.join(versions)}",
        seen=f"no embedded/programs/{directory}/{number}.mod",
        remedy=f"name one of these versions in embedded/kits, or add {number}.mod and {number}.sum of its modules",
    )


def _select_rows(rows: Iterable[Table], number: str) -> list[Table]:
    """Return the rows that apply to a version, without the ranges of versions that they have."""
    version = find_version(number)
    assert version, f"{number} is no version"
    return [
        {key: value for key, value in row.items() if key != "versions"}
        for row in rows
        if is_in_range(version, row.get("versions", ""))
    ]


def _select_image(table: Table, kit: ReleaseKit, programs: Mapping[str, Program]) -> Image | None:
    """Return an image with the versions and texts that it has in the kit, or None if the kit does not have it."""
    of_release = kit.images.get(table["name"])
    if of_release:
        table |= of_release.model_dump(exclude_defaults=True)
    elif table.get("serves"):
        return None
    image = Image.model_validate(table)
    number = next((programs[name].number for name in image.programs if programs[name].module), "")
    if RELEASE_VERSION in image.component and not image.release_version:
        image = image.model_copy(update={"component": "", "implemented_by": ""})
    values = {"{number}": number, RELEASE_VERSION: image.release_version}
    texts = {name: _replace(getattr(image, name), values) for name in ("reference", "component", "implemented_by")}
    return image.model_copy(update={"number": number, **texts})


def _replace(text: str, values: Mapping[str, str]) -> str:
    for placeholder, value in values.items():
        text = text.replace(placeholder, value)
    return text
