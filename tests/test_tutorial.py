"""docs/tutorial.md is up to date; and pages/tutorial.py, pages/last_run.py: how it is made."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from lab.layers import LedgerRow
from pages import __main__ as docs
from pages import last_run, markdown, tutorial
from pages.run import Applied, Command, Run
from tests import some_run
from tests.conftest import REPOSITORY

PAGE = (REPOSITORY / docs.PAGE).read_text()
KEPT = last_run.load(REPOSITORY / docs.LAST_RUN)
FEATURE = """@network
Feature: A lamp
  It gives <light>.

  Scenario Outline: It shines
    Given a lamp
    Then its light is <color>
      | color   |
      | <color> |

    Examples: Colors
      | color |
      | red   |
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with one feature and one run."""
    for folder in ("features", "docs", docs.REPORT):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "features/01_lamp.feature").write_text(FEATURE)
    some_run.run().save(tmp_path / docs.REPORT)
    (tmp_path / docs.REPORT / docs.SEEN).write_bytes(b"a picture")
    return tmp_path


def test_the_page_is_up_to_date() -> None:
    assert docs.page(REPOSITORY) == PAGE, f"{docs.PAGE} is out of date: run `make docs`, and commit what it makes"


def test_the_page_has_commands_and_objects_of_every_layer_that_the_last_run_installed() -> None:
    assert KEPT is not None
    layers = {layer for layers in tutorial.LAYERS.values() for layer in layers}
    assert KEPT.commands.keys() <= layers
    assert all(command in PAGE for commands in KEPT.commands.values() for command in commands)
    assert KEPT.objects.keys() <= layers
    assert all(objects.strip() in PAGE for objects in KEPT.objects.values())


def test_the_page_has_every_scenario_of_every_feature() -> None:
    lines = [
        line.strip() for file in tutorial.files(REPOSITORY) for line in (REPOSITORY / file).read_text().splitlines()
    ]
    names = [
        line.partition(": ")[2] for line in lines if line.startswith(("Feature:", "Scenario:", "Scenario Outline:"))
    ]
    assert names
    assert [name for name in names if f" {markdown.prose(name)}\n" not in PAGE and f" {name}\n" not in PAGE] == []


def test_every_entry_of_the_contents_leads_to_a_heading() -> None:
    anchors = {markdown.anchor(line.lstrip("# ")) for line in PAGE.splitlines() if line.startswith("#")}
    links = re.findall(r"\]\(#([^)]*)\)", PAGE)
    assert len(links) > len(tutorial.files(REPOSITORY))
    assert set(links) <= anchors


@pytest.mark.parametrize("file", [docs.PAGE, docs.LAST_RUN])
def test_nothing_of_one_machine_or_one_registry_is_in_it(file: str) -> None:
    found = re.findall(
        r"(?<![\w/.])/(?:tmp|home|root|work|usr)/\S*|kubeflow-lab/lab|(?:docker|quay|gcr|ghcr)\.io|\$2[aby]\$",
        (REPOSITORY / file).read_text(),
    )
    assert found == []


def test_the_last_run_and_the_picture_are_kept_and_the_page_is_made_of_them(project: Path) -> None:
    assert docs.main(project) == 0
    kept = last_run.load(project / docs.LAST_RUN)
    assert kept is not None
    assert (str(kept.day), kept.seconds, kept.counts) == ("2026-01-02", 100, {"passed": 1})
    assert kept.commands == {"lamp": ["light a lamp"]}
    assert (project / docs.PICTURE).read_bytes() == b"a picture"
    page = (project / docs.PAGE).read_text()
    assert page == docs.page(project)
    for words in (
        "## 1. A lamp\n\nIt gives `<light>`.\n",
        "`@network`",
        "### It shines\n\n- **Given** a lamp\n- **Then** its light is `<color>`\n\n",
        "`\n\n  | color |\n  |---|\n  | `<color>` |\n",
        "Colors:\n\n| color |\n|---|\n| `red` |\n",
        "| [1. A lamp](#1-a-lamp) | 1 passed | 1.0 |\n",
        "on 2026-01-02: 1 passed, in 1 min 40 s",
    ):
        assert words in page


def test_a_project_without_any_run_has_a_page_without_results(project: Path) -> None:
    shutil.rmtree(project / docs.REPORT)
    assert docs.main(project) == 0
    assert not (project / docs.LAST_RUN).exists()
    assert "last run" not in (project / docs.PAGE).read_text()


def test_a_run_that_left_out_only_what_does_not_apply_is_kept(project: Path) -> None:
    (project / docs.LAST_RUN).unlink(missing_ok=True)
    some_run.run(left_out=3, inapplicable=3).save(project / docs.REPORT)
    docs.main(project)
    assert (project / docs.LAST_RUN).exists()


@pytest.mark.parametrize(
    "run",
    [
        some_run.run(left_out=1),
        some_run.run(chapters=[]),
        some_run.run(layers=[LedgerRow("lamp", "found")]),
        some_run.run(layers=[LedgerRow("lamp", "installed"), LedgerRow("shade", "failed")]),
        some_run.run(layers=[]),
    ],
    ids=["some scenarios left out", "a chapter not tried", "a layer found", "a layer failed", "no layers"],
)
def test_what_is_kept_stays_where_the_last_run_built_no_whole_lab(run: Run, project: Path) -> None:
    docs.main(project)
    before = (project / docs.LAST_RUN).read_text()
    run.save(project / docs.REPORT)
    docs.main(project)
    assert (project / docs.LAST_RUN).read_text() == before


@pytest.mark.parametrize(
    ("command", "kept"),
    [
        ("git clone URL /a/b/kubeflow-lab/lab/home/manifests", "git clone URL manifests"),
        ("kustomize build /a/kubeflow-lab/lab/home/manifests/example", "kustomize build example"),
        ("helm upgrade --values=/a/kubeflow-lab/lab/home/values.yaml", "helm upgrade --values=values.yaml"),
        ("k3d create --image docker.io/rancher/k3s:v1", "k3d create --image rancher/k3s:v1"),
        ("kubectl run --image=registry.k8s.io/pause", "kubectl run --image=pause"),
    ],
)
def test_a_command_is_kept_without_what_is_of_one_machine(command: str, kept: str) -> None:
    run = some_run.run(commands=[Command(command=command, layer="lamp", begin=0, seconds=0)])
    told = last_run.of(run, ["features/01_lamp.feature"])
    assert told is not None
    assert told.commands == {"lamp": [kept]}


def test_a_command_that_is_too_long_to_be_read_is_kept_in_part() -> None:
    command = "pull " + " ".join(f"image-{number}" for number in range(100))
    run = some_run.run(commands=[Command(command=command, layer="lamp", begin=0, seconds=0)])
    told = last_run.of(run, ["features/01_lamp.feature"])
    assert told is not None
    [kept] = told.commands["lamp"]
    assert kept.startswith("pull image-0 image-1 ")
    assert kept.endswith(" …")
    assert len(kept) <= last_run.LONG


def test_what_was_applied_for_a_layer_is_kept(project: Path) -> None:
    applied = [("kind: Lamp\n", "lamp"), ("kind: Probe\n", ""), ("kind: Shade\n", "lamp")]
    some_run.run(applied=[Applied(objects=objects, layer=layer) for objects, layer in applied]).save(
        project / docs.REPORT
    )
    docs.main(project)
    kept = last_run.load(project / docs.LAST_RUN)
    assert kept is not None
    assert kept.objects == {"lamp": "kind: Lamp\n---\nkind: Shade\n"}


def test_a_command_that_is_repeated_is_kept_once_and_those_of_no_layer_are_not() -> None:
    typed = [("apply", "lamp"), ("look", ""), ("wait", "lamp"), ("apply", "lamp")]
    commands = [Command(command=command, layer=layer, begin=0, seconds=0) for command, layer in typed]
    told = last_run.of(some_run.run(commands=commands), ["features/01_lamp.feature"])
    assert told is not None
    assert told.commands == {"lamp": ["apply", "wait"]}
