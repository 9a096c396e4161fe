"""tools/existing_cluster.py: the environment of a run that verifies an installed lab as an existing cluster."""

from __future__ import annotations

from pathlib import Path

from lab.run.state import LabState
from tests.conftest import MakeLab
from tools.existing_cluster import build_environment


def test_the_settings_of_the_run_have_priority_over_those_of_the_lab(make_lab: MakeLab, tmp_path: Path) -> None:
    lab = make_lab(LabState(kind="embedded", environment={"PATH": "/lab/bin", "KUBECONFIG": "/lab/kubeconfig"}))
    kubeconfigs = [tmp_path / "clusters", tmp_path / "contexts"]
    seen = build_environment(lab, kubeconfigs, tmp_path / "cache", {"url": "https://kubeflow.team.example"})
    assert seen["PATH"] == "/lab/bin"
    assert seen["KUBECONFIG"] == f"{kubeconfigs[0]}:{kubeconfigs[1]}"
    assert seen["XDG_CACHE_HOME"] == str(tmp_path / "cache")
    assert (seen["KUBEFLOW_LAB_LAB"], seen["KUBEFLOW_LAB_URL"]) == ("existing", "https://kubeflow.team.example")
    assert seen["KUBEFLOW_LAB_MANIFESTS"] == str(lab.home / "manifests")
    assert build_environment(lab, kubeconfigs, tmp_path, {"manifests": "/tree"})["KUBEFLOW_LAB_MANIFESTS"] == "/tree"
