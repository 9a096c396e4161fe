"""docs/tutorial.md is up to date; pages/tutorial.py and pages/last_run.py: its content."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from lab.layers import table
from lab.layers.base import LedgerRow
from lab.layers.runner import LayerSpec
from pages import __main__ as docs
from pages import last_run, markdown, tutorial
from pages.last_run import LastRun
from pages.run import Applied, Command, Run
from tests import some_run
from tests.conftest import REPOSITORY

PAGE = (REPOSITORY / docs.PAGE).read_text()
CODE = "\n".join(re.findall(r"(?s)```sh\n(.*?)\n```", PAGE))
"""The commands on the page."""
LAST_RUN = last_run.load(REPOSITORY / docs.LAST_RUN)
FEATURE = """@network
Feature: The nginx site
  It serves <language> pages.

  Scenario Outline: A page
    Given nginx
    Then its page is in <language>
      | language   |
      | <language> |

    Examples: Languages
      | language |
      | Italian  |
"""
FEATURE_FILE = "features/01_nginx.feature"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with one feature and one run."""
    for directory in ("features", "docs", docs.REPORT):
        (tmp_path / directory).mkdir(parents=True)
    (tmp_path / FEATURE_FILE).write_text(FEATURE)
    some_run.run().save(tmp_path / docs.REPORT)
    (tmp_path / docs.REPORT / docs.SCREENSHOT).write_bytes(b"a picture")
    return tmp_path


def test_page_is_up_to_date() -> None:
    assert docs.render_page(REPOSITORY) == PAGE, f"{docs.PAGE} is out of date: run `make docs` and commit the result"


def test_chapters_list_every_layer_of_the_table() -> None:
    listed = {layer for layers in tutorial.LAYERS.values() for layer in layers}
    assert listed == {spec for spec in table.TABLE if isinstance(spec, LayerSpec)}


def test_page_has_commands_of_every_installed_layer() -> None:
    assert LAST_RUN is not None
    names = {layer.name for layers in tutorial.LAYERS.values() for layer in layers}
    assert LAST_RUN.commands.keys() <= names
    assert LAST_RUN.objects.keys() <= names
    assert all(objects.strip() in CODE for objects in LAST_RUN.objects.values())
    waits = {name for name in names if name.endswith("readiness")}
    assert {name for name in names if f"Commands for *{name}*:" not in PAGE} == waits


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1",
        "-stand-in",
        "unfinished",
        "helm list",
        "kubectl get",
        "k3d cluster list",
        "k3d cluster delete",
        "docker network inspect",
        "docker exec",
        "crictl",
    ],
)
def test_reader_commands_are_free_of_the_lab(text: str) -> None:
    assert text not in CODE


def test_page_has_every_feature_and_scenario() -> None:
    names = [name for file in tutorial.list_feature_files(REPOSITORY) for name in list_names(file)]
    assert len(names) > 40
    headings = {line.lstrip("# ") for line in PAGE.splitlines() if line.startswith("#")}
    titles = {re.sub(r"^\d+\. ", "", heading) for heading in headings}
    assert [name for name in names if name not in titles and markdown.format_prose(name) not in titles] == []


def list_names(file: str) -> list[str]:
    """Return the names of a feature and of its scenarios."""
    pattern = r"(?m)^ *(?:Feature|Scenario|Scenario Outline): (.*)$"
    return re.findall(pattern, (REPOSITORY / file).read_text())


def test_links_of_contents_lead_to_headings() -> None:
    anchors = {markdown.create_anchor(line.lstrip("# ")) for line in PAGE.splitlines() if line.startswith("#")}
    links = re.findall(r"\]\(#([^)]*)\)", PAGE)
    assert len(links) > len(tutorial.list_feature_files(REPOSITORY))
    assert set(links) <= anchors


@pytest.mark.parametrize("file", [docs.PAGE, docs.LAST_RUN, docs.RELEASES_PAGE])
def test_documents_are_free_of_machine_and_registries(file: str) -> None:
    found = re.findall(
        r"(?<![\w/.])/(?:tmp|home|root|work|usr)/\S*|kubeflow-lab/lab|(?:docker|quay|gcr|ghcr)\.io|\$2[aby]\$",
        (REPOSITORY / file).read_text(),
    )
    assert found == []


def test_run_and_screenshot_are_saved_and_shown(project: Path) -> None:
    assert docs.main(project) == 0
    saved = last_run.load(project / docs.LAST_RUN)
    assert saved is not None
    assert (str(saved.day), saved.seconds, saved.counts) == ("2026-01-02", 100, {"passed": 1})
    assert saved.commands == {"nginx": ["kubectl create deployment nginx"]}
    assert (project / docs.PICTURE).read_bytes() == b"a picture"
    page = (project / docs.PAGE).read_text()
    assert page == docs.render_page(project)
    for text in (
        "## 1. The nginx site\n\nIt serves `<language>` pages.\n",
        "`@network`",
        "### A page\n\n- **Given** nginx\n- **Then** its page is in `<language>`\n\n",
        "`\n\n  | language |\n  |---|\n  | `<language>` |\n",
        "Languages:\n\n| language |\n|---|\n| `Italian` |\n",
        "| [1. The nginx site](#1-the-nginx-site) | 1 passed | 1.0 |\n",
        "(`--lab embedded`, 2026-01-02): 1 passed in 1 min 40 s",
    ):
        assert text in page


def test_page_without_run_has_no_results(project: Path) -> None:
    shutil.rmtree(project / docs.REPORT)
    assert docs.main(project) == 0
    assert not (project / docs.LAST_RUN).exists()
    assert "The last" not in (project / docs.PAGE).read_text()


def test_run_without_inapplicable_scenarios_is_complete(project: Path) -> None:
    some_run.run(deselected=3, inapplicable=3).save(project / docs.REPORT)
    docs.main(project)
    assert (project / docs.LAST_RUN).exists()


def test_run_is_complete_if_a_layer_was_ready_before_it_was_inspected(project: Path) -> None:
    layers = [LedgerRow("nginx", "installed"), LedgerRow("cluster readiness", "found")]
    some_run.run(layers=layers).save(project / docs.REPORT)
    docs.main(project)
    assert (project / docs.LAST_RUN).exists()


@pytest.mark.parametrize(
    "run",
    [
        some_run.run(deselected=1),
        some_run.run(chapters=[]),
        some_run.run(layers=[LedgerRow("nginx", "found")]),
        some_run.run(layers=[LedgerRow("nginx", "installed"), LedgerRow("mysql", "failed")]),
        some_run.run(layers=[]),
    ],
    ids=["scenarios deselected", "chapter not selected", "layer found", "layer failed", "no layers"],
)
def test_incomplete_run_is_not_saved(run: Run, project: Path) -> None:
    docs.main(project)
    before = (project / docs.LAST_RUN).read_text()
    run.save(project / docs.REPORT)
    docs.main(project)
    assert (project / docs.LAST_RUN).read_text() == before


@pytest.mark.parametrize(
    ("command", "saved"),
    [
        ("git clone URL /a/b/kubeflow-lab/lab/home/manifests", "git clone URL manifests"),
        ("kustomize build /a/kubeflow-lab/lab/home/manifests/example", "kustomize build example"),
        ("kustomize build /a/kubeflow-lab/lab-other/home/manifests/example", "kustomize build example"),
        ("helm upgrade --values=/a/kubeflow-lab/lab/home/values.yaml", "helm upgrade --values=values.yaml"),
        ("k3d create --image docker.io/rancher/k3s:v1", "k3d create --image rancher/k3s:v1"),
        ("kubectl run --image=registry.k8s.io/pause", "kubectl run --image=pause"),
    ],
)
def test_command_is_saved_without_machine_and_registry(command: str, saved: str) -> None:
    run = some_run.run(commands=[Command(command=command, layer="nginx", begin=0, seconds=0)])
    facts = LastRun.from_run(run, [FEATURE_FILE])
    assert facts is not None
    assert facts.commands == {"nginx": [saved]}


def test_objects_of_layer_are_saved(project: Path) -> None:
    applied = [("kind: Ingress\n", "nginx"), ("kind: Service\n", ""), ("kind: Pod\n", "nginx")]
    some_run.run(applied=[Applied(objects=objects, layer=layer) for objects, layer in applied]).save(
        project / docs.REPORT
    )
    docs.main(project)
    saved = last_run.load(project / docs.LAST_RUN)
    assert saved is not None
    assert saved.objects == {"nginx": "kind: Ingress\n---\nkind: Pod\n"}


def test_repeated_command_is_saved_once() -> None:
    typed = [("kubectl apply", "nginx"), ("kubectl get", ""), ("kubectl wait", "nginx"), ("kubectl apply", "nginx")]
    commands = [Command(command=command, layer=layer, begin=0, seconds=0) for command, layer in typed]
    facts = LastRun.from_run(some_run.run(commands=commands), [FEATURE_FILE])
    assert facts is not None
    assert facts.commands == {"nginx": ["kubectl apply", "kubectl wait"]}
