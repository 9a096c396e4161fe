"""Copies of the remote bases of manifests, from Go modules, made before a lab is entered: remote_bases.toml.

A Go module contains the YAML of its repository, so package registries are enough to build the manifests.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from embedded import golang
from embedded.kit import Kit
from embedded.rules import program_key
from lab.context import RunContext
from lab.layers.manifests import copy_files
from lab.layers.remote_base_urls import Origin
from lab.layers.remote_bases import COPIES, RemoteBase, describe_missing, find_remote_bases
from lab.layers.vendored_manifests import list_targets

TABLE = Path(__file__).with_name("remote_bases.toml")
DIGEST_LENGTH = 16
KUSTOMIZE = "kustomize"
EXPECTED = "a Go module of each repository in embedded/remote_bases.toml, or copies that --remote-bases names"


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ReleaseFile(_Strict):
    """A file of a release, which is built.

    Args:
        name: Its name.
        directory: The directory of the module that kustomize builds.
        edit_directory: The directory in which a kustomization is edited before.
        edit: The arguments of `kustomize edit`; {ref} is the ref.
    """

    name: str
    directory: str
    edit_directory: str
    edit: tuple[str, ...]


class ModuleOfRepository(_Strict):
    """The Go module of a Git repository.

    Args:
        repository: The repository, as in github.com/OWNER/NAME.
        module: The path of the module; {major} is the major version in the ref.
        directories: The directories to copy.
        files: The files of a release that can be built.
    """

    repository: str
    module: str
    directories: tuple[str, ...]
    files: tuple[ReleaseFile, ...] = ()

    def has(self, origin: Origin) -> bool:
        """Return whether the module is of the repository of a remote base, and may contain it."""
        if origin.repository != self.repository or not origin.ref:
            return False
        if "{major}" in self.module and not _find_major_version(origin.ref):
            return False
        if origin.is_release_file:
            return str(origin.path) in {file.name for file in self.files}
        return any(origin.path.is_relative_to(directory) for directory in self.directories)

    def format_path(self, ref: str) -> str:
        """Return the path of the module at a ref."""
        return self.module.replace("{major}", _find_major_version(ref))


def load(file: Path = TABLE) -> Sequence[ModuleOfRepository]:
    """Return the table of Go modules.

    Raises:
        pydantic.ValidationError: If the table does not follow the schema.
    """
    return [ModuleOfRepository.model_validate(row) for row in tomllib.loads(file.read_text())["modules"]]


def check_remote_bases(tree: Path, targets: Sequence[str]) -> None:
    """Check that there is a Go module of each remote base of manifests, without downloading any.

    Args:
        tree: The directory of the manifests.
        targets: The directories that will be built.

    Raises:
        LabError: If there is none; the error names each remote base.
    """
    _find_modules(list(find_remote_bases(tree, targets)), tree)


def copy_remote_bases(context: RunContext, tree: Path, built: Kit) -> Path | None:
    """Return a directory with copies of the remote bases of manifests; None if they have no remote bases.

    Args:
        context: The context of the run.
        tree: The directory of the manifests, which stays as it is.
        built: The kit, which has kustomize.

    Raises:
        LabError: If a remote base is in no Go module, or a module cannot be downloaded.
    """
    found = list(find_remote_bases(tree, list_targets(context)))
    if not found:
        return None
    kustomize = built.entries[program_key(KUSTOMIZE)]
    digest = hashlib.sha256(TABLE.read_bytes() + kustomize.item.key.encode()).hexdigest()[:DIGEST_LENGTH]
    copies = context.paths.cache / COPIES / digest
    copier = Copier(context, built.program(KUSTOMIZE), copies)
    copier.copy(found, tree)
    return copies


class Copier:
    """Copies Go modules into a directory, each once.

    Args:
        context: The context of the run.
        kustomize: The program.
        copies: The directory, which need not exist.
    """

    def __init__(self, context: RunContext, kustomize: Path, copies: Path) -> None:
        self._context, self._kustomize, self._copies = context, kustomize, copies
        self._shell = context.create_shell()
        self._copied: set[str] = set()

    def copy(self, bases: Sequence[RemoteBase], tree: Path) -> None:
        """Copy the Go modules of remote bases, and of those that the copies themselves have.

        Args:
            bases: The remote bases.
            tree: The directory whose files refer to them.

        Raises:
            LabError: If a remote base is in no Go module, or a module cannot be downloaded.
        """
        modules = _find_modules(bases, tree)
        for base in bases:
            self._copy_module(base.origin, modules[base.url])
        if missing := [base for base in bases if not (self._copies / base.location).exists()]:
            raise describe_missing(missing, tree, EXPECTED, COPIES)
        self._copied |= modules.keys()
        for base in bases:
            copy = self._copies / base.origin.copy_name
            found = find_remote_bases(copy, [str(base.origin.path)])
            if others := [other for other in found if other.url not in self._copied]:
                self.copy(others, copy)

    def _copy_module(self, origin: Origin, row: ModuleOfRepository) -> None:
        copy, module = self._copies / origin.copy_name, row.format_path(origin.ref)
        self._context.progress.note(f"copies of {row.repository} {origin.ref} are from the Go module {module}")
        if copy.is_dir():
            return
        unfinished = copy.with_name(f"{copy.name}.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        with self._context.progress.stage(f"downloading the Go module {module} {origin.ref}"):
            source = golang.download_version(self._shell, module, origin.ref)
        for directory in row.directories:
            if (source / directory).is_dir():
                copy_files(source / directory, unfinished / directory)
        for file in row.files:
            if (unfinished / file.directory).is_dir():
                (unfinished / file.name).write_text(self._build(file, unfinished, origin.ref))
        unfinished.rename(copy)

    def _build(self, file: ReleaseFile, source: Path, ref: str) -> str:
        """Return a file of a release, built in a copy of its own, since it has another image than the repository."""
        edit = (argument.replace("{ref}", ref) for argument in file.edit)
        with tempfile.TemporaryDirectory() as edited:
            copy_files(source, Path(edited))
            replace(self._shell, directory=Path(edited, file.edit_directory)).run(self._kustomize, "edit", *edit)
            return self._shell.run(self._kustomize, "build", Path(edited, file.directory)).output


def _find_modules(bases: Sequence[RemoteBase], tree: Path) -> Mapping[str, ModuleOfRepository]:
    """Return the Go module of each remote base by its URL.

    Raises:
        LabError: If there is none.
    """
    table = load()
    found = {base.url: next((row for row in table if row.has(base.origin)), None) for base in bases}
    if missing := [base for base in bases if not found[base.url]]:
        raise describe_missing(missing, tree, EXPECTED, COPIES)
    return {url: row for url, row in found.items() if row}


def _find_major_version(ref: str) -> str:
    """Return the major version of a ref such as v3.7.3; empty if it is no version."""
    found = re.match(r"v(\d+)\.", ref)
    return found[1] if found else ""
