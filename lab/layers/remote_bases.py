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
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import parse_qs

from lab.errors import LabError
from lab.layers.kustomization_files import TARGET, list_references, walk_kustomizations
from lab.layers.manifest_archives import extract, list_roots

COPIES = "remote-bases"
"""The directory of the tree that receives the copies."""
URL = re.compile(r"^(?:git::)?(?:https?://|ssh://|git@|(?:www\.)?github\.com[/:])|[^:]//|\?ref=")
"""Matches what kustomize downloads: a URL, or a short form of one."""
ADDRESS = re.compile(
    r"^(?:git::)?(?:(?:https?|ssh)://)?(?:git@)?(?P<host>[^/:]+)[/:]+(?P<path>[^?]*)(?:\?(?P<query>.*))?$"
)
RELEASE_FILE = re.compile(r"^[^/]+/(?P<repository>[^/]+)/releases/download/(?P<ref>[^/]+)/(?P<path>.+)$")
RAW_FILE = re.compile(r"^[^/]+/(?P<repository>[^/]+)/(?P<ref>[^/]+)/(?P<path>.+)$")
DIRECTORY = re.compile(r"^[^/]+/(?P<repository>[^/]+?)(?:\.git)?(?:/+(?P<path>.*))?$")
URL_CHARACTER = r"[\w.:/?=&@%+~-]"


@dataclass(frozen=True)
class RemoteBase:
    """A directory or file that manifests refer to by its URL.

    Args:
        url: The URL, as the manifests contain it.
        file: The kustomization that refers to it.
        location: Where its copy is in a directory of copies.
    """

    url: str
    file: Path
    location: PurePosixPath


def find_remote_bases(tree: Path, target: str = TARGET) -> Iterator[RemoteBase]:
    """Yield the remote bases that the build of a directory needs; other directories of the tree may have more.

    Args:
        tree: The directory of the manifests.
        target: The directory to build, relative to the tree.

    Raises:
        LabError: If a kustomization is invalid.
    """
    for file in walk_kustomizations(tree, target):
        for reference in list_references(file):
            if URL.search(reference) and not (file.parent / reference).exists():
                yield RemoteBase(reference, file, locate(reference))


def locate(url: str) -> PurePosixPath:
    """Return where the copy of a remote base is in a directory of copies.

    Args:
        url: The URL of a directory of a Git repository, of a file of a release, or of another file, in any form that
            kustomize accepts.
    """
    address = ADDRESS.match(url)
    if not address:
        return PurePosixPath(url)
    host, path = address["host"], address["path"].strip("/")
    if address["query"] is None:
        pattern = RAW_FILE if host == "raw.githubusercontent.com" else RELEASE_FILE
        if found := pattern.match(path):
            return PurePosixPath(f"{found['repository']}-{found['ref']}", found["path"])
        if host != "github.com":
            return PurePosixPath(host, path)
    query = parse_qs(address["query"] or "")
    ref = next((query[name][0].replace("/", "-") for name in ("ref", "version") if name in query), "")
    found = DIRECTORY.match(path)
    if not found:
        return PurePosixPath(host, path)
    return PurePosixPath("-".join(filter(None, (found["repository"], ref))), found["path"] or ".")


def replace_remote_bases(tree: Path, bases: Path, target: str = TARGET) -> list[str]:
    """Put copies in the place of the remote bases of a tree, so that kustomize builds it without a network.

    Args:
        tree: The lab's own copy of the manifests, which is changed.
        bases: A directory with copies, or an archive of one.
        target: The directory that will be built, relative to the tree.

    Returns:
        The URLs that were replaced, each once.

    Raises:
        LabError: If there is no copy of a remote base; the error names each. The tree is then unchanged or, if a copy
            itself has remote bases, partly changed.
    """
    if bases.is_dir():
        return _replace(tree, [bases], target, bases)
    with tempfile.TemporaryDirectory() as temporary:
        directory = Path(temporary) / COPIES
        extract(bases, directory)
        return _replace(tree, list_roots(directory), target, bases)


def _replace(tree: Path, roots: Sequence[Path], target: str, bases: Path) -> list[str]:
    replaced: dict[str, None] = {}
    while found := list(find_remote_bases(tree, target)):
        copies = [next((root for root in roots if (root / base.location).exists()), None) for base in found]
        if missing := [base for base, root in zip(found, copies, strict=True) if root is None]:
            raise _missing(missing, tree, bases)
        for base, root in zip(found, copies, strict=True):
            if root:
                _put_in_place(base, tree, root)
                replaced[base.url] = None
    return list(replaced)


def _put_in_place(base: RemoteBase, tree: Path, root: Path) -> None:
    """Copy the repository of a remote base into the tree, and refer to the copy.

    kustomize reads a file only if it is in the directory of the kustomization or below.
    """
    copy = tree / COPIES / base.location
    original = root / base.location
    if original.is_file():
        copy = base.file.parent / "-".join(base.location.parts)
        shutil.copyfile(original, copy)
    else:
        repository = base.location.parts[0]
        shutil.copytree(root / repository, tree / COPIES / repository, dirs_exist_ok=True)
    reference = os.path.relpath(copy, base.file.parent)
    pattern = rf"(?<!{URL_CHARACTER}){re.escape(base.url)}(?!{URL_CHARACTER})"
    base.file.write_text(re.sub(pattern, lambda _: reference, base.file.read_text()))


def _missing(missing: Sequence[RemoteBase], tree: Path, bases: Path) -> LabError:
    lines = {f"{base.url} in {base.file.relative_to(tree)}: no {base.location}" for base in missing}
    return LabError(
        "the manifests refer to remote bases of which there is no copy; nothing was applied",
        expected=f"in {bases}, a copy of each",
        seen="\n".join(sorted(lines)),
        remedy="add the missing copies; a directory REPOSITORY-REF is what an archive of the repository at this ref "
        "contains. With a network in which kustomize reaches these addresses, no copies are needed",
    )
