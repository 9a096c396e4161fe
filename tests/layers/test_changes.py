"""lab/layers/changes.py: a failed change leaves the manifests as they were, and changed workloads are remembered."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.context import Lab
from lab.errors import LabError
from lab.k8s.objects import ObjectRef
from lab.layers.changes import BackgroundChange, ManifestChange, apply_changes, list_leftovers, restart_leftovers
from lab.layers.manifests import Copy
from tests.conftest import MakeLab, WriteProgram

FILES = {"web/params.env": "SECURE=true\n", "jupyter/params.env": "SECURE=true\n"}
WEB, JUPYTER = (ObjectRef("Deployment", name, "kubeflow") for name in ("web", "jupyter"))


@pytest.fixture
def lab(make_lab: MakeLab) -> Lab:
    """A lab with the programs of the test."""
    return make_lab()


@pytest.fixture
def manifests(lab: Lab, tmp_path: Path) -> Copy:
    """Manifests that consist of two files."""
    for name, text in FILES.items():
        file = tmp_path / "original" / name
        file.parent.mkdir(parents=True)
        file.write_text(text)
    copy = Copy(lab, tmp_path / "original")
    copy.install()
    return copy


@pytest.fixture
def kubectl_log(write_program: WriteProgram, tmp_path: Path) -> Path:
    """The input and the arguments of a kubectl that always fails; kustomize prints the file in the directory."""
    write_program("kustomize", 'cat "$2/params.env"')
    log = tmp_path / "kubectl.log"
    log.touch()
    write_program("kubectl", f'[ "$1" = apply ] && cat >> {log} || echo "$@" >> {log}; echo "forbidden" >&2; exit 1')
    return log


def make_change(workload: ObjectRef, old: str = "true") -> ManifestChange:
    """Return a change of SECURE to false."""
    return ManifestChange(
        file=f"{workload.name}/params.env",
        edit=lambda text: text.replace(old, "false"),
        directory=workload.name,
        workload=workload,
        restart=False,
        path="/",
    )


def fail_to_apply(changes: list[ManifestChange], lab: Lab, manifests: Copy) -> None:
    """Apply changes, which must fail because the API server rejects them."""
    with pytest.raises(LabError, match="forbidden"), apply_changes(changes, lab, manifests):
        pytest.fail("the changes were applied")


def read_files(manifests: Copy) -> dict[str, str]:
    """Return the texts of all files of the manifests."""
    return {str(file.relative_to(manifests.directory)): file.read_text() for file in manifests.directory.rglob("*.env")}


def test_no_file_is_changed_if_one_lacks_the_text(manifests: Copy, kubectl_log: Path, lab: Lab) -> None:
    changes = [make_change(WEB), make_change(JUPYTER, old="yes")]
    with (
        pytest.raises(LabError, match=r"jupyter/params\.env does not have the text to be changed"),
        apply_changes(changes, lab, manifests),
    ):
        pytest.fail("the changes were applied")
    assert read_files(manifests) == FILES
    assert kubectl_log.read_text() == ""
    assert list_leftovers(lab) == []


def test_rejected_changes_are_applied_and_reverted_together(manifests: Copy, kubectl_log: Path, lab: Lab) -> None:
    fail_to_apply([make_change(WEB), make_change(JUPYTER)], lab, manifests)
    assert read_files(manifests) == FILES
    assert kubectl_log.read_text().replace("---", "").split() == [*["SECURE=false"] * 2, *["SECURE=true"] * 2]


def test_a_failed_revert_is_remembered_until_the_restart(
    manifests: Copy, kubectl_log: Path, lab: Lab, write_program: WriteProgram
) -> None:
    fail_to_apply([make_change(WEB), make_change(JUPYTER)], lab, manifests)
    assert list_leftovers(lab) == [WEB, JUPYTER]
    with pytest.raises(LabError, match="forbidden"):
        restart_leftovers(lab)
    assert list_leftovers(lab) == [WEB, JUPYTER]
    write_program("kubectl", f'echo "$@" > {kubectl_log}')
    restart_leftovers(lab)
    assert kubectl_log.read_text() == "rollout restart Deployment/jupyter --namespace kubeflow\n"
    assert list_leftovers(lab) == []


def test_waiting_for_a_failed_background_change_raises(manifests: Copy, kubectl_log: Path, lab: Lab) -> None:
    change = BackgroundChange([make_change(WEB)], lab, manifests)
    change.start()
    with pytest.raises(LabError, match="forbidden"):
        change.wait()
    change.revert()
    assert read_files(manifests) == FILES
    assert kubectl_log.read_text().split() == ["SECURE=false", "SECURE=true"]


def test_every_failed_revert_is_remembered(manifests: Copy, kubectl_log: Path, lab: Lab) -> None:
    for workload in (WEB, JUPYTER):
        change = BackgroundChange([make_change(workload)], lab, manifests)
        change.start()
        change.revert()
    assert sorted(list_leftovers(lab)) == [JUPYTER, WEB]


def test_a_change_that_was_not_started_is_not_reverted(manifests: Copy, kubectl_log: Path, lab: Lab) -> None:
    change = BackgroundChange([make_change(WEB)], lab, manifests)
    change.revert()
    assert kubectl_log.read_text() == ""
    with pytest.raises(LabError, match="forbidden"):
        change.wait()


def test_without_a_change_nothing_is_applied(manifests: Copy, kubectl_log: Path, lab: Lab) -> None:
    with apply_changes([], lab, manifests):
        assert read_files(manifests) == FILES
    assert kubectl_log.read_text() == ""
