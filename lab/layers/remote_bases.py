"""The remote bases of manifests, which kustomize would download, and their replacement by copies.

Inside the embedded lab's network, and behind many firewalls, kustomize reaches no Git host. A directory or an archive
with copies of the bases has one directory for each repository and ref, named REPOSITORY-REF, as an archive of the
repository unpacks: argo-workflows-v3.7.3/manifests/… or, for the file of a release, jobset-v0.10.1/manifests.yaml.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from lab.errors import LabError
from lab.layers.kustomization_files import TARGET, list_references, walk_kustomizations
from lab.layers.manifest_archives import extract, list_roots
from lab.layers.manifests import copy_files
from lab.layers.remote_base_urls import Origin, is_remote, parse_url

COPIES = "remote-bases"
"""The directory of the tree that receives the copies."""
URL_CHARACTER = r"[\w.:/?=&@%+~-]"
SHOWN = 3
"""The number of commands that an error shows."""


@dataclass(frozen=True)
class RemoteBase:
    """A directory or file that manifests refer to by its URL.

    Args:
        url: The URL, as the manifests contain it.
        file: The kustomization that refers to it.
        origin: The place that the URL refers to.
    """

    url: str
    file: Path
    origin: Origin

    @property
    def location(self) -> PurePosixPath:
        """The path of its copy in a directory of copies."""
        return self.origin.location


def find_remote_bases(tree: Path, targets: Sequence[str] = (TARGET,)) -> Iterator[RemoteBase]:
    """Yield the remote bases that the build of some directories needs; other directories of the tree may have more.

    Args:
        tree: The directory of the manifests.
        targets: The directories to build, relative to the tree.

    Raises:
        LabError: If a kustomization is invalid.
    """
    for file in dict.fromkeys(file for target in targets for file in walk_kustomizations(tree, target)):
        for reference in list_references(file):
            if is_remote(reference) and not (file.parent / reference).exists():
                yield RemoteBase(reference, file, parse_url(reference))


def replace_remote_bases(tree: Path, bases: Path, targets: Sequence[str] = (TARGET,)) -> Mapping[str, PurePosixPath]:
    """Put copies in the place of the remote bases of a tree, so that kustomize builds it without a network.

    Args:
        tree: The lab's own copy of the manifests, which is changed.
        bases: A directory with copies, or an archive of one.
        targets: The directories that will be built, relative to the tree.

    Returns:
        The location of the copy in the directory or the archive, by the URL that it replaces.

    Raises:
        LabError: If there is no copy of a remote base; the error names each. The tree is then unchanged or, if a copy
            itself has remote bases, partly changed.
    """
    if bases.is_dir():
        return _replace(tree, [bases], targets, bases)
    with tempfile.TemporaryDirectory() as temporary:
        directory = Path(temporary) / COPIES
        extract(bases, directory)
        return _replace(tree, list_roots(directory), targets, bases)


def check_copies(tree: Path, bases: Path, targets: Sequence[str] = (TARGET,)) -> None:
    """Check that there is a copy of each remote base of a tree, which stays as it is; see replace_remote_bases.

    Raises:
        LabError: If there is no copy of a remote base; the error names each.
    """
    with tempfile.TemporaryDirectory() as temporary:
        copy = Path(temporary) / "manifests"
        copy_files(tree, copy)
        replace_remote_bases(copy, bases, targets)


def describe_missing(missing: Sequence[RemoteBase], tree: Path, expected: str, bases: Path | str) -> LabError:
    """Return the error about remote bases of which there is no copy.

    Args:
        missing: The remote bases.
        tree: The tree whose files refer to them.
        expected: The places in which copies were looked for.
        bases: The directory to which the remedy adds copies.
    """
    lines = {f"{base.url} in {base.file.relative_to(tree)}: no {base.location}" for base in missing}
    commands = list(dict.fromkeys(_describe_download(base, bases) for base in missing))
    more = " and so on for the others" if commands[SHOWN:] else ""
    return LabError(
        "the manifests refer to remote bases of which there is no copy; nothing was applied",
        expected=expected,
        seen="\n".join(sorted(lines)),
        remedy=f"where these addresses can be reached, run {', '.join(commands[:SHOWN])}{more}; then use "
        f"--remote-bases={bases}",
    )


def _describe_download(base: RemoteBase, bases: Path | str) -> str:
    """Return the command that makes a copy of a remote base."""
    origin = base.origin
    if origin.is_release_file or not origin.repository:
        return f"`curl --fail --location --create-dirs --output {bases}/{base.location} {base.url}`"
    ref = f" && git -C {bases}/{origin.copy_name} checkout {origin.ref}" if origin.ref else ""
    return f"`git clone https://{origin.repository} {bases}/{origin.copy_name}{ref}`"


def _replace(tree: Path, roots: Sequence[Path], targets: Sequence[str], bases: Path) -> Mapping[str, PurePosixPath]:
    replaced: dict[str, PurePosixPath] = {}
    while found := list(find_remote_bases(tree, targets)):
        copies = [next((root for root in roots if (root / base.location).exists()), None) for base in found]
        if missing := [base for base, root in zip(found, copies, strict=True) if root is None]:
            raise describe_missing(missing, tree, f"in {bases}, a copy of each", bases if bases.is_dir() else COPIES)
        for base, root in zip(found, copies, strict=True):
            if root:
                _put_in_place(base, tree, root)
                replaced[base.url] = base.location
    return replaced


def _put_in_place(base: RemoteBase, tree: Path, root: Path) -> None:
    """Copy the repository of a remote base into the tree, and refer to the copy.

    kustomize reads a file only if it is in the directory of the kustomization or below.
    """
    copy = tree / COPIES / base.location
    original = root / base.location
    if original.is_file():
        copy = base.file.parent / "-".join(base.location.parts)
        shutil.copyfile(original, copy)
    elif not copy.exists():
        repository = base.location.parts[0]
        copy_files(root / repository, tree / COPIES / repository)
    reference = os.path.relpath(copy, base.file.parent)
    pattern = rf"(?<!{URL_CHARACTER}){re.escape(base.url)}(?!{URL_CHARACTER})"
    base.file.write_text(re.sub(pattern, lambda _: reference, base.file.read_text()))
