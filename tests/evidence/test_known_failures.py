"""lab/evidence/known_failures.py: messages of real programs and reports of the lab are recognized, other texts not."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import get_args

import pytest
from pydantic import ValidationError

from lab.context import Lab
from lab.errors import KnownFailureId, LabError, format_error
from lab.evidence.known_failures import MAX_DIAGNOSES, Diagnosis, KnownFailure, diagnose, load_table
from lab.evidence.symptoms import Observation, Symptom, SymptomSource
from lab.k8s.api_kinds import check_kinds_served
from lab.k8s.blockers import KUBELET, Blocker
from lab.k8s.client import Kube
from lab.layers.network import DockerNetwork
from lab.run.redaction import MASK, Secrets
from tests.conftest import REPOSITORY, MakeLab
from tests.evidence.messages import CALL, INTERNAL, PULL, SYMPTOMS

ROW_ID, ROW_PATTERN = "id = 'dex-unavailable'", "sources = ['log']\npattern = 'EOF'"
"""Lines that make a row of the table complete."""
LoadRows = Callable[[list[str]], tuple[KnownFailure, ...]]
REPRODUCED: dict[str, str] = tomllib.loads(Path(__file__).with_name("reproduced.toml").read_text())
"""The way in which the symptom of each known failure was reproduced."""


def observation_of(source: SymptomSource, text: str) -> Observation:
    """Return an observation with one symptom."""
    return Observation((Symptom(source, "the subject", text),))


def names_of(observation: Observation) -> list[str]:
    """Return the names of the known failures that an observation shows."""
    return [found.name for found in diagnose(observation)]


def list_ids_in_code() -> set[str]:
    """Return the names of the ids that the lab's own code reports."""
    nodes = [node for file in (REPOSITORY / "lab").rglob("*.py") for node in ast.walk(ast.parse(file.read_text()))]
    attributes = [node for node in nodes if isinstance(node, ast.Attribute)]
    return {node.attr for node in attributes if ast.unparse(node.value) == KnownFailureId.__name__}


@pytest.mark.parametrize(("name", "source", "text"), SYMPTOMS)
def test_a_message_of_the_real_program_is_recognized(name: str, source: SymptomSource, text: str) -> None:
    [found] = diagnose(observation_of(source, f"a line before\n{text}\na line after"))
    assert found.name == name
    assert found.seen == f"the subject: {text}"


@pytest.mark.parametrize(("name", "source", "text"), SYMPTOMS)
def test_the_same_message_from_another_source_is_not(name: str, source: SymptomSource, text: str) -> None:
    """The remedy in the text of an error, for example, is no symptom."""
    [row] = [row for row in load_table() if row.name == name]
    for other in set(get_args(SymptomSource)) - set(row.sources):
        assert name not in names_of(observation_of(other, text))


@pytest.mark.parametrize("digits", ["401", "403", "404", "429", "500", "503"])
def test_digits_in_a_digest_are_no_http_status(digits: str) -> None:
    image = f"gcr.io/knative-releases/queue@sha256:{digits}{'0' * 61}"
    text = (
        f'ErrImagePull: Failed to pull image "{image}": failed to resolve reference "{image}": dial tcp: lookup gcr.io'
    )
    assert names_of(observation_of("pod", f"{text}: no such host")) == [
        "the node cannot resolve the name of a registry"
    ]
    assert names_of(observation_of("pod", f"ImagePullBackOff: Back-off pulling image {image}")) == []


def test_a_crd_in_beta_is_no_kind_of_kubernetes() -> None:
    for version in ("networking.istio.io/v1alpha3", "kubeflow.org/v1beta1", "gateway.networking.k8s.io/v1beta1"):
        text = f'error: no matches for kind "Gateway" in version "{version}"'
        assert names_of(observation_of("error", text)) == ["a CRD is missing"]
    text = 'error: no matches for kind "PodSecurityPolicy" in version "policy/v1beta1"'
    assert names_of(observation_of("error", text)) == ["Kubernetes is newer than the release supports"]


def test_symptoms_of_other_origin_count_only_if_nothing_else_is_recognized() -> None:
    image = Symptom("pod", "pod team-a/x", "ErrImagePull: Failed to pull image x: not found", is_foreign=True)
    dex = Symptom("auth chain", "authentication", "Dex is not ready", KnownFailureId.DEX_UNAVAILABLE)
    assert names_of(Observation((image, dex))) == ["Dex does not answer"]
    [alone] = diagnose(Observation((image,)))
    assert alone.name == "an image is not in its registry any more"
    assert alone.cause.startswith("outside of Kubeflow, so that it need not be the cause: ")


def test_a_cause_precedes_a_webhook_that_does_not_answer_because_of_it() -> None:
    image = Symptom("pod", "pod istio-system/istiod-1", f"ErrImagePull: {PULL}: not found")
    webhook = Symptom("error", "the error", f'{INTERNAL} failed calling webhook "istio": {CALL}: connection refused')
    assert names_of(Observation((webhook, image))) == [
        "an image is not in its registry any more",
        "a webhook is not ready",
    ]


def test_every_pattern_has_a_message() -> None:
    assert {name for name, _, _ in SYMPTOMS} == {row.name for row in load_table() if row.pattern}


@pytest.mark.parametrize("known_failure", KnownFailureId)
def test_report_of_the_lab_is_recognized_by_its_id(known_failure: KnownFailureId) -> None:
    [row] = [row for row in load_table() if row.id == known_failure]
    [found] = diagnose(Observation((Symptom("error", "the subject", "the headline\nthe details", known_failure),)))
    assert found.name == row.name
    assert found.seen == "the subject: the headline"


def test_code_reports_every_id_of_the_table() -> None:
    assert {row.id.name for row in load_table() if row.id} == list_ids_in_code()


@pytest.mark.parametrize("row", load_table(), ids=lambda row: row.name)
def test_every_known_failure_has_cause_and_remedy(row: KnownFailure) -> None:
    assert row.cause
    assert row.remedy


def test_names_are_unique() -> None:
    assert len({row.name for row in load_table()}) == len(load_table())


@pytest.fixture
def load_rows(tmp_path: Path) -> LoadRows:
    """A function that loads a table, whose rows consist of the given lines and of the fields that every row has."""

    def load(rows: list[str]) -> tuple[KnownFailure, ...]:
        file = tmp_path / "known_failures.toml"
        common = '[[failure]]\nname = "Dex does not answer"\ncause = "a cause"\nremedy = "a remedy"'
        file.write_text("\n".join(f"{common}\n{row}" for row in rows))
        return load_table(file)

    return load


def test_row_has_an_id_or_a_pattern_or_both(load_rows: LoadRows) -> None:
    rows = load_rows([ROW_ID, ROW_PATTERN, f"id = 'docker-desktop'\n{ROW_PATTERN}"])
    assert [(row.id, bool(row.pattern)) for row in rows] == [
        (KnownFailureId.DEX_UNAVAILABLE, False),
        (None, True),
        (KnownFailureId.DOCKER_DESKTOP, True),
    ]


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param([""], id="neither id nor pattern"),
        pytest.param(["sources = ['log']"], id="only sources"),
        pytest.param(["pattern = 'EOF'"], id="pattern without sources"),
        pytest.param([f"{ROW_ID}\nsources = ['log']"], id="sources without pattern"),
        pytest.param(["id = 'dex-is-unavailable'"], id="unknown id"),
        pytest.param([ROW_ID, ROW_ID], id="repeated id"),
    ],
)
def test_incorrect_table_is_rejected(rows: list[str], load_rows: LoadRows) -> None:
    with pytest.raises(ValidationError):
        load_rows(rows)


def test_other_texts_are_not_recognized() -> None:
    assert diagnose(Observation()) == ()
    assert diagnose(observation_of("error", "assert 1 == 2")) == ()


def replace_docker(lab: Lab, subnet: str) -> None:
    """Replace the Docker client of a lab by one that has a network with a subnet."""
    network = SimpleNamespace(name="database", attrs={"IPAM": {"Config": [{"Subnet": subnet}]}})
    vars(lab)["docker"] = SimpleNamespace(networks=SimpleNamespace(list=lambda: [network]))


def check_recognized_by_id(error: LabError, name: str) -> None:
    """Check that an error is recognized as a known failure, and that no pattern matches its text."""
    assert names_of(Observation.from_error(error)) == [name]
    assert diagnose(observation_of("error", f"{error.headline}\n{error.seen}")) == ()


class TestErrorsOfTheLab:
    """The lab's own errors are recognized by their ids."""

    def test_an_unreachable_api_server(self, tmp_path: Path, kube: Kube) -> None:
        kubeconfig = tmp_path / "kubeconfig"
        kubeconfig.write_text(re.sub(r"http://\S+", "http://127.0.0.1:9", kubeconfig.read_text()))
        with pytest.raises(LabError) as caught:
            kube.list_objects("Pod")
        check_recognized_by_id(caught.value, "the API server does not answer")

    def test_a_kind_that_is_not_served(self, kube: Kube, make_lab: MakeLab) -> None:
        autoscaler = {
            "apiVersion": "autoscaling/v2beta2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": "web", "namespace": "default"},
        }
        with pytest.raises(LabError) as caught:
            check_kinds_served([autoscaler], kube, make_lab(lab="existing").release)
        check_recognized_by_id(caught.value, "Kubernetes is newer than the release supports")

    def test_a_subnet_that_is_in_use(self, make_lab: MakeLab) -> None:
        lab = make_lab(lab="k3d", subnet="198.18.7.0/24")
        replace_docker(lab, "198.18.0.0/16")
        [overlap] = DockerNetwork(lab).find_overlaps()
        check_recognized_by_id(overlap, "the subnet of the network is in use")


def test_exhausted_inotify_is_recognized_in_the_output_of_a_real_program(tmp_path: Path) -> None:
    """The program runs in a user namespace with a limit of its own, so that no other process is affected."""
    (tmp_path / "log").write_text("a line\n")
    script = "echo 0 > /proc/sys/user/max_inotify_instances; exec timeout 1 tail -f log"
    command = ["unshare", "--user", "--map-root-user", "sh", "-c", script]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    [found] = diagnose(observation_of("log", result.stderr))
    assert found.name == "inotify is exhausted"


def test_a_cause_is_listed_before_its_consequence() -> None:
    consequence = Symptom("auth chain", "", "authservice is not ready", KnownFailureId.AUTH_PROXY_UNAVAILABLE)
    [cause] = [Symptom(source, "", text) for name, source, text in SYMPTOMS if name == "authservice does not reach Dex"]
    assert names_of(Observation((consequence, cause))) == [
        "authservice does not reach Dex",
        "authservice does not answer",
    ]


def test_the_number_of_diagnoses_is_limited() -> None:
    symptoms = tuple(Symptom(source, "", text) for _, source, text in SYMPTOMS)
    assert len(diagnose(Observation(symptoms))) == MAX_DIAGNOSES


def test_an_unknown_blocker_is_a_diagnosis_with_its_own_remedy() -> None:
    crashes = KUBELET["CrashLoopBackOff"]
    blockers = tuple(
        Blocker(f"default/web-{number}", "container main", crashes, "CrashLoopBackOff: exit status 1")
        for number in range(3)
    )
    symptoms = tuple(Symptom("pod", blocker.pod, blocker.message) for blocker in blockers)
    [found] = diagnose(Observation(symptoms, blockers))
    assert (found.cause, found.remedy) == (crashes.summary, crashes.remedy)
    assert found.seen == f"{blockers[0]}, and 2 more pods"


def test_a_blocker_that_is_a_known_failure_is_listed_once() -> None:
    message = "ErrImagePull: gcr.io/a/b:1: not found"
    blocker = Blocker("default/web", "container main", KUBELET["ErrImagePull"], message, "main")
    [found] = diagnose(Observation((Symptom("pod", "pod default/web", message),), (blocker,)))
    assert found.name == "an image is not in its registry any more"


def test_a_redacted_diagnosis_is_formatted_as_an_error(secrets: Secrets) -> None:
    secrets.add("hunter2000")
    diagnosis = Diagnosis("the name", "the cause", "the remedy", "kubeflow/manifests#1", "log: hunter2000")
    rows = (
        ("cause", "the cause"),
        ("seen", f"log: {MASK}"),
        ("what to do", "the remedy"),
        ("see", "kubeflow/manifests#1"),
    )
    assert str(diagnosis.redacted(secrets)) == format_error("the name", rows)


def test_the_page_about_failures_lists_the_table() -> None:
    page = (REPOSITORY / "docs/failures.md").read_text()
    assert [line for line in page.splitlines() if line.startswith("| ")][1:] == [
        format_row(row) for row in load_table()
    ]


def format_row(row: KnownFailure) -> str:
    """Return the row of a known failure in docs/failures.md."""
    known_failure = f"`{row.id}`" if row.id else ""
    pattern = "`{}`".format(row.pattern.pattern.replace("|", "\\|")) if row.pattern else ""
    cells = [row.name, known_failure, ", ".join(row.sources), pattern, REPRODUCED[row.name]]
    return f"| {' | '.join(cells)} |"


def test_every_known_failure_was_reproduced() -> None:
    assert list(REPRODUCED) == [row.name for row in load_table()]
