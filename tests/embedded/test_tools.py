"""embedded/tools.py and the pins of tools: which tools the kit has for a release, and when they are built."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from embedded import golang, tools
from embedded.pins import Program, Tool
from embedded.selection import load_tools
from lab import releases
from lab.context import RunContext
from lab.k8s.version_numbers import find_version, is_in_range
from lab.run.shell import Shell
from tests.conftest import MakeContext, WriteProgram

PINS = load_tools()
VERSIONS = [(tool, file.stem) for tool in PINS.values() for file in sorted(tool.source.glob("*.*.mod"))]


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tools that were built, by a function in place of Go."""
    names: list[str] = []

    def build(_: Shell, program: Program, log_file: Path, directory: Path) -> Mapping[str, Any]:
        names.append(program.name)
        (directory / program.name).write_text("#!/bin/sh\n")
        (directory / program.name).chmod(0o755)
        return {}

    monkeypatch.setattr(golang, "build", build)
    return names


@pytest.fixture
def existing(make_context: MakeContext, write_program: WriteProgram) -> RunContext:
    """The context of an existing cluster, with a kubectl that fits and a kustomize that is too old."""
    write_program("kubectl", "echo 'gitVersion: v1.25.9'")
    write_program("kustomize", "echo v4.5.7")
    return make_context(lab="existing")


@pytest.mark.parametrize(("tool", "version"), VERSIONS, ids=lambda value: getattr(value, "name", value))
class TestEveryVersion:
    """Properties of each version of each tool."""

    def test_is_that_of_its_module(self, tool: Tool, version: str) -> None:
        program = tool.find_program(version)
        assert program
        expected = f"v{version}" if tool.name != "kubectl" else f"v0.{version.partition('.')[2]}"
        assert program.version == expected

    def test_has_a_checksum(self, tool: Tool, version: str) -> None:
        program = tool.find_program(version)
        assert program
        assert f"{tool.module} {program.version} h1:" in (tool.source / f"{version}.sum").read_text()

    def test_is_pinned_by_a_release(self, tool: Tool, version: str) -> None:
        pinned = {dict(releases.load(name).ci_tools)[tool.name] for name in releases.list_names()}
        assert version in pinned


@pytest.mark.parametrize("tool", PINS.values(), ids=lambda tool: tool.name)
def test_linker_sets_the_version(tool: Tool) -> None:
    program = tool.find_program(releases.load("1.7").ci_tools.model_dump()[tool.name])
    assert program
    assert all(re.fullmatch(r"[\w./-]+\.\w+=v?[\d.]+", variable) for variable in program.variables)


def test_every_tool_has_the_version_of_the_default_release(context: RunContext) -> None:
    kit_tools = tools.list_kit_tools(context)
    assert {name: tool.version for name, tool in kit_tools.items()} == context.release.ci_tools.model_dump()
    ranges = dict(context.release.tools)
    for name, tool in kit_tools.items():
        version = find_version(tool.version)
        assert version
        assert is_in_range(version, ranges[name])


def test_another_version_is_no_input_of_a_program(tmp_path: Path) -> None:
    for name in ("go.mod", "main.go", "1.0.mod", "1.0.sum"):
        (tmp_path / name).write_text(name)
    program = Program(name="web", folder=str(tmp_path), package=".", requirements="1.0.mod")
    inputs = program.cache_inputs
    (tmp_path / "1.1.mod").write_text("another version")
    assert program.cache_inputs == inputs
    for name in ("1.0.sum", "main.go"):
        (tmp_path / name).write_text("changed")
        assert program.cache_inputs != inputs
        inputs = program.cache_inputs


def test_a_version_that_the_kit_lacks_is_no_program() -> None:
    assert PINS["kubectl"].find_program("1.5.0") is None


def test_only_tools_that_do_not_fit_are_built(existing: RunContext, built: list[str]) -> None:
    provided = tools.provide_tools(existing, {"kubeflow"})
    assert (list(provided), built) == (["kustomize"], ["kustomize"])
    assert provided["kustomize"].is_file()
    assert tools.list_kit_tools(existing)["kustomize"].program == provided["kustomize"]
    assert tools.list_kit_tools(existing)["kubectl"].program is None


def test_tools_are_built_once(existing: RunContext, built: list[str]) -> None:
    assert tools.provide_tools(existing, {"kubeflow"}) == tools.provide_tools(existing, {"kubeflow"})
    assert built == ["kustomize"]


def test_only_tools_that_a_run_needs_are_built(existing: RunContext, built: list[str]) -> None:
    assert tools.provide_tools(existing, {"cluster"}) == {}
    assert built == []


def test_an_embedded_lab_brings_its_tools(context: RunContext, built: list[str]) -> None:
    assert tools.provide_tools(context, {"kubeflow"}) == {}
    assert built == []
