"""lab/evidence/observation.py: symptoms of a cluster, also if parts of it do not answer."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lab.context import Lab
from lab.errors import KnownFailureId, LabError
from lab.evidence.known_failures import diagnose
from lab.evidence.observation import NOT_OBSERVED, observe
from lab.evidence.symptoms import Observation, Symptom
from lab.k8s.objects import Object
from lab.layers.port_forward import port_forward_log
from lab.request_path.trace import explain_request
from lab.run.redaction import MASK
from tests.evidence.conftest import TIMEOUT, TOKEN, as_k3d, crashing_pod
from tests.fake_cluster import FakeCluster, claim, owned_by, pod, replica_set
from tests.request_path.healthy_cluster import Cluster

PROFILE = "kubeflow-user-example-com"
STARTED, CHANGED = "2026-11-24T10:00:00Z", "2026-11-24T10:05:00Z"
NO_STORAGE_CLASS = "there is no default StorageClass"


def warning(obj: Object, text: str, age: float, kind: str = "Pod") -> Object:
    """Return a warning about an object that is some seconds old."""
    metadata = obj["metadata"]
    time = (datetime.now(UTC) - timedelta(seconds=age)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "type": "Warning",
        "metadata": {"name": f"e-{len(text)}", "namespace": metadata["namespace"], "uid": text},
        "involvedObject": {"kind": kind, **{key: metadata[key] for key in ("name", "namespace", "uid")}},
        "reason": "Failed",
        "message": text,
        "lastTimestamp": time,
    }


def namespaced(kind: str, name: str, namespace: str, **content: Any) -> Object:
    """Return an object with some content."""
    return {"kind": kind, "metadata": {"name": name, "namespace": namespace, "uid": f"{kind}-{name}"}, **content}


def texts_of(observation: Observation, source: str) -> list[tuple[str, str]]:
    """Return subject and text of the symptoms from a source."""
    return [(symptom.subject, symptom.text) for symptom in observation.symptoms if symptom.source == source]


def diagnosed(lab: Lab) -> list[str]:
    """Return the names of the known failures that the lab shows; those that it reports itself must match no pattern."""
    observation = observe(lab, TIMEOUT)
    reports = [replace(symptom, known_failure=None) for symptom in observation.symptoms if symptom.known_failure]
    assert diagnose(Observation(tuple(reports))) == ()
    return [diagnosis.name for diagnosis in diagnose(observation)]


@pytest.mark.usefixtures("logs")
def test_blockers_logs_and_warnings_of_unready_pods_are_observed(cluster: FakeCluster, lab: Lab) -> None:
    web, database, nginx = crashing_pod("web"), pod("database", waiting="ImagePullBackOff"), pod("nginx", ready=True)
    cluster.objects = {
        "Pod": [web, database, nginx],
        "Event": [warning(web, "recent", 5), warning(nginx, "obsolete, the pod is ready", 5)],
    }
    observation = observe(lab, TIMEOUT)
    [(subject, text)] = texts_of(observation, "pod")
    assert (subject, text.partition(":")[0]) == ("pod default/database", "ImagePullBackOff")
    assert texts_of(observation, "event") == [("Pod default/web", "Failed: recent")]
    log = "the log of default/web, container main"
    assert texts_of(observation, "log") == [
        (log, f"web, main, previous: {TOKEN}"),
        (log, f"web, main, current: {TOKEN}"),
    ]
    assert len(observation.pods) == 3
    assert observation.blockers == ()
    assert [blocker.pod for blocker in observation.foreign_blockers] == ["default/database"]


def test_differences_from_the_manifests_are_the_first_diagnosis(cluster: FakeCluster, lab: Lab) -> None:
    def make_service(app: str) -> Object:
        metadata = {"name": "katib-ui", "namespace": "kubeflow"}
        return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"selector": {"app": app}}}

    directory = lab.home / "kubeflow"
    directory.mkdir(parents=True)
    (directory / "compared.json").write_text(json.dumps([make_service("katib-ui")]))
    cluster.objects["Service"] = [make_service("other")]
    first = diagnose(observe(lab, TIMEOUT))[0]
    assert first.name == "objects differ from the manifests"
    assert "Service katib-ui in kubeflow: spec.selector.app: expected katib-ui, seen other" in first.seen
    assert "`kubectl patch -n kubeflow service/katib-ui --type=json" in first.remedy


class TestOrigin:
    """Kubeflow's own pods are observed first, those of users and other programs last."""

    @pytest.fixture(autouse=True)
    def _pods(self, cluster: FakeCluster, lab: Lab) -> None:
        """A pod of another team, a user's notebook and Deployment, and the artifact server of Kubeflow Pipelines."""
        notebook = {"kind": "StatefulSet", "metadata": {"name": "notebook", "uid": "1"}}
        user_app = replica_set("user-app-1", "kubeflow", owner=("Deployment", "user-app"))
        artifact = replica_set("ml-pipeline-ui-artifact-1", PROFILE, owner=("Deployment", "ml-pipeline-ui-artifact"))
        cluster.objects = {
            "ReplicaSet": [user_app, artifact],
            "Pod": [
                pod("x", namespace="team-a", waiting="ImagePullBackOff"),
                owned_by(pod("notebook-0", namespace=PROFILE, waiting="InvalidImageName"), notebook),
                owned_by(pod("user-app-1-x", namespace="kubeflow", waiting="CrashLoopBackOff"), user_app),
                owned_by(pod("ml-pipeline-ui-artifact-1-x", namespace=PROFILE, waiting="CrashLoopBackOff"), artifact),
            ],
        }
        owned = lab.home / "kubeflow/owned.txt"
        owned.parent.mkdir()
        owned.write_text(f"kubeflow/Deployment/centraldashboard\n{PROFILE}/Deployment/ml-pipeline-ui-artifact")

    def test_own_pods_come_first(self, lab: Lab) -> None:
        observation = observe(lab, TIMEOUT)
        own = f"{PROFILE}/ml-pipeline-ui-artifact-1-x"
        assert [blocker.pod for blocker in observation.blockers] == [own]
        assert {blocker.pod for blocker in observation.foreign_blockers} == {
            "team-a/x",
            f"{PROFILE}/notebook-0",
            "kubeflow/user-app-1-x",
        }
        subjects = [symptom.subject for symptom in observation.symptoms if symptom.source == "pod"]
        assert subjects[0] == f"pod {own}"

    def test_rejected_pods_are_observed(self, cluster: FakeCluster, lab: Lab) -> None:
        message = 'pods "ml-pipeline-ui-artifact-1-x" is forbidden: failed quota: q: must specify cpu,memory'
        rejected = replica_set(
            "artifact-1", PROFILE, owner=("Deployment", "ml-pipeline-ui-artifact"), pods=0, rejection=message
        )
        workload = namespaced("Deployment", "ml-pipeline-ui-artifact", PROFILE, spec={"replicas": 1})
        workload["metadata"]["uid"] = "uid-of-ml-pipeline-ui-artifact"
        cluster.objects |= {"Pod": [], "ReplicaSet": [rejected], "Deployment": [workload]}
        assert "a ResourceQuota requires limits that pods do not have" in diagnosed(lab)


def test_a_warning_about_a_workload_that_has_its_pods_is_no_symptom(cluster: FakeCluster, lab: Lab) -> None:
    complete, incomplete = (
        replica_set(name, owner=("Deployment", name), pods=pods) for name, pods in (("a", 1), ("b", 0))
    )
    cluster.objects = {
        "ReplicaSet": [complete, incomplete],
        "Event": [warning(obj, obj["metadata"]["name"], 5, "ReplicaSet") for obj in (complete, incomplete)],
    }
    assert texts_of(observe(lab, TIMEOUT), "event") == [("ReplicaSet default/b", "Failed: b")]


def test_an_old_warning_is_no_symptom(cluster: FakeCluster, lab: Lab) -> None:
    cluster.objects = {"Event": [warning(claim("data"), "an hour ago", 3600, "PersistentVolumeClaim")]}
    assert texts_of(observe(lab, TIMEOUT), "event") == []


def test_values_of_secrets_are_redacted_and_user_names_are_not(cluster: FakeCluster, lab: Lab) -> None:
    data = {"token": base64.b64encode(TOKEN.encode()).decode(), "user": base64.b64encode(b"user-1").decode()}
    cluster.objects = {"Secret": [namespaced("Secret", "web", "default", data=data)]}
    observe(lab, TIMEOUT)
    assert lab.secrets.redact(f"{TOKEN} {data['token']} of user-1") == f"{MASK} {MASK} of user-1"


def test_default_password_in_a_secret_is_not_redacted(cluster: FakeCluster, lab: Lab) -> None:
    """Katib's Secret has the password "test" in every release."""
    data = {"MYSQL_ROOT_PASSWORD": "dGVzdA==", "MYSQL_PASSWORD": base64.b64encode(b"minio123").decode()}
    cluster.objects = {"Secret": [namespaced("Secret", "katib-mysql-secrets", "kubeflow", data=data)]}
    observe(lab, TIMEOUT)
    text = "nginx:latest, test_10_login.py, the test site of minio123"
    assert lab.secrets.redact(text) == text


def test_storage_class_and_servicelb_are_recognized(cluster: FakeCluster, lab: Lab) -> None:
    cluster.objects = {"Pod": [pod("svclb-web", ready=True, namespace="kube-system")]}
    assert diagnosed(lab) == [NO_STORAGE_CLASS, "servicelb was not disabled"]


class TestAuthChain:
    """Problems of the ext_authz filter, of Dex and of the auth proxy."""

    def test_missing_components_are_recognized(self, cluster: FakeCluster, lab: Lab) -> None:
        cluster.objects = {"Namespace": [{"metadata": {"name": "istio-system", "uid": "1"}}]}
        assert diagnosed(lab) == [
            NO_STORAGE_CLASS,
            "Kubeflow is open to everybody",
            "Dex does not answer",
            "authservice does not answer",
        ]

    def test_a_missing_service_of_dex_is_recognized(self, cluster: FakeCluster, lab: Lab) -> None:
        dex_pod = pod("dex-1", ready=True, namespace="auth")
        selector = {"selector": {"matchLabels": {"app": "dex"}}}
        cluster.objects = {
            "Namespace": [{"metadata": {"name": "istio-system", "uid": "1"}}],
            "Deployment": [namespaced("Deployment", "dex", "auth", spec=selector)],
            "Pod": [dex_pod],
        }
        assert "Dex does not answer" in diagnosed(lab)

    @pytest.mark.parametrize(("changed", "is_known"), [(CHANGED, True), (STARTED, False)])
    def test_a_configuration_that_dex_has_not_read(
        self, cluster: FakeCluster, lab: Lab, changed: str, is_known: bool
    ) -> None:
        dex_pod, config_map = pod("dex-1", ready=True, namespace="auth"), namespaced("ConfigMap", "dex", "auth")
        dex_pod["spec"] = {"volumes": [{"name": "config", "configMap": {"name": "dex"}}]}
        dex_pod["status"]["startTime"] = STARTED
        config_map["metadata"]["managedFields"] = [{"time": changed}, {}]
        cluster.objects = {
            "Namespace": [{"metadata": {"name": "istio-system", "uid": "1"}}],
            "Pod": [dex_pod],
            "ConfigMap": [config_map],
        }
        assert ("Dex has not read its configuration" in diagnosed(lab)) is is_known

    @pytest.mark.usefixtures("logs")
    def test_the_logs_of_dex_and_the_auth_proxy_are_read_although_they_are_ready(
        self, cluster: FakeCluster, lab: Lab
    ) -> None:
        dex = replica_set("dex-1", "auth", owner=("Deployment", "dex"))
        cluster.objects = {
            "ReplicaSet": [dex],
            "Pod": [
                owned_by(pod("dex-1-a", ready=True, namespace="auth"), dex),
                pod("nginx", ready=True),
                pod("other", ready=True, namespace="auth"),
            ],
        }
        log = f"dex-1-a, main, current: {TOKEN}"
        assert texts_of(observe(lab, TIMEOUT), "log") == [("the log of auth/dex-1-a, container main", log)]

    def test_nothing_is_reported_before_kubeflow_is_installed(self, lab: Lab) -> None:
        assert texts_of(observe(lab, TIMEOUT), "auth chain") == []


class TestRequestPath:
    """Where requests stop, according to the objects that the API server returns."""

    @pytest.fixture
    def kubeflow(self, cluster: FakeCluster, lab: Lab) -> Cluster:
        """A cluster whose Service of Katib selects no pod."""
        kubeflow = Cluster()
        address = {"loadBalancer": {"ingress": [{"ip": str(lab.settings.ingress_address)}]}}
        kubeflow.set("kube-system/Service/ingress-nginx-controller", "status", address)
        kubeflow.set("kubeflow/Service/katib-ui", "spec.selector", {"app": "other"})
        for obj in kubeflow.objects.values():
            cluster.objects.setdefault(obj["kind"], []).append(obj)
        return kubeflow

    @pytest.mark.usefixtures("kubeflow")
    def test_wrong_hop_is_the_first_diagnosis(self, lab: Lab) -> None:
        diagnosis = diagnose(observe(lab, TIMEOUT))[0]
        assert diagnosis.name == "a request does not arrive"
        assert "the request to http://kubeflow.example.it/katib/ stops at the Service" in diagnosis.cause
        assert "spec.selector of Service katib-ui in kubeflow" in diagnosis.seen
        assert diagnosis.remedy.endswith("`kubectl get pods -n kubeflow --show-labels`")

    @pytest.mark.usefixtures("kubeflow")
    def test_request_is_explained(self, lab: Lab) -> None:
        assert "expected labels of a pod" in explain_request(lab, "http://localhost:7080/katib/")
        healthy = explain_request(lab, "http://nginx.example.it")
        assert healthy.startswith("every hop of http://nginx.example.it is right: Service ingress-nginx-controller")
        assert explain_request(lab, "http://unknown.example.it") == ""

    def test_other_causes_precede_an_unready_pod(self, cluster: FakeCluster, lab: Lab, kubeflow: Cluster) -> None:
        kubeflow.set("kubeflow/Service/katib-ui", "spec.selector", {"app": "katib-ui"})
        kubeflow.set("kubeflow/Pod/katib-ui-0", "status.conditions", [])
        names = diagnosed(lab)
        assert (names[0], names[-1]) == (NO_STORAGE_CLASS, "a request does not arrive")

    def test_nothing_stops_before_anything_is_installed(self, lab: Lab) -> None:
        assert observe(lab, TIMEOUT).stops == ()


class TestDocker:
    """Symptoms of the lab's Docker Engine, which a fake client returns."""

    @pytest.fixture
    def lab(self, lab: Lab) -> Lab:
        """A k3d lab, with Docker Desktop, a container and the exited node."""
        lab = as_k3d(lab)
        containers = {"1": {"Name": "database", "IPv4Address": "127.20.0.12/24"}}
        network = SimpleNamespace(attrs={"Containers": containers})
        node = SimpleNamespace(name="k3d-server-0", logs=lambda tail: b"failed to find memory cgroup")
        vars(lab)["docker"] = SimpleNamespace(
            info=lambda: {"OperatingSystem": "Docker Desktop"},
            networks=SimpleNamespace(get=lambda name: network),
            containers=SimpleNamespace(list=lambda all, filters: [node]),
        )
        return lab

    def test_known_failures_of_docker_are_recognized(self, lab: Lab) -> None:
        assert diagnosed(lab) == [
            "Docker Desktop does not route to the network of the lab",
            "the node finds no memory cgroup",
            NO_STORAGE_CLASS,
            "a container has an address of MetalLB's pool",
        ]


def test_the_output_of_the_port_forward_is_observed(lab: Lab) -> None:
    port_forward_log(lab).write_text("error: lost connection to pod\n")
    assert texts_of(observe(lab, TIMEOUT), "port-forward") == [("the port-forward", "error: lost connection to pod\n")]


class TestUnreachableCluster:
    """A cluster that does not answer, or not in time."""

    @pytest.fixture
    def lab(self, lab: Lab) -> Lab:
        """A lab whose kubeconfig names a closed port."""
        kubeconfig = Path(lab.state.environment["KUBECONFIG"])
        kubeconfig.write_text(re.sub(r"http://\S+", "http://127.0.0.1:9", kubeconfig.read_text()))
        return lab

    def test_it_is_recognized(self, lab: Lab) -> None:
        assert diagnosed(lab) == ["the API server does not answer"]

    def test_an_exceeded_deadline_is_recognized(self, lab: Lab) -> None:
        observation = observe(lab, timeout=0)
        assert ("cluster", NOT_OBSERVED, "pods: no answer within 0 s") in [
            (symptom.source, symptom.subject, symptom.text) for symptom in observation.symptoms
        ]
        assert [diagnosis.name for diagnosis in diagnose(observation)] == ["the API server does not answer"]


def test_error_is_observed_with_its_known_failure_and_without_its_remedy() -> None:
    known_failure = KnownFailureId.SUBNET_IN_USE
    error = LabError("the subnet is in use", seen="a route", remedy="choose another", known_failure=known_failure)
    assert Observation.from_error(error).symptoms == (
        Symptom("error", "the error", "the subnet is in use\na route", known_failure),
    )
    assert Observation.from_error(AssertionError("1 == 2")).symptoms == (Symptom("error", "the error", "1 == 2"),)


def test_merged_observations_have_the_content_of_all() -> None:
    parts = [Observation((Symptom("error", "", text),), pods=({"name": text},)) for text in "ab"]
    merged = Observation.merge(parts)
    assert [symptom.text for symptom in merged.symptoms] == ["a", "b"]
    assert merged.pods == ({"name": "a"}, {"name": "b"})
