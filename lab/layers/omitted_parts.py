"""The parts of the release that an existing cluster does not have: those that a user names, and those that are absent.

A part is absent if none of its objects exists. If some exist, the others are missing, which is a failure. An object
that several parts define, such as a namespace, shows nothing about any of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from lab.context import Lab
from lab.errors import LabError
from lab.k8s.documents import parse_documents
from lab.k8s.kubectl_apply import build_manifests
from lab.k8s.objects import Object, ObjectRef, namespace_of
from lab.layers.manifests import Manifests
from lab.releases import Release

Key = tuple[str, ObjectRef]
"""An object of the manifests: its API group and its reference."""


@dataclass(frozen=True)
class OmittedPart:
    """A part of the release that is not verified.

    Args:
        name: Its name.
        reason: Why it is not verified.
        objects: Its objects.
    """

    name: str
    reason: str
    objects: frozenset[Key]

    def has(self, namespace: str, name: str = "") -> bool:
        """Return whether the part has a workload, or anything in a namespace, or the namespace itself."""
        refs = [ref for _, ref in self.objects]
        if name:
            return any((ref.namespace, ref.name) == (namespace, name) for ref in refs)
        return any(namespace in (ref.namespace, ref.name if ref.kind == "Namespace" else None) for ref in refs)


def find_omitted_parts(
    objects: Collection[Object],
    lab: Lab,
    manifests: Manifests,
    find_missing: Callable[[Iterable[Object]], Iterable[Object]],
) -> list[OmittedPart]:
    """Return the parts that an existing cluster does not have; none in a lab that is installed.

    The manifests of the parts are built only if an object is missing, or a part is named: this takes seconds.

    Args:
        objects: All objects of the manifests.
        lab: The lab.
        manifests: The manifests.
        find_missing: Returns the objects that the cluster does not have.
    """
    if lab.settings.kind.is_installed:
        return []
    missing = {get_key(obj) for obj in find_missing(objects)}
    named = {directory: name for name in lab.settings.without for directory in lab.release.find_optional(name)}
    if not missing and not named:
        return []
    all_keys = {get_key(obj) for obj in objects}
    content = {directory: keys & all_keys for directory, keys in _build(lab, manifests).items()}
    absent = {directory for directory in _list_optional(lab.release) if _is_absent(directory, content, missing)}
    omitted = {*absent, *named} & content.keys()
    return list(_describe(lab.release, omitted, named.keys(), content))


def get_key(obj: Object) -> Key:
    """Return the key of an object of the manifests; one without a namespace may be in the default one."""
    return str(obj["apiVersion"]).rpartition("/")[0], ObjectRef(obj["kind"], obj["metadata"]["name"], namespace_of(obj))


def _list_optional(release: Release) -> list[str]:
    return [directory for part in release.parts if not part.required for directory in part.directories]


def _build(lab: Lab, manifests: Manifests) -> dict[str, frozenset[Key]]:
    """Return the objects of each directory of a part, except directories that given manifests lack or cannot build."""
    directories = [directory for part in lab.release.parts for directory in part.directories]
    existing = [directory for directory in directories if (manifests.directory / directory).is_dir()]
    with ThreadPoolExecutor() as pool:
        built = pool.map(partial(_build_directory, lab, manifests), existing)
        return dict(zip(existing, built, strict=True))


def _build_directory(lab: Lab, manifests: Manifests, directory: str) -> frozenset[Key]:
    try:
        objects = parse_documents(build_manifests(lab.shell, manifests.directory, directory))
    except LabError:
        return frozenset()
    return frozenset(map(get_key, objects))


def _is_absent(directory: str, content: Mapping[str, Set[Key]], missing: Set[Key]) -> bool:
    """Return whether the cluster has none of the objects that only this directory defines, and there are some."""
    others: set[Key] = set().union(*(keys for other, keys in content.items() if other != directory))
    own = content.get(directory, frozenset()) - others
    return bool(own) and own <= missing


def _describe(
    release: Release, omitted: Set[str], named: Set[str], content: Mapping[str, frozenset[Key]]
) -> Iterable[OmittedPart]:
    """Yield the omitted parts; of a part that is only partly omitted, the components in these directories."""
    kept: set[Key] = set().union(*(keys for directory, keys in content.items() if directory not in omitted))
    by_name: dict[str, list[str]] = defaultdict(list)
    for part in release.parts:
        present = [directory for directory in part.directories if directory in content]
        is_whole = set(present) <= omitted
        for directory in present:
            if directory in omitted:
                by_name[part.name if is_whole else _find_component(directory, release)].append(directory)
    for name, directories in by_name.items():
        objects = frozenset().union(*(content[directory] for directory in directories)) - kept
        if not objects:
            continue
        reason = (
            f"{name} is not verified, as --without says"
            if named >= set(directories)
            else f"{name} is not installed in this cluster: none of its {len(objects)} objects exists"
        )
        yield OmittedPart(name, reason, objects)


def _find_component(directory: str, release: Release) -> str:
    names = [name for name, directories in release.list_optional().items() if directories == (directory,)]
    return names[0] if names else directory
