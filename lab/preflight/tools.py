"""The tools that a run uses in a lab that does not bring its own: those on PATH that fit the release, or the kit's."""

from __future__ import annotations

import re
import shutil
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from lab.config.settings import Settings
from lab.errors import LabError, ProgramTimeoutError
from lab.k8s.version_numbers import find_version, is_in_range
from lab.preflight.findings import Finding, error, note, warning
from lab.run.shell import Shell

VERSION_COMMANDS = {
    "docker": ("docker", "version", "--format", "{{.Server.Version}}"),
    "k3d": ("k3d", "version"),
    "helm": ("helm", "version", "--short"),
    "kubectl": ("kubectl", "version", "--client", "--output=yaml"),
    "kustomize": ("kustomize", "version"),
}
VERSION_IN_OUTPUT = {
    "k3d": r"k3d version (?P<version>\S+)",
    "kubectl": r"gitVersion: *[\"']?(?P<version>[^\s\"']+)",
    "kustomize": r"(?:^|\bkustomize/|Version:)(?P<version>v?\d[^\s{}]*)",
}
"""The version in the output of a tool, where the output does not begin with it.

k3d also prints the version of k3s, kubectl may print that of kustomize.
"""
CHAPTERS_WITH_HELM = ("metallb", "ingress")
"""The tags of the chapters that check Helm releases."""
TOOL_TIMEOUT = 2
"""Seconds for a tool to print its version."""


@dataclass(frozen=True)
class KitTool:
    """A tool at the version of the release, which the kit can build.

    Args:
        version: The version.
        program: The program, if it was built already.
    """

    version: str
    program: Path | None = None


@dataclass(frozen=True)
class PathTool:
    """A tool as it is on PATH.

    Args:
        name: Its name.
        version: Its version; empty if it is not known.
        program: Its path; empty if there is none.
        problem: The reason why it cannot be used, or why its version is not known; None if it fits.
        is_late: Whether it did not print its version in time.
    """

    name: str
    version: str = ""
    program: str = ""
    problem: Finding | None = None
    is_late: bool = False

    @property
    def is_usable(self) -> bool:
        """True if it runs, and its version fits the release or is not known."""
        return self.problem is None or self.problem.severity != "error"


def list_tools(settings: Settings, tags: Collection[str]) -> list[str]:
    """Return the tools that a run needs, apart from docker, in a lab that does not bring them.

    Args:
        settings: The settings of the run.
        tags: The tags of all selected scenarios.
    """
    tools = ["kubectl"]
    if settings.kind.is_installed:
        tools += ["k3d"]
    if settings.kind.is_installed or any(tag in tags for tag in CHAPTERS_WITH_HELM):
        tools += ["helm"]
    if "kubeflow" in tags:
        tools += ["kustomize"]
    return tools


def check_tool(
    name: str, version_range: str, shell: Shell, kit_tool: KitTool | None = None, reason: str = ""
) -> Iterator[Finding]:
    """Check that the run will have a tool, and report where it comes from.

    Args:
        name: The name of the tool.
        version_range: The versions that the release works with.
        shell: The shell in which it runs.
        kit_tool: The kit's, which is used if the one on PATH does not fit; None if the kit has none for this release.
        reason: The reason for the range, as the release gives it.

    Yields:
        The problem with the tool on PATH, if the kit has none; a note about its origin.
    """
    found = inspect_tool(name, version_range, shell, reason=reason)
    if found.is_usable or not kit_tool:
        if found.problem:
            yield found.problem
        if found.is_usable:
            yield note(" ".join(part for part in (name, found.version, "is", found.program) if part))
        return
    seen = f"that on PATH has version {found.version}" if found.version else "there is no usable one on PATH"
    if not kit_tool.program and shutil.which("go", path=shell.environment.get("PATH")) is None:
        yield error(
            f"{name} {kit_tool.version} cannot be built",
            expected="Go on PATH, because that builds the tools that PATH lacks",
            seen=f"no program go; {seen}",
            remedy=f"`make ready` installs Go, `. .venv/bin/activate` sets PATH; or install {name} {version_range}",
        )
        return
    built = f"is {kit_tool.program}" if kit_tool.program else "is built from its Go module, which takes some minutes"
    yield note(f"{name} {kit_tool.version} {built}: {seen}")


def check_tools(supported: Mapping[str, str], shell: Shell, timeout: float = TOOL_TIMEOUT) -> Iterator[Finding]:
    """Check that programs exist, and have versions that the release works with.

    Args:
        supported: A version range for each required program.
        shell: The shell in which they run.
        timeout: Seconds for each program to print its version.

    Yields:
        An error for a program that cannot be used or has the wrong version; a warning if the time is up, or the program
        does not print its version, as development versions do.
    """
    for name, version_range in supported.items():
        if problem := inspect_tool(name, version_range, shell, timeout).problem:
            yield problem


def inspect_tool(
    name: str, version_range: str, shell: Shell, timeout: float = TOOL_TIMEOUT, reason: str = ""
) -> PathTool:
    """Return a tool as it is on PATH, with the problem that it has.

    Args:
        name: The name of the tool.
        version_range: The versions that the release works with.
        shell: The shell in which it runs.
        timeout: Seconds for it to print its version.
        reason: The reason for the range, as the release gives it.
    """
    expected = f"{name} {version_range}" + (f", because {reason}" if reason else "")
    program = shutil.which(name, path=shell.environment.get("PATH")) or ""
    try:
        output = shell.run(*VERSION_COMMANDS[name], timeout=timeout).output
    except ProgramTimeoutError as problem:
        late = warning(f"{name} did not print its version in time", expected=expected, seen=problem.seen)
        return PathTool(name, "", program, late, is_late=True)
    except LabError as problem:
        unusable = error(
            f"{name} cannot be used",
            expected=expected,
            seen=problem.seen,
            remedy=f"install or start {name}, or use --lab embedded, which brings its own",
        )
        return PathTool(name, "", program, unusable)
    printed = _cut_version(name, output)
    version = find_version(printed)
    if version is None:
        first_line = next(iter(output.strip().splitlines()), "")
        unknown = warning(
            f"the version of {name} is not known, and was not checked",
            expected=expected,
            seen=f"{name} prints {first_line or 'nothing'}",
            remedy=f"if {name} fails, install a supported version, or use --lab embedded, which brings its own",
        )
        return PathTool(name, "", program, unknown)
    shown = re.split("[+~_ -]", printed.strip().removeprefix("v"))[0]
    if is_in_range(version, version_range):
        return PathTool(name, shown, program)
    unsupported = error(
        f"{name} has an unsupported version",
        expected=expected,
        seen=f"{name} {shown}",
        remedy=f"install a supported version of {name}, or use --lab embedded, which brings its own",
    )
    return PathTool(name, shown, program, unsupported)


def _cut_version(name: str, output: str) -> str:
    """Return the part of a tool's output that begins with its own version; the whole output if that is not found."""
    pattern = VERSION_IN_OUTPUT.get(name)
    found = re.search(pattern, output) if pattern else None
    return found["version"] if found else output
