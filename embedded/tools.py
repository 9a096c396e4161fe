"""The tools of a lab that does not bring its own, as far as PATH lacks them: built from Go modules, kept in the kit."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from embedded import golang
from embedded.pins import Program
from embedded.selection import load_tools
from embedded.store import Item, Store
from lab.context import RunContext
from lab.host.disk import report_full_disk
from lab.host.lock import hold_kit
from lab.preflight.tools import KitTool, inspect_tool, list_tools

KIND = "tools"
TIMEOUT = 30
"""Seconds for a tool on PATH to print its version. One that takes longer is replaced by the kit's."""


def list_kit_tools(context: RunContext) -> Mapping[str, KitTool]:
    """Return the tools that the kit has for the release of a run, or can build, by name."""
    store = Store(context.paths.kit)
    found = {}
    for name, program in _list_programs(context).items():
        item = _describe(context, program)
        built = store.load_entry(item).directory / name if store.is_built(item) else None
        found[name] = KitTool(item.version, built)
    return found


def provide_tools(context: RunContext, tags: Collection[str]) -> Mapping[str, Path]:
    """Return the programs of the tools that a run needs and that PATH lacks, after building them if necessary.

    A tool of a version that the kit cannot build is omitted; preflight reports it.

    Args:
        context: The context of the run.
        tags: The tags of all selected scenarios.

    Raises:
        LabError: If a tool cannot be built.
    """
    if context.settings.kind.brings_tools:
        return {}
    programs, shell, ranges = _list_programs(context), context.create_shell(), dict(context.release.tools)
    names = [name for name in list_tools(context.settings, tags) if name in programs]
    with ThreadPoolExecutor() as executor:
        found = executor.map(lambda name: inspect_tool(name, ranges[name], shell, TIMEOUT), names)
    lacking = [programs[tool.name] for tool in found if not tool.is_usable or tool.is_late]
    if not lacking:
        return {}
    with hold_kit(context.paths, context.progress.print), report_full_disk(context.paths.cache):
        return {program.name: _provide(context, program) for program in lacking}


def _list_programs(context: RunContext) -> Mapping[str, Program]:
    """Return the program of each tool whose version for the release of the run can be built."""
    versions = dict(context.release.ci_tools)
    found = {name: tool.find_program(versions[name]) for name, tool in load_tools().items()}
    return {name: program for name, program in found.items() if program}


def _describe(context: RunContext, program: Program) -> Item:
    version = dict(context.release.ci_tools)[program.name]
    return Item(KIND, f"{program.name}-{version}", version, f"Go module {program.module}", program.cache_inputs)


def _provide(context: RunContext, program: Program) -> Path:
    store, item = Store(context.paths.kit), _describe(context, program)
    entry, reason = store.find_intact(item)
    if not entry:
        log_file = context.paths.cache / "logs" / f"{item.name}.log"
        log_file.parent.mkdir(parents=True, exist_ok=True)
        with context.progress.stage(f"building {program.name} {item.version} from its Go module ({reason})"):
            entry = store.build(item, partial(golang.build, context.create_shell(), program, log_file))
    return entry.directory / program.name
