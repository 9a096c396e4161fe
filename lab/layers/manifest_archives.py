"""Unpacking an archive of manifests: only into its directory, and only if it has the layout of Kubeflow's manifests."""

from __future__ import annotations

import hashlib
import lzma
import shutil
import tarfile
import zlib
from pathlib import Path

from lab.config.locations import ARCHIVES
from lab.errors import LabError
from lab.layers.kustomization_files import NAMES, TARGET, find_kustomization

CHUNK = 1024 * 1024
CACHED = "manifests"
"""The directory of the cache with unpacked archives, each named by its digest."""
DIGEST_LENGTH = 16
PACK = "pack the whole tree, for example from a clone: `git archive --output=manifests.tar.gz HEAD`"
SHOWN = 10
"""The number of names that an error lists."""


def unpack_once(archive: Path, cache: Path) -> Path:
    """Return the directory with the content of an archive, which is unpacked unless a run has done that before.

    Args:
        archive: The archive.
        cache: The project's cache directory.

    Raises:
        LabError: See unpack.
    """
    with archive.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    directory = cache / CACHED / digest[:DIGEST_LENGTH]
    if not directory.is_dir():
        directory.parent.mkdir(parents=True, exist_ok=True)
        unpack(archive, directory)
    return directory


def unpack(archive: Path, directory: Path) -> None:
    """Unpack an archive of Kubeflow's manifests, and replace an earlier directory.

    A single top-level directory of the archive, as archives of Git hosts have it, is left out.

    Args:
        archive: The archive.
        directory: The directory that will have `example` and the others.

    Raises:
        LabError: If the archive cannot be read, contains an unsafe path, or has another layout.
    """
    unfinished = directory.with_name(f"{directory.name}.unfinished")
    try:
        extract(archive, unfinished)
        roots = list_roots(unfinished)
        root = next((root for root in roots if find_kustomization(root / TARGET)), None)
        if root is None:
            raise describe_unknown_layout(f"the archive {archive}", roots[-1], PACK)
        shutil.rmtree(directory, ignore_errors=True)
        root.rename(directory)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def extract(archive: Path, directory: Path) -> None:
    """Extract the files of an archive into a new directory, which replaces an earlier one.

    Raises:
        LabError: If the archive cannot be read, or contains a path that leads out of the directory.
    """
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    try:
        with tarfile.open(archive) as content:
            content.extractall(directory, filter="data")
            while content.fileobj and content.fileobj.read(CHUNK):  # up to its checksum: it may have been cut off
                pass
    except tarfile.FilterError as error:
        raise LabError(
            f"the archive {archive} is not unpacked, because it is unsafe",
            expected="files, directories and links that stay inside the archive",
            seen=str(error),
            remedy="pack the archive again without this member, for example from a clone: `git archive HEAD`",
        ) from None
    except (tarfile.TarError, OSError, EOFError, lzma.LZMAError, zlib.error) as error:
        raise LabError(
            f"the archive {archive} cannot be unpacked",
            expected=f"a complete archive of the form {', '.join(ARCHIVES)}",
            seen=str(error) or type(error).__name__,
            remedy=f"check it with `tar -tf {archive}`, and download it again if it is incomplete",
        ) from None


def list_roots(directory: Path) -> list[Path]:
    """Return the directories where the content of an extracted archive may begin: itself, or its only directory."""
    entries = list(directory.iterdir())
    return [directory, *(entry for entry in entries if len(entries) == 1 and entry.is_dir())]


def describe_unknown_layout(title: str, root: Path, remedy: str) -> LabError:
    """Return the error about a tree that does not have the layout of Kubeflow's manifests.

    Args:
        title: The text that names the tree.
        root: Its directory.
        remedy: What to do.
    """
    names = sorted(f"{path.name}/" if path.is_dir() else path.name for path in root.iterdir())
    more = f", and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return LabError(
        f"{title} does not have the layout of Kubeflow's manifests",
        expected=f"{TARGET}/ with {NAMES[0]}, {NAMES[1]} or {NAMES[2]}, at the top or in the only directory at the top",
        seen=f"at the top: {', '.join(names[:SHOWN])}{more}" if names else "nothing: it is empty",
        remedy=remedy,
    )
