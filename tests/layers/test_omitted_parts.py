"""lab/layers/omitted_parts.py: parts of the release that an existing cluster does not have, by its own objects."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from lab.k8s.objects import Object
from lab.layers.kubeflow import Kubeflow
from lab.layers.manifests import for_lab
from lab.run.state import LabState
from tests.conftest import MakeLab, WriteProgram
from tests.fake_cluster import FakeCluster

KATIB, KSERVE = "apps/katib/upstream/installs/katib-with-kubeflow", "contrib/kserve/kserve"
MODELS, PIPELINES = (
    "contrib/kserve/models-web-app/overlays/kubeflow",
    "apps/pipeline/upstream/env/cert-manager/platform-agnostic-multi-user",
)
DASHBOARD = "apps/centraldashboard/upstream/overlays/kserve"


def make_object(kind: str, name: str) -> Object:
    """Return an object of the namespace kubeflow, as manifests contain it."""
    version = "apps/v1" if kind == "Deployment" else "v1"
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": "kubeflow"}}


SHARED = make_object("ConfigMap", "shared")
PARTS = {
    KATIB: [SHARED, make_object("Deployment", "katib-controller"), make_object("ConfigMap", "katib-config")],
    KSERVE: [make_object("Deployment", "kserve-controller-manager")],
    MODELS: [make_object("Deployment", "kserve-models-web-app")],
    PIPELINES: [SHARED, make_object("Deployment", "kubeflow-pipelines-profile-controller")],
    DASHBOARD: [make_object("Deployment", "centraldashboard")],
}
PROFILE = {
    "apiVersion": "kubeflow.org/v1",
    "kind": "Profile",
    "metadata": {"name": "kubeflow-user-example-com"},
    "spec": {"owner": {"kind": "User", "name": "user@example.com"}},
}
MakeKubeflow = Callable[..., Kubeflow]


@pytest.fixture
def make_kubeflow(make_lab: MakeLab, cluster: FakeCluster, tmp_path: Path, write_program: WriteProgram) -> MakeKubeflow:
    """A function that returns Kubeflow of a cluster that lacks some of the objects of the manifests."""
    kubeconfig = cluster.write_kubeconfig(tmp_path / "kubeconfig")

    def build(*missing: str, **options: str) -> Kubeflow:
        objects = {obj["metadata"]["name"]: obj for part in PARTS.values() for obj in part}
        for obj in objects.values():
            if obj["metadata"]["name"] not in missing:
                cluster.objects.setdefault(obj["kind"], []).append(obj)
        cluster.objects["Profile"] = [PROFILE]
        state = LabState(kind="existing", environment={"KUBECONFIG": str(kubeconfig)})
        lab = make_lab(state, lab="existing", **options)
        manifests = for_lab(lab)
        for directory, part in PARTS.items():
            (manifests.directory / directory).mkdir(parents=True)
            (manifests.directory / directory / "built.yaml").write_text(yaml.safe_dump_all(part))
        write_program("kustomize", 'cat "$2/built.yaml"')
        return Kubeflow(lab, manifests, yaml.safe_dump_all(objects.values()))

    return build


def list_reasons(kubeflow: Kubeflow) -> list[str]:
    """Return the reasons why parts are omitted."""
    return [part.reason for part in kubeflow.omitted_parts]


def test_a_complete_cluster_omits_nothing(make_kubeflow: MakeKubeflow) -> None:
    kubeflow = make_kubeflow()
    assert list_reasons(kubeflow) == []
    assert kubeflow.list_missing_objects() == []


def test_a_part_without_any_of_its_own_objects_is_not_installed(make_kubeflow: MakeKubeflow) -> None:
    kubeflow = make_kubeflow("katib-controller", "katib-config")
    reason = "Katib is not installed in this cluster: none of its 2 objects exists"
    assert list_reasons(kubeflow) == kubeflow.lab.progress.notes == [reason]
    assert kubeflow.describe_omission("Katib", "kubeflow", "katib-controller") == reason
    assert kubeflow.describe_omission("KServe", "kubeflow", "kserve-controller-manager") == ""
    assert kubeflow.list_missing_objects() == []
    assert not any(ref.name == "katib-controller" for ref in kubeflow.owned)


def test_a_part_with_some_of_its_objects_is_incomplete(make_kubeflow: MakeKubeflow) -> None:
    kubeflow = make_kubeflow("katib-controller")
    assert list_reasons(kubeflow) == []
    assert kubeflow.list_missing_objects() == ["Deployment/katib-controller kubeflow"]


def test_a_component_of_a_part_may_be_missing(make_kubeflow: MakeKubeflow) -> None:
    reason = "KServe Models Web App is not installed in this cluster: none of its 1 objects exists"
    assert list_reasons(make_kubeflow("kserve-models-web-app")) == [reason]


def test_several_components_are_one_part(make_kubeflow: MakeKubeflow) -> None:
    reason = "KServe is not installed in this cluster: none of its 2 objects exists"
    assert list_reasons(make_kubeflow("kserve-models-web-app", "kserve-controller-manager")) == [reason]


def test_objects_that_only_missing_parts_share_are_not_missing(make_kubeflow: MakeKubeflow) -> None:
    kubeflow = make_kubeflow("shared", "katib-controller", "katib-config", "kubeflow-pipelines-profile-controller")
    assert [part.name for part in kubeflow.omitted_parts] == ["Kubeflow Pipelines", "Katib"]
    assert kubeflow.list_missing_objects() == []


def test_without_pipelines_a_profile_has_no_workloads(make_kubeflow: MakeKubeflow) -> None:
    kubeflow = make_kubeflow("kubeflow-pipelines-profile-controller")
    assert kubeflow.created_by_controllers == []
    seen = kubeflow.describe_omission("Pipelines", "kubeflow-user-example-com", "ml-pipeline-ui-artifact")
    assert seen.startswith("Kubeflow Pipelines is not installed in this cluster")


def test_a_required_part_is_missing(make_kubeflow: MakeKubeflow) -> None:
    kubeflow = make_kubeflow("centraldashboard")
    assert list_reasons(kubeflow) == []
    assert kubeflow.list_missing_objects() == ["Deployment/centraldashboard kubeflow"]


def test_a_part_that_a_user_names_is_omitted_whatever_exists_of_it(make_kubeflow: MakeKubeflow) -> None:
    kubeflow = make_kubeflow("katib-controller", without="KATIB")
    assert list_reasons(kubeflow) == ["Katib is not verified, as --without says"]
    assert kubeflow.list_missing_objects() == []
    assert kubeflow.describe_omission("Katib", "kubeflow", "katib-controller")
