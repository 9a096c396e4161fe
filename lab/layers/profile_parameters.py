"""The Profile that kustomize builds, compared with the parameters of the manifests.

kustomize 5.8 leaves the placeholders of some releases as they are. The API server would accept such a Profile, and no
user could log in to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from lab.context import Lab
from lab.errors import LabError
from lab.k8s.documents import parse_documents
from lab.k8s.kubectl_apply import build_manifests
from lab.k8s.objects import Object
from lab.layers.kustomization_files import find_kustomization, read_kustomization
from lab.layers.owner import list_profiles

DIRECTORY = "common/user-namespace/base"
"""The directory of the manifests with the Profile and its parameters."""
PLACEHOLDER = re.compile(r"\$\(([^)]*)\)")
TRANSFORMERS = frozenset(
    {
        "components",
        "namePrefix",
        "nameSuffix",
        "patches",
        "patchesJson6902",
        "patchesStrategicMerge",
        "replacements",
        "transformers",
    }
)
"""The fields of a kustomization by which it may change a name that has no placeholder."""
Profile = tuple[str, str]
"""The name of a Profile, and its owner."""


def check_profiles(objects: Iterable[Object], tree: Path, lab: Lab) -> None:
    """Check that the build of the manifests contains the Profile that their parameters say.

    A change of the Profile by a kustomization of the user's own, outside of the directory of the Profile, is accepted.

    Args:
        objects: The objects of the build.
        tree: The directory of the manifests.
        lab: The lab.

    Raises:
        LabError: If kustomize has built another Profile.
    """
    built, expected = list_profiles(objects), read_expected(tree)
    wrong = [profile for profile in built if PLACEHOLDER.search(" ".join(profile))]
    if not wrong and built and expected and expected not in built:
        own = list_profiles(parse_documents(build_manifests(lab.shell, tree, DIRECTORY)))
        wrong = [profile for profile in own if profile != expected]
    if wrong:
        error = _describe(wrong, expected, lab)
        error.layer = "manifests build"
        raise error


def read_expected(tree: Path) -> Profile | None:
    """Return the Profile that the files of the manifests describe; None if they do not define it by themselves.

    Args:
        tree: The directory of the manifests.

    Raises:
        LabError: If one of the files is invalid.
    """
    file = find_kustomization(tree / DIRECTORY)
    if not file:
        return None
    content = read_kustomization(file)
    profiles = [profile for name in _list_texts(content, "resources") for profile in _read_profiles(file.parent / name)]
    if len(profiles) != 1:
        return None
    name, owner = (_resolve(text, content, file.parent) for text in profiles[0])
    return (name, owner) if name and owner else None


def _resolve(text: str, content: Mapping[str, Any], directory: Path) -> str:
    """Return a name with parameters in the place of placeholders; empty if the kustomization may set it otherwise."""
    if not PLACEHOLDER.search(text):
        return "" if TRANSFORMERS & content.keys() else text
    parameters = _read_parameters(content, directory)
    resolved = PLACEHOLDER.sub(lambda found: parameters.get(found[1], found[0]), text)
    return "" if PLACEHOLDER.search(resolved) else resolved


def _read_parameters(content: Mapping[str, Any], directory: Path) -> dict[str, str]:
    lines: list[str] = []
    for generator in content.get("configMapGenerator") or []:
        files = [*_list_texts(generator, "envs"), *filter(None, [generator.get("env")])]
        for file in (directory / name for name in files):
            lines += file.read_text().splitlines() if file.is_file() else []
        lines += _list_texts(generator, "literals")
    pairs = [line.partition("=") for line in lines if not line.lstrip().startswith("#")]
    return {name.strip(): value.strip() for name, has_value, value in pairs if has_value}


def _read_profiles(file: Path) -> list[Profile]:
    return list_profiles(parse_documents(file.read_text())) if file.is_file() else []


def _list_texts(content: Mapping[str, Any], field: str) -> list[str]:
    values = content.get(field)
    return [value for value in values if isinstance(value, str)] if isinstance(values, list) else []


def _describe(wrong: Iterable[Profile], expected: Profile | None, lab: Lab) -> LabError:
    version = lab.shell.run("kustomize", "version", allow_failure=True).output.strip()
    remedy = f"use kustomize {lab.release.tools.kustomize}, such as {lab.release.ci_tools.kustomize}"
    return LabError(
        "kustomize builds another Profile than the parameters of the manifests say; nothing was applied",
        expected=f"the Profile {expected[0]} of {expected[1]}" if expected else "a Profile without placeholders",
        seen="\n".join([*(f"the Profile {name} of {owner}" for name, owner in wrong), f"built by kustomize {version}"]),
        remedy=f"{remedy}; if it is that already, correct the kustomization in {DIRECTORY}",
    )
