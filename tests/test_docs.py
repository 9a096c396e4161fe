"""README.md and docs/: links lead to existing files and headings, and the lists agree with the code."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from cli.main import main
from lab.config.exit_status import ExitStatus
from lab.config.loading import list_options
from lab.config.settings import Settings
from lab.k8s.permissions import Permission, render_roles
from lab.layers import table
from lab.layers.runner import LayerSpec, Preparation
from lab.layers.temporary_objects import KINDS
from lab.preflight.permissions import Scope, list_optional_permissions, list_permissions, list_tags
from tests.conftest import REPOSITORY

PAGES = [REPOSITORY / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
PAGES += sorted((REPOSITORY / "docs").glob("*.md"))
LINK = re.compile(r"(?<!!)\[[^]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"(?m)^#+ (.+)$")
CODE_BLOCK = re.compile(r"(?ms)^ *```.*?^ *```$")
SPECS: dict[str, Preparation[Any]] = {
    name: value for name, value in vars(table).items() if isinstance(value, Preparation)
}
"""The layers and preparations by the name of their constant, which is their name in the diagram."""


@pytest.fixture
def reference() -> str:
    """The text of docs/reference.md."""
    return (REPOSITORY / "docs/reference.md").read_text()


@pytest.fixture
def diagram() -> str:
    """The diagram of the layers."""
    page = (REPOSITORY / "docs/architecture.md").read_text()
    [block] = [block for block in CODE_BLOCK.findall(page) if "NETWORK[" in block]
    return str(block)


def list_anchors(page: Path) -> set[str]:
    """Return the anchors of the headings of a page, as GitHub generates them."""
    headings = HEADING.findall(CODE_BLOCK.sub("", page.read_text()))
    return {re.sub(r"[^\w -]", "", re.sub(r"[`*]", "", heading).lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    links = [link for link in LINK.findall(CODE_BLOCK.sub("", page.read_text())) if "://" not in link]
    for link in links:
        file, _, anchor = link.partition("#")
        target = page.parent / file if file else page
        assert target.exists(), link
        assert not anchor or anchor in list_anchors(target), link


def test_reference_lists_every_setting(reference: str) -> None:
    listed = re.findall(r"(?m)^\| (?:`--([\w-]+)[^`]*`|none) \| `(KUBEFLOW_LAB_\w+)", reference)
    options = {name: name.replace("_", "-") for name in list_options()}
    assert listed == [(options.get(name, ""), f"KUBEFLOW_LAB_{name.upper()}") for name in Settings.model_fields]


def test_reference_lists_every_command(reference: str) -> None:
    assert re.findall(r"(?m)^\| `kubeflow-lab (\w+)", reference) == list(main.commands)


def test_reference_lists_every_exit_status(reference: str) -> None:
    listed = re.findall(r"(?m)^\| (\d+) \| `(\w+)` \|", reference)
    assert listed == [(str(status.value), status.name) for status in ExitStatus]


def test_reference_lists_every_marker(reference: str) -> None:
    section = reference.partition("## Markers")[2].partition("## Exit statuses")[0]
    markers = re.findall(r"(?m)^    ([\w-]+): ", (REPOSITORY / "pytest.ini").read_text())
    assert re.findall(r"(?m)^\| `([\w-]+)` \|", section) == markers


def test_reference_lists_every_make_target(reference: str) -> None:
    targets = re.findall(r"(?m)^([a-z]+):.*## ", (REPOSITORY / "Makefile").read_text())
    rows = re.findall(r"(?m)^\| (`make \w.*?) \|", reference)
    assert sorted(re.findall(r"make (\w+)", " ".join(rows))) == sorted(targets)


def test_reference_lists_every_kind_that_a_run_creates(reference: str) -> None:
    section = reference.partition("### Objects that a run creates")[2].partition("### Permissions")[0]
    rows = [
        f"| {each.kind} | `{each.chapter}` | {each.place} | {each.purpose} |"
        for each in KINDS
        if not each.is_for_installed
    ]
    assert re.findall(r"(?m)^\| [A-Z].*$", section) == rows


@pytest.mark.parametrize(
    ("name", "permissions"),
    [
        ("kubeflow-lab-read-only", list_permissions(Scope(list_tags(creates=False)))),
        ("kubeflow-lab-diagnosis", list_optional_permissions(Scope(list_tags(creates=False)))),
    ],
)
def test_reference_has_the_least_roles_of_a_read_only_run(
    reference: str, name: str, permissions: list[Permission]
) -> None:
    assert f"```yaml\n{render_roles(permissions, name=name)}```" in reference


def test_diagram_shows_every_layer_with_its_needs(diagram: str) -> None:
    name, label = r"([A-Z_]+)", r"(?:\(?\[\"[^\"]*\"\]\)?)?"
    edges = set(re.findall(rf"{name}{label} --> {name}", diagram))
    names = {id(spec): name for name, spec in SPECS.items()}
    assert edges == {(names[id(need)], name) for name, spec in SPECS.items() for need in spec.needs}


def test_diagram_distinguishes_layers_from_preparations(diagram: str) -> None:
    nodes = dict(re.findall(r"([A-Z_]+)(\(?\[)\"", diagram))
    assert nodes == {name: "[" if isinstance(spec, LayerSpec) else "([" for name, spec in SPECS.items()}


def test_diagram_shows_when_a_layer_starts(diagram: str) -> None:
    labels = dict(re.findall(r"([A-Z_]+)\(?\[\"([^\"]*)\"", diagram))
    assert {name for name, label in labels.items() if "on request" in label} == {
        name for name, spec in SPECS.items() if spec.on_request
    }
    assert {name for name, label in labels.items() if "only for" in label} == {
        name for name, spec in SPECS.items() if spec.only_for
    }
