"""lab/editing.py: a change that cannot be made leaves the manifests as they were."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from lab.editing import Edit, made
from lab.errors import LabError
from lab.kube import Kube
from lab.terminal import Terminal
from tests.conftest import WriteProgram

FILES = {"web/params.env": "SECURE=true\n", "jupyter/params.env": "SECURE=true\n"}


@pytest.fixture
def manifests(tmp_path: Path) -> Path:
    """A tree of manifests with two files."""
    for name, text in FILES.items():
        file = tmp_path / "manifests" / name
        file.parent.mkdir(parents=True)
        file.write_text(text)
    return tmp_path / "manifests"


@pytest.fixture
def asked(write_program: WriteProgram, tmp_path: Path) -> Path:
    """What kubectl was asked for: the API server refuses it all. kustomize builds what the file says."""
    write_program("kustomize", 'cat "$2/params.env"')
    log = tmp_path / "asked"
    log.touch()
    write_program("kubectl", f'cat >> {log}; echo "refused" >&2; exit 1')
    return log


def switched_off(file: str, old: str = "true") -> Edit:
    folder = file.partition("/")[0]
    return Edit(file, lambda text: text.replace(old, "false"), folder, f"kubeflow/Deployment/{folder}", False, "/")


def make(edits: list[Edit], manifests: Path, terminal: Terminal, tmp_path: Path) -> None:
    site, tree = SimpleNamespace(terminal=terminal), SimpleNamespace(folder=manifests)
    with made(edits, site, Kube(tmp_path / "none", tmp_path), tree):  # type: ignore[arg-type]
        pytest.fail("the changes count as made")


def now(manifests: Path) -> dict[str, str]:
    return {str(file.relative_to(manifests)): file.read_text() for file in manifests.rglob("*.env")}


def test_where_one_file_lacks_what_is_to_be_changed_none_is_changed(
    manifests: Path, asked: Path, terminal: Terminal, tmp_path: Path
) -> None:
    edits = [switched_off("web/params.env"), switched_off("jupyter/params.env", old="yes")]
    with pytest.raises(LabError, match=r"jupyter/params\.env does not have what is to be changed"):
        make(edits, manifests, terminal, tmp_path)
    assert now(manifests) == FILES
    assert asked.read_text() == ""


def test_changes_that_are_refused_are_applied_together_and_taken_back(
    manifests: Path, asked: Path, terminal: Terminal, tmp_path: Path
) -> None:
    with pytest.raises(LabError, match="refused"):
        make([switched_off("web/params.env"), switched_off("jupyter/params.env")], manifests, terminal, tmp_path)
    assert now(manifests) == FILES
    assert asked.read_text().replace("---", "").split() == [*["SECURE=false"] * 2, *["SECURE=true"] * 2]
