"""cli/clean.py: the command `clean`, with a small API server."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.config.paths import Paths
from lab.k8s.objects import Object
from lab.k8s.permissions import Permission
from lab.layers.temporary_objects import LABELS, PREFIX, RECORD
from lab.run.state import LabState
from tests.cli.conftest import RunCli
from tests.fake_cluster import RESOURCE_VERSION, FakeCluster

OWNER = "kubeflow-user-example-com"
CLAIM: Object = {
    "kind": "PersistentVolumeClaim",
    "metadata": {
        "name": f"{PREFIX}1a2b3c4d",
        "namespace": OWNER,
        "uid": "1",
        "resourceVersion": RESOURCE_VERSION,
        "labels": LABELS,
    },
}


@pytest.fixture
def kubeconfig(cluster: FakeCluster, tmp_path: Path) -> Path:
    """The kubeconfig of a cluster in which a killed run has left a claim."""
    cluster.objects["PersistentVolumeClaim"] = [CLAIM]
    return cluster.write_kubeconfig(tmp_path / "kubeconfig")


def test_clean_deletes_the_leftovers_of_the_cluster_of_kubeconfig(
    run_cli: RunCli, kubeconfig: Path, cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
    result = run_cli("clean", "--lab", "existing")
    assert (result.exit_code, result.stdout) == (
        0,
        f"deleted: PersistentVolumeClaim {PREFIX}1a2b3c4d in {OWNER}\n",
    )
    assert cluster.objects["PersistentVolumeClaim"] == []
    again = run_cli("clean", "--lab", "existing")
    assert (again.exit_code, again.stdout) == (0, "interrupted runs have left nothing\n")


def test_clean_deletes_the_leftovers_of_the_kept_lab(run_cli: RunCli, kubeconfig: Path, paths: Paths) -> None:
    LabState(kind="k3d", keep=True, environment={"KUBECONFIG": str(kubeconfig)}).save(paths)
    result = run_cli("clean")
    assert (result.exit_code, result.stdout) == (
        0,
        f"deleted: PersistentVolumeClaim {PREFIX}1a2b3c4d in {OWNER}\n",
    )


def test_clean_deletes_a_recorded_resource_without_a_label(
    run_cli: RunCli, kubeconfig: Path, cluster: FakeCluster, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBEFLOW_LAB_LAB", "existing")
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
    cluster.objects["PersistentVolumeClaim"] = [{**CLAIM, "metadata": {**CLAIM["metadata"], "labels": {}}}]
    assert run_cli("clean").stdout == "interrupted runs have left nothing\n"
    paths.home.mkdir(parents=True)
    (paths.home / RECORD).write_text(f"{PREFIX}1a2b3c4d\n")
    assert run_cli("clean").stdout == f"deleted: PersistentVolumeClaim {PREFIX}1a2b3c4d in {OWNER}\n"


def test_clean_without_a_lab_is_an_error(run_cli: RunCli) -> None:
    result = run_cli("clean")
    assert result.exit_code == 1
    assert "there is no lab" in result.stderr


def test_clean_names_a_missing_permission(
    run_cli: RunCli, kubeconfig: Path, cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
    cluster.denied = {Permission("", "persistentvolumeclaims", "delete")}
    result = run_cli("clean", "--lab", "existing")
    assert result.exit_code == 1
    assert "lacks a permission of the cluster: delete persistentvolumeclaims" in result.stderr
    assert cluster.objects["PersistentVolumeClaim"] == [CLAIM]


def test_clean_deletes_what_the_user_may_list_and_names_the_missing_permission(
    run_cli: RunCli, kubeconfig: Path, cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
    cluster.denied = {Permission("", "namespaces", "list")}
    result = run_cli("clean", "--lab", "existing")
    assert result.exit_code == 1
    assert result.stdout == f"deleted: PersistentVolumeClaim {PREFIX}1a2b3c4d in {OWNER}\n"
    assert "lacks a permission of the cluster: list namespaces" in result.stderr
