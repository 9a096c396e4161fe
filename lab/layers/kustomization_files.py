"""The files by which kustomize recognizes a directory, and the directories and URLs that they refer to."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from lab.errors import LabError

TARGET = "example"
"""The directory of the manifests that contains all of Kubeflow."""
NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
"""The names of the file by which kustomize recognizes a directory."""
REFERENCES = ("resources", "components", "bases")
"""The fields that refer to other directories or to URLs."""


def find_kustomization(directory: Path) -> Path | None:
    """Return the file by which kustomize recognizes a directory; None if it has none."""
    return next((directory / name for name in NAMES if (directory / name).is_file()), None)


def read_kustomization(file: Path) -> dict[str, Any]:
    """Return the content of such a file.

    Raises:
        LabError: If it cannot be read, or is not a mapping in YAML.
    """
    try:
        content = yaml.load(file.read_text(), yaml.CSafeLoader)
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise _invalid(file, str(error)) from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise _invalid(file, f"the content is a {type(content).__name__}")
    return content


def list_references(file: Path) -> list[str]:
    """Return what such a file refers to: files, directories and URLs, in their order.

    Raises:
        LabError: If the file is invalid.
    """
    content = read_kustomization(file)
    values = [content.get(field) for field in REFERENCES]
    return [item for value in values if isinstance(value, list) for item in value if isinstance(item, str)]


def walk_kustomizations(tree: Path, target: str = TARGET) -> Iterator[Path]:
    """Yield the file of a directory, and those of all directories of the tree that it refers to, each once.

    Args:
        tree: The directory of the manifests.
        target: The directory to begin with, relative to the tree.

    Raises:
        LabError: If a file is invalid.
    """
    tree = Path(os.path.normpath(tree))
    pending, seen = [Path(os.path.normpath(tree / target))], set[Path]()
    while pending:
        directory = pending.pop()
        file = find_kustomization(directory)
        if directory in seen or not file:
            continue
        seen.add(directory)
        yield file
        others = [Path(os.path.normpath(directory / reference)) for reference in list_references(file)]
        pending += [other for other in reversed(others) if other.is_relative_to(tree) and other.is_dir()]


def _invalid(file: Path, seen: str) -> LabError:
    return LabError(
        f"{file} cannot be read as a kustomization",
        expected="a file in YAML with fields such as `resources`",
        seen=seen,
        remedy="correct this file of the manifests, or use other manifests with --manifests",
    )
