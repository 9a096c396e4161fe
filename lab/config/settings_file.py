"""The settings in kubeflow-lab.toml, in the working directory: keys are the names of settings, with `-` or `_`."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

NAME = "kubeflow-lab.toml"


@dataclass
class SettingsFile:
    """The content of the file.

    Args:
        path: Its path.
        exists: Whether it exists.
        values: The values by the name of their setting.
        findings: What is wrong with the file; a value with a finding is not among the values.
    """

    path: Path
    exists: bool = False
    values: dict[str, Any] = field(default_factory=dict)
    findings: list[str] = field(default_factory=list)


def read(directory: Path, secrets: Mapping[str, bool]) -> SettingsFile:
    """Return the settings in the file of a directory; none if there is no file.

    Args:
        directory: The directory.
        secrets: The names of all settings, and whether each is a secret, which the file must not contain.
    """
    file = SettingsFile(directory / NAME)
    file.exists = os.path.lexists(file.path)
    if not file.exists:
        return file
    try:
        content = tomllib.loads(file.path.read_text(encoding="utf-8"))
    except OSError as error:
        file.findings.append(f"{file.path} cannot be read: {error.strerror}")
        return file
    except UnicodeDecodeError as error:
        file.findings.append(f"{file.path} is not valid TOML: it is not UTF-8 at byte {error.start + 1}")
        return file
    except tomllib.TOMLDecodeError as error:
        file.findings.append(f"{file.path} is not valid TOML: {error}")
        return file
    for key, value in content.items():
        name = key.replace("-", "_")
        if problem := _find_problem(key, value, secrets, is_repeated=name in file.values):
            file.findings.append(f"{file.path}: {key}: {problem}")
        else:
            file.values[name] = value
    return file


def _find_problem(key: str, value: object, secrets: Mapping[str, bool], *, is_repeated: bool) -> str:
    """Return what is wrong with a key or the form of its value; empty if nothing is."""
    name = key.replace("-", "_")
    if name not in secrets:
        names = ", ".join(name.replace("_", "-") for name, is_secret in secrets.items() if not is_secret)
        return f"there is no such setting; the settings are {names}"
    if secrets[name]:
        return (
            f"a {key} must not be in this file, which others may read: write it to a file of its own, and give that as "
            f"{key}-file"
        )
    if is_repeated:
        return "the setting is given twice, with - and with _"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value} is a number: write it in quotes"
    if isinstance(value, dict):
        return "this is a table, and a setting is one value"
    return ""
