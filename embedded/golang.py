"""Builds programs from Go modules, with the Go on PATH or the one in the project's environment."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from embedded.edits import apply_edits
from embedded.pins import Program
from lab.errors import LabError
from lab.run.shell import Shell

BUILD_TIMEOUT = 1800
SHOWN = 3
"""The number of modules that an error names."""
WITHOUT_DEBUGGING = "-gcflags=all=-dwarf=false"
"""The linker removes debugging information anyway. Not to write it saves an eighth of the time of a build."""
ENVIRONMENT = {"CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly -buildvcs=false", "GOTOOLCHAIN": "local", "GOWORK": "off"}


def build(shell: Shell, program: Program, log_file: Path, directory: Path) -> Mapping[str, Any]:
    """Build a program into a directory, and create a symbolic link for each other name that it provides.

    Args:
        shell: The shell that runs Go.
        program: The program to build.
        log_file: Receives the output of Go while it runs.
        directory: The directory for the program.

    Returns:
        Facts for the record: the version of Go, and the edits of the module's source.

    Raises:
        LabError: If Go fails; the error names program, module and log.
    """
    target = directory / program.name
    variables = " ".join(f"-X {variable.format(version=program.version)}" for variable in program.variables)
    with _prepare_source(shell, program) as source:
        go = _go_shell(shell, source)
        command = (
            "go",
            "build",
            f"-modfile={program.requirements}",
            f"-tags={','.join(program.tags)}",
            "-trimpath",
            WITHOUT_DEBUGGING,
            "-ldflags",
            f"-s -w {variables}",
            "-o",
            target,
            program.package,
        )
        result = go.run(*command, log_file=log_file, timeout=BUILD_TIMEOUT, allow_failure=True)
    if result.exit_status:
        raise _build_error(program, result.output, log_file)
    for name in program.provides:
        (directory / name).symlink_to(program.name)
    version = _go_shell(shell, program.source).run("go", "env", "GOVERSION").output.strip()
    return {"go": version, "edits": [edit.model_dump() for edit in program.edits]}


def download_requirements(shell: Shell, program: Program) -> None:
    """Download the modules that a program is built from; a failed download is repeated by the build.

    Args:
        shell: The shell that runs Go.
        program: The program.
    """
    go = _go_shell(shell, program.source)
    command = ("go", "list", "-deps", f"-modfile={program.requirements}", f"-tags={','.join(program.tags)}")
    go.run(*command, program.package, timeout=BUILD_TIMEOUT, allow_failure=True)


def download_module(shell: Shell, program: Program) -> Path:
    """Return the directory with the source of a program's Go module, after downloading it if necessary.

    Raises:
        LabError: If the module cannot be downloaded.
    """
    go = _go_shell(shell, program.source)
    command = ("go", "mod", "download", f"-modfile={program.requirements}", "-json", program.module)
    result = go.run(*command, remedy="check that the module proxy (GOPROXY) can be reached")
    return Path(json.loads(result.output)["Dir"])


def download_version(shell: Shell, module: str, version: str) -> Path:
    """Return the directory with the source of a version of a Go module, after downloading it if necessary.

    Args:
        shell: The shell that runs Go.
        module: The path of the module.
        version: A version, or a branch or commit that the module proxy knows.

    Raises:
        LabError: If the module cannot be downloaded.
    """
    with tempfile.TemporaryDirectory() as outside:  # a go.mod of the working directory would be read
        command = ("go", "mod", "download", "-json", f"{module}@{version}")
        result = _go_shell(shell, Path(outside)).run(*command, allow_failure=True)
    answer = json.loads(result.output or "{}")
    if result.exit_status or "Dir" not in answer:
        raise LabError(
            f"the Go module {module} {version} cannot be downloaded",
            seen=answer.get("Error") or result.last_lines,
            remedy="check that the module proxy (GOPROXY) can be reached, and that it serves this version",
        )
    return Path(answer["Dir"])


def _go_shell(shell: Shell, directory: Path) -> Shell:
    return replace(shell.with_environment(**ENVIRONMENT), directory=directory)


@contextmanager
def _prepare_source(shell: Shell, program: Program) -> Iterator[Path]:
    """Yield the directory to build in: the program's own, or a copy that uses an edited copy of the module."""
    if not program.edits:
        yield program.source
        return
    with tempfile.TemporaryDirectory() as copies:
        module, source = Path(copies, "module"), Path(copies, "program")
        shutil.copytree(download_module(shell, program), module)
        shutil.copytree(program.source, source)
        apply_edits(program.edits, module)
        _go_shell(shell, source).run("go", "mod", "edit", f"-replace={program.module}={module}", program.requirements)
        yield source


def _build_error(program: Program, output: str, log_file: Path) -> LabError:
    reasons = dict(re.findall(r"(\S+@v[^\s:]+): (.+)", output))
    if not reasons:
        return LabError(
            f"{program.name} {program.version} could not be built",
            seen="\n".join(output.splitlines()[-10:]),
            remedy=f"read {log_file}, and run the same command again; everything that is built already is kept",
        )
    modules = [module.replace("@", " ") for module in reasons]
    return LabError(
        f"{program.name} could not be built: the Go module {modules[0]} could not be downloaded",
        expected=f"the module proxy serves {', '.join(modules[:SHOWN])}" + (" and more" if modules[SHOWN:] else ""),
        seen="\n".join(list(reasons.values())[:SHOWN]),
        remedy="check that the module proxy (GOPROXY) can be reached, and run the same command again; everything that "
        f"is built already is kept. The log is {log_file}",
    )
