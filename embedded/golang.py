"""Building programs from Go modules, with the Go of PATH or the one that the project's environment brings."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from embedded.pins import Edit, Program
from lab.errors import LabError
from lab.terminal import Terminal

BUILD_TIMEOUT = 1800
SHOWN = 3
"""How many of the modules that could not be had an error names."""
ENVIRONMENT = {"CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly -buildvcs=false", "GOTOOLCHAIN": "local", "GOWORK": "off"}


def build(program: Program, log_file: Path, folder: Path) -> Mapping[str, Any]:
    """Builds a program into a folder, under its name, and links it under the other names that it provides.

    Arguments:
        program: which one.
        log_file: where Go's output goes while it runs.
        folder: where to put it.

    Returns facts for the record. Raises LabError that names program, module and log when Go fails.
    """
    target = folder / program.name
    variables = " ".join(f"-X {variable.format(version=program.version)}" for variable in program.variables)
    with _source(program) as source:
        terminal = Terminal(ENVIRONMENT, source)
        result = terminal.run(
            *("go", "build", "-trimpath", "-ldflags", f"-s -w {variables}", "-o", target, program.package),
            log_file=log_file,
            timeout=BUILD_TIMEOUT,
            may_fail=True,
        )
    if result.exit_status:
        raise _build_error(program, result.output, log_file)
    for name in program.provides:
        (folder / name).symlink_to(program.name)
    version = Terminal(ENVIRONMENT).run("go", "env", "GOVERSION").output.strip()
    return {"go": version, "edits": [edit.model_dump() for edit in program.edits]}


@contextmanager
def _source(program: Program) -> Iterator[Path]:
    """The folder to build in: the program's own, or, where its module is edited, a copy that uses an edited copy."""
    if not program.edits:
        yield program.source
        return
    with tempfile.TemporaryDirectory() as copies:
        module, source = Path(copies, "module"), Path(copies, "program")
        shutil.copytree(module_folder(program), module)
        shutil.copytree(program.source, source)
        for edit in program.edits:
            _apply(edit, module / edit.file)
        Terminal(ENVIRONMENT, source).run("go", "mod", "edit", f"-replace={program.module}={module}")
        yield source


def _apply(edit: Edit, file: Path) -> None:
    text = file.read_text()
    if text.count(edit.old) != 1:
        raise LabError(
            f"{edit.file} cannot be edited as pins.toml says",
            expected=f"{edit.old!r} in it, once",
            seen=f"{text.count(edit.old)} times",
            remedy="see what the module's version has in that place, and fit the edit to it",
        )
    file.chmod(0o644)
    file.write_text(text.replace(edit.old, edit.new))


def _build_error(program: Program, output: str, log_file: Path) -> LabError:
    refused = dict(re.findall(r"(\S+@v[^\s:]+): (.+)", output))
    if not refused:
        return LabError(
            f"{program.name} {program.version} could not be built",
            expected="`go build` succeeds",
            seen="\n".join(output.splitlines()[-10:]),
            remedy=f"read {log_file}; then run the same command again, what was built so far is kept",
        )
    modules = [module.replace("@", " ") for module in refused]
    return LabError(
        f"{program.name} could not be built: the Go module {modules[0]} could not be had",
        expected=f"the module proxy serves {', '.join(modules[:SHOWN])}" + (" and more" if modules[SHOWN:] else ""),
        seen="\n".join(list(refused.values())[:SHOWN]),
        remedy="see that the module proxy (GOPROXY) can be reached, and run the same command again, which continues; "
        f"the log is {log_file}",
    )


def module_folder(program: Program) -> Path:
    """Where the source of a program's Go module is, downloaded if need be."""
    terminal = Terminal(ENVIRONMENT, program.source)
    result = terminal.run("go", "mod", "download", "-json", program.module, remedy="see that GOPROXY can be reached")
    return Path(json.loads(result.output)["Dir"])
