"""docs/releases.md is up to date; pages/rehearsals.py and pages/releases.py: its facts and its content."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from lab import releases
from lab.host.memory import MemoryPeaks
from lab.layers import table
from lab.layers.base import LedgerRow
from lab.layers.kubeflow import ACCEPTED, OBJECTS, ROUNDS
from lab.layers.kubeflow_readiness import PODS, READY_PODS
from lab.rehearsal import Change, ContainerRow
from pages import __main__ as docs
from pages import last_run, rehearsals
from pages.rehearsals import name_manifests
from pages.run import Run
from tests import some_run
from tests.conftest import REPOSITORY

RELEASE = "1.9"
FEATURE = "features/01_nginx.feature"
LAYERS = [
    LedgerRow(table.KUBEFLOW.name, "installed", counts={OBJECTS: 610, ACCEPTED: 609, ROUNDS: 3}),
    LedgerRow(table.KUBEFLOW_READINESS.name, "installed", counts={PODS: 54, READY_PODS: 53}),
]
DEX, WEB_APP, MYSQL = (
    ContainerRow("Deployment auth/dex, container dex", "ghcr.io/dexidp/dex:v2.39.1", "real", "dex 2.39.1"),
    ContainerRow("Deployment kubeflow/web, container web", f"gcr.io/web@sha256:{'ab' * 32}", "near", "web 1.2"),
    ContainerRow("Deployment kubeflow/mysql, container mysql", "mysql:8.0", "stand-in", "a generated stand-in"),
)
CHANGE = Change("no sidecars are injected", "the lab's Istio has no sidecars", ("Namespace/kubeflow", "Namespace/auth"))
MEMORY = MemoryPeaks(lab=3 * 2**30, lab_with_cache=5 * 2**30, suite=2**29)


def make_run(**facts: Any) -> Run:
    """Return a whole rehearsal with one passed and one skipped scenario, except for the given facts."""
    skipped = some_run.scenario(name="Katib", status="skipped", reason="the given manifests do not contain Katib")
    defaults = {
        "release": RELEASE,
        "settings": {"manifests": "/archives/kubeflow-manifests-v1.9.1.tar.xz"},
        "chapters": [some_run.chapter(some_run.scenario(), skipped)],
        "layers": LAYERS,
        "changes": [CHANGE],
        "containers": [DEX, WEB_APP, MYSQL],
        "memory": MEMORY,
    }
    return some_run.run(**{**defaults, **facts})


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with one feature and without runs."""
    for directory in ("features", "docs", docs.REPORT):
        (tmp_path / directory).mkdir(parents=True)
    (tmp_path / FEATURE).write_text("@network\nFeature: The nginx site\n")
    return tmp_path


def save_run(run: Run, project: Path) -> str:
    """Render the pages of a project with this run as the latest one, and return the page about the releases."""
    run.save(project / docs.REPORT)
    assert docs.main(project) == 0
    return (project / docs.RELEASES_PAGE).read_text()


def get_row(page: str, release: str) -> list[str]:
    """Return the cells of a release's row in the table of all releases."""
    [row] = re.findall(rf"(?m)^\| \[{re.escape(release)}\]\([^)]*\) \| (.*) \|$", page)
    return [cell.strip() for cell in row.split("|")]


def test_page_is_up_to_date() -> None:
    page = (REPOSITORY / docs.RELEASES_PAGE).read_text()
    expected = docs.render_releases(REPOSITORY)
    assert page == expected, f"{docs.RELEASES_PAGE} is out of date: run `make docs` and commit the result"


def test_page_has_a_row_and_a_section_for_every_release(project: Path) -> None:
    page = save_run(make_run(), project)
    for name in releases.list_names():
        assert len(get_row(page, name)) == 10
        assert f"\n## Kubeflow {releases.load(name).kubeflow}\n" in page


def test_release_without_rehearsal_was_not_run_yet(project: Path) -> None:
    page = save_run(make_run(), project)
    assert get_row(page, "1.8")[:3] == ["not run yet", "1.26.13", ""]
    assert page.count("This release was not rehearsed yet.") == len(releases.list_names()) - 1


def test_row_has_the_facts_of_the_rehearsal(project: Path) -> None:
    assert get_row(save_run(make_run(), project), RELEASE) == [
        "`v1.9.1`",
        "1.29.15",
        "609 of 610",
        "3",
        "53 of 54",
        "1 / 1 / 1",
        "1 / 0 / 1",
        "1 min 40 s",
        "3.0 GiB",
        "2026-01-02",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "| no sidecars are injected | 2 | the lab's Istio has no sidecars |",
        "| dex 2.39.1 | real | 1 | `dexidp/dex:v2.39.1` |",
        "| web 1.2 | near | 1 | `web@sha256:abababababab` |",
        "does not have their programs (1):\n`mysql:8.0`.",
        "- 1: the given manifests do not contain Katib",
        "5.0 GiB with its page cache, and that of the suite with its browser 0.5 GiB",
    ],
)
def test_section_has_the_facts_of_the_rehearsal(text: str, project: Path) -> None:
    assert text in save_run(make_run(), project)


def test_failed_scenarios_are_named(project: Path) -> None:
    failed = some_run.scenario(name="nginx serves its page", status="failed")
    page = save_run(make_run(chapters=[some_run.chapter(failed)], result="failed", exit_status=1), project)
    assert get_row(page, RELEASE)[6] == "0 / 1 / 0"
    assert "Scenarios that failed:\n\n- nginx serves its page\n" in page


def test_kit_names_the_components_that_it_has_in_another_form() -> None:
    page = docs.render_releases(REPOSITORY)
    section = page.partition("## Kubeflow 1.7.0")[2].partition("\n## ")[0]
    assert "| dex | Dex v2.41.1 | near | Dex v2.31.2 |" in section
    assert "in a form that can be built:\n" in section
    assert "Dex v2.31.2" in section.partition("in a form that can be built:\n")[2]


def test_rehearsal_replaces_only_the_facts_of_its_release(project: Path) -> None:
    save_run(make_run(), project)
    save_run(make_run(release="1.10"), project)
    page = save_run(make_run(seconds=30), project)
    assert get_row(page, RELEASE)[7] == "30.0 s"
    assert get_row(page, "1.10")[7] == "1 min 40 s"
    assert page == docs.render_releases(project)


@pytest.mark.parametrize(
    "run",
    [
        make_run(containers=[]),
        make_run(layers=[LedgerRow(table.KUBEFLOW.name, "found")]),
        make_run(layers=[LedgerRow("nginx", "installed")]),
        make_run(deselected=1),
        make_run(chapters=[]),
        make_run(release="1.6"),
    ],
    ids=["no rehearsal", "Kubeflow found", "no Kubeflow", "deselected", "chapter not selected", "unknown release"],
)
def test_other_runs_change_nothing(run: Run, project: Path) -> None:
    save_run(make_run(), project)
    before = (project / docs.REHEARSALS).read_text()
    save_run(run, project)
    assert (project / docs.REHEARSALS).read_text() == before


def test_rehearsal_does_not_change_the_tutorial(project: Path) -> None:
    some_run.run().save(project / docs.REPORT)
    docs.main(project)
    before = last_run.load(project / docs.LAST_RUN)
    assert before
    for release in (before.release, RELEASE):
        save_run(make_run(release=release, seconds=30), project)
        assert last_run.load(project / docs.LAST_RUN) == before


def test_memory_that_was_not_measured_is_left_out(project: Path) -> None:
    page = save_run(make_run(memory=None), project)
    assert get_row(page, RELEASE)[8] == "not measured"
    assert "The peak memory of the lab was" not in page


def test_facts_have_no_path_and_no_host(project: Path) -> None:
    save_run(make_run(), project)
    text = (project / docs.REHEARSALS).read_text()
    assert re.findall(r"/archives|ghcr\.io|gcr\.io|docker\.io", text) == []
    assert rehearsals.load(project / docs.REHEARSALS).keys() == {RELEASE}


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("", "b68bb751c3e0"),
        ("/archives/kubeflow-manifests-v1.9.1.tar.xz", "v1.9.1"),
        ("/archives/kubeflow-manifests-26.03.tar.xz", "26.03"),
        ("~/manifests-1.10.2", "1.10.2"),
        ("~/our-fork/", "our-fork"),
        ("https://user:secret@git.example.com/kubeflow/manifests.git?ref=v1.9-branch", "v1.9-branch"),
        ("https://git.example.com/kubeflow/manifests.git", "manifests.git"),
    ],
)
def test_manifests_are_named_without_path_and_host(given: str, shown: str) -> None:
    assert name_manifests(given, releases.load(RELEASE)) == shown
