"""lab/editing.py: a change that cannot be made leaves the manifests as they were, and one left behind is known."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab import editing, releases, settings, source
from lab.editing import Coming, Edit, made
from lab.errors import LabError
from lab.kube import Kube
from lab.manifests import Copy
from lab.record import Record
from lab.site import Site
from lab.terminal import Terminal
from tests.conftest import WriteProgram

FILES = {"web/params.env": "SECURE=true\n", "jupyter/params.env": "SECURE=true\n"}


@pytest.fixture
def site(terminal: Terminal) -> Site:
    """A lab whose programs are the test's."""
    record = Record(kind="k3d", environment=dict(terminal.environment))
    return Site(settings.load({}), source.of_the_internet(releases.load("1.7")), record)


@pytest.fixture
def manifests(site: Site, tmp_path: Path) -> Copy:
    """A tree of manifests with two files."""
    for name, text in FILES.items():
        file = tmp_path / "original" / name
        file.parent.mkdir(parents=True)
        file.write_text(text)
    copy = Copy(site, tmp_path / "original")
    copy.install()
    return copy


@pytest.fixture
def asked(write_program: WriteProgram, tmp_path: Path) -> Path:
    """What kubectl was asked for: the API server refuses it all. kustomize builds what the file says."""
    write_program("kustomize", 'cat "$2/params.env"')
    log = tmp_path / "asked"
    log.touch()
    write_program("kubectl", f'[ "$1" = apply ] && cat >> {log} || echo "$@" >> {log}; echo "refused" >&2; exit 1')
    return log


def switched_off(file: str, old: str = "true") -> Edit:
    folder = file.partition("/")[0]
    return Edit(file, lambda text: text.replace(old, "false"), folder, f"kubeflow/Deployment/{folder}", False, "/")


def make(edits: list[Edit], site: Site, manifests: Copy, tmp_path: Path) -> None:
    with made(edits, site, Kube(tmp_path / "none"), manifests):
        pytest.fail("the changes count as made")


def on_its_way(file: str, site: Site, manifests: Copy, tmp_path: Path) -> Coming:
    change = Coming([switched_off(file)], site, Kube(tmp_path / "none"), manifests)
    change.begin()
    return change


def now(manifests: Copy) -> dict[str, str]:
    return {str(file.relative_to(manifests.folder)): file.read_text() for file in manifests.folder.rglob("*.env")}


def test_where_one_file_lacks_what_is_to_be_changed_none_is_changed(
    manifests: Copy, asked: Path, site: Site, tmp_path: Path
) -> None:
    edits = [switched_off("web/params.env"), switched_off("jupyter/params.env", old="yes")]
    with pytest.raises(LabError, match=r"jupyter/params\.env does not have what is to be changed"):
        make(edits, site, manifests, tmp_path)
    assert now(manifests) == FILES
    assert asked.read_text() == ""
    assert editing.left_behind(site) == []


def test_changes_that_are_refused_are_applied_together_and_taken_back(
    manifests: Copy, asked: Path, site: Site, tmp_path: Path
) -> None:
    with pytest.raises(LabError, match="refused"):
        make([switched_off("web/params.env"), switched_off("jupyter/params.env")], site, manifests, tmp_path)
    assert now(manifests) == FILES
    assert asked.read_text().replace("---", "").split() == [*["SECURE=false"] * 2, *["SECURE=true"] * 2]


def test_a_change_that_could_not_be_taken_back_is_known_until_what_it_was_in_is_restarted(
    manifests: Copy, asked: Path, site: Site, tmp_path: Path, write_program: WriteProgram
) -> None:
    with pytest.raises(LabError, match="refused"):
        make([switched_off("web/params.env"), switched_off("jupyter/params.env")], site, manifests, tmp_path)
    assert editing.left_behind(site) == ["kubeflow/Deployment/web", "kubeflow/Deployment/jupyter"]
    with pytest.raises(LabError, match="refused"):
        editing.restart_what_was_left_behind(site)
    assert editing.left_behind(site) != []
    write_program("kubectl", f'echo "$@" > {asked}')
    editing.restart_what_was_left_behind(site)
    assert asked.read_text() == "rollout restart Deployment/jupyter --namespace kubeflow\n"
    assert editing.left_behind(site) == []


def test_changes_on_their_way_fail_for_who_waits_for_them(
    manifests: Copy, asked: Path, site: Site, tmp_path: Path
) -> None:
    change = on_its_way("web/params.env", site, manifests, tmp_path)
    with pytest.raises(LabError, match="refused"):
        change.wait()
    change.take_back()
    assert now(manifests) == FILES
    assert asked.read_text().split() == ["SECURE=false", "SECURE=true"]


def test_of_several_changes_each_one_that_could_not_be_taken_back_is_known(
    manifests: Copy, asked: Path, site: Site, tmp_path: Path
) -> None:
    for file in FILES:
        on_its_way(file, site, manifests, tmp_path).take_back()
    assert sorted(editing.left_behind(site)) == ["kubeflow/Deployment/jupyter", "kubeflow/Deployment/web"]


def test_changes_that_nobody_has_begun_are_not_made(manifests: Copy, asked: Path, site: Site, tmp_path: Path) -> None:
    change = Coming([switched_off("web/params.env")], site, Kube(tmp_path / "none"), manifests)
    change.take_back()
    assert asked.read_text() == ""
    with pytest.raises(LabError, match="refused"):
        change.wait()
