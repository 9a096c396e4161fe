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
from lab.evidence.observation import Observation, Symptom, SymptomSource
from lab.k8s.api_kinds import check_kinds_served
from lab.k8s.blockers import KUBELET, Blocker
from lab.k8s.client import Kube
from lab.layers.network import DockerNetwork
from lab.run.redaction import MASK, Secrets
from tests.conftest import REPOSITORY, MakeLab

REJECTED = (
    'Error from server (InternalError): error when creating "STDIN": Internal error occurred: failed calling webhook '
)
CALL = 'failed to call webhook: Post "https://a.b.svc:443/mutate?timeout=10s"'
INTERNAL = "Error from server (InternalError): Internal error occurred:"
HOOK = 'failed calling webhook "admission-webhook-deployment.kubeflow.org"'
PULL = (
    'Failed to pull image "gcr.io/a/b:1": rpc error: code = Unknown desc = failed to pull and unpack image '
    '"gcr.io/a/b:1": failed to resolve reference "gcr.io/a/b:1"'
)
SYMPTOMS: list[tuple[str, SymptomSource, str]] = [
    (
        "the subnet of the network is in use",
        "error",
        "Error response from daemon: Pool overlaps with other one on this address space",
    ),
    ("the node finds no memory cgroup", "docker", 'level=fatal msg="failed to find memory cgroup (v2)"'),
    (
        "inotify is exhausted",
        "log",
        "failed to create fsnotify watcher: too many open files",
    ),
    ("kustomize is too old", "error", 'Error: invalid Kustomization: json: unknown field "sortOptions"'),
    (
        "kustomize prints a warning among the manifests",
        "error",
        'Error from server (BadRequest): error when creating "STDIN": Namespace in version "v1" cannot be handled '
        "as a Namespace: strict decoding error: unknown field "
        '"2023/02/27 11:40:30 well-defined vars that were never replaced"',
    ),
    (
        "Kubernetes is newer than the release supports",
        "error",
        'error: resource mapping not found for name: "x" namespace: "default" from "STDIN": no matches for kind '
        '"HorizontalPodAutoscaler" in version "autoscaling/v2beta2"',
    ),
    (
        "a CRD is missing",
        "error",
        'error: resource mapping not found for name: "x" namespace: "" from "STDIN": no matches for kind "Profile" in '
        'version "kubeflow.org/v1"',
    ),
    (
        "an annotation is too long for client-side apply",
        "error",
        'The ConfigMap "x" is invalid: metadata.annotations: Too long: must have at most 262144 bytes',
    ),
    (
        "there is no route to a webhook",
        "error",
        f'{REJECTED}"webhook.cert-manager.io": {CALL}: dial tcp 10.102.59.155:443: connect: no route to host',
    ),
    (
        "the webhook of cert-manager is not ready",
        "error",
        f'{REJECTED}"webhook.cert-manager.io": {CALL}: dial tcp 10.43.241.254:443: connect: connection refused',
    ),
    (
        "the webhook of MetalLB is not ready",
        "error",
        f'{REJECTED}"ipaddresspoolvalidationwebhook.metallb.io": {CALL}: EOF',
    ),
    (
        "the webhook of MetalLB is not ready",
        "error",
        f'{REJECTED}"l2advertisementvalidationwebhook.metallb.io": {CALL}: EOF',
    ),
    (
        "the webhook of the Ingress controller is not ready",
        "error",
        f'{REJECTED}"validate.nginx.ingress.kubernetes.io": {CALL}: dial tcp 10.43.9.1:443: connect: connection '
        "refused",
    ),
    ("a webhook is not ready", "event", f'FailedCreate: {REJECTED}"sidecar-injector.istio.io": {CALL}: EOF'),
    (
        "a webhook is not ready",
        "event",
        f"FailedCreate: Error creating: Internal error occurred: {HOOK}: {CALL}: no endpoints available for service "
        '"a"',
    ),
    (
        "the certificate of a webhook has expired",
        "error",
        f"{INTERNAL} {HOOK}: {CALL}: x509: certificate has expired or is not yet valid: current time "
        "2026-11-27T10:00:00Z is after 2026-08-01T10:00:00Z",
    ),
    (
        "the certificate of a webhook is for another name",
        "event",
        f"FailedCreate: Error creating: {INTERNAL} {HOOK}: {CALL}: x509: certificate is valid for "
        "admission-webhook.kubeflow.svc, not admission-webhook-service.kubeflow.svc",
    ),
    (
        "the certificate of a webhook is for another name",
        "error",
        f"{INTERNAL} {HOOK}: {CALL}: tls: failed to verify certificate: x509: certificate relies on legacy Common Name "
        "field, use SANs instead",
    ),
    (
        "the certificate of a webhook is not trusted",
        "error",
        f"{INTERNAL} {HOOK}: {CALL}: x509: certificate signed by unknown authority",
    ),
    (
        "the certificate of a webhook is not trusted",
        "event",
        f"FailedCreate: Error creating: {INTERNAL} {HOOK}: {CALL}: tls: failed to verify certificate: x509: "
        "certificate "
        'signed by unknown authority (possibly because of "crypto/rsa: verification error" while trying to verify '
        'candidate authority certificate "cert-manager.webhook.ca")',
    ),
    (
        "the API server must not call a webhook at its address",
        "error",
        'Error from server (InternalError): error when creating "STDIN": Internal error occurred: failed calling '
        "webhook "
        '"webhook.cert-manager.io": Post https://cert-manager-webhook.cert-manager.svc:443/mutate?timeout=10s: Address '
        "is not allowed",
    ),
    ("a webhook does not answer in time", "error", f"{INTERNAL} {HOOK}: {CALL}: dial tcp 10.0.3.7:4443: i/o timeout"),
    ("a webhook does not answer in time", "error", f"{INTERNAL} {HOOK}: {CALL}: context deadline exceeded"),
    (
        "a webhook does not answer in time",
        "error",
        f"{INTERNAL} {HOOK}: {CALL}: net/http: request canceled while waiting for connection (Client.Timeout exceeded "
        "while awaiting headers)",
    ),
    (
        "the Service of a webhook does not exist",
        "error",
        f'{INTERNAL} {HOOK}: {CALL}: service "admission-webhook-service" not found',
    ),
    (
        "a ResourceQuota requires limits that pods do not have",
        "event",
        'FailedCreate: Error creating: pods "ml-pipeline-ui-artifact-5c4b87f876-" is forbidden: failed quota: '
        "kf-resource-quota: must specify cpu,memory",
    ),
    (
        "a ResourceQuota requires limits that pods do not have",
        "pod",
        'FailedCreate: pods "web-5c4b87f876-x2x8p" is forbidden: failed quota: compute: must specify limits.cpu for: '
        "nginx; limits.memory for: nginx",
    ),
    (
        "a ResourceQuota is exhausted",
        "event",
        'FailedCreate: create Pod authservice-0 in StatefulSet authservice failed error: pods "authservice-0" is '
        "forbidden: exceeded quota: pods, requested: pods=1, used: pods=5, limited: pods=5",
    ),
    (
        "Pod Security forbids a pod",
        "event",
        'FailedCreate: Error creating: pods "centraldashboard-7f88bc8758-x5k2p" is forbidden: violates PodSecurity '
        '"restricted:latest": allowPrivilegeEscalation != false (container "centraldashboard" must set '
        "securityContext.allowPrivilegeEscalation=false)",
    ),
    (
        "no security context constraint allows a pod",
        "event",
        'FailedCreate: Error creating: pods "ml-pipeline-ui-artifact-6d7fc4b4d8-" is forbidden: unable to validate '
        'against any security context constraint: [provider "anyuid": Forbidden: not usable by user or serviceaccount]',
    ),
    (
        "the ServiceAccount of a pod does not exist",
        "event",
        'FailedCreate: create Pod notebook-0 in StatefulSet notebook failed error: pods "notebook-0" is forbidden: '
        "error "
        'looking up service account kubeflow-user-example-com/default-editor: serviceaccount "default-editor" not '
        "found",
    ),
    (
        "a LimitRange forbids a pod",
        "event",
        'FailedCreate: Error creating: pods "web-5c4b87f876-" is forbidden: maximum memory usage per Container is 1Gi, '
        "but limit is 2Gi",
    ),
    (
        "a policy of the cluster rejects an object",
        "error",
        'Error from server (Forbidden): admission webhook "validation.gatekeeper.sh" denied the request: '
        "[require-team] you must provide labels: team",
    ),
    (
        "a policy of the cluster rejects an object",
        "event",
        "FailedCreate: Error creating: pods \"web-1\" is forbidden: ValidatingAdmissionPolicy 'registries' with "
        "binding "
        "'all' denied request: image comes from another registry",
    ),
    (
        "an image does not exist for the architecture of the node",
        "pod",
        'ErrImagePull: rpc error: code = NotFound desc = failed to pull and unpack image "docker.io/a/b:v2.6.0": '
        "no match "
        "for platform in manifest: not found",
    ),
    (
        "an image does not exist for the architecture of the node",
        "event",
        'Failed: Failed to pull image "a/b": no matching manifest for linux/arm64/v8 in the manifest list entries',
    ),
    ("a program is built for another architecture", "log", "exec /manager: exec format error"),
    (
        "the node does not trust a registry",
        "event",
        f'Failed: {PULL}: failed to do request: Head "https://gcr.io/v2/a/b/manifests/1": x509: certificate signed by '
        "unknown authority",
    ),
    (
        "the node cannot resolve the name of a registry",
        "pod",
        f'ErrImagePull: {PULL}: failed to do request: Head "https://gcr.io/v2/a/b/manifests/1": dial tcp: lookup '
        "gcr.io "
        "on 10.0.0.2:53: no such host",
    ),
    (
        "the node cannot reach a registry",
        "event",
        f'Failed: {PULL}: failed to do request: Head "https://gcr.io/v2/a/b/manifests/1": dial tcp '
        "142.250.1.82:443: i/o "
        "timeout",
    ),
    (
        "a registry rejects the request for an image",
        "pod",
        f"ErrImagePull: {PULL}: failed to authorize: failed to fetch anonymous token: unexpected status from GET "
        "request "
        "to https://gcr.io/v2/token: 401 Unauthorized",
    ),
    (
        "a registry rejects the request for an image",
        "event",
        'Failed: Failed to pull image "a/b:1": rpc error: code = Unknown desc = failed to pull and unpack image '
        '"docker.io/a/b:1": failed to resolve reference "docker.io/a/b:1": pull access denied, repository does not '
        "exist "
        "or may require authorization: server message: insufficient_scope: authorization failed",
    ),
    (
        "the registry limits pulls",
        "pod",
        "ErrImagePull: failed to pull and unpack image: unexpected status code: 429 Too Many Requests - Server "
        "message: toomanyrequests: You have reached your pull rate limit.",
    ),
    (
        "an image is not in its registry any more",
        "event",
        'Failed: Failed to pull image "gcr.io/a/b:1": rpc error: code = NotFound desc = failed to pull and unpack '
        'image "gcr.io/a/b:1": failed to resolve reference "gcr.io/a/b:1": gcr.io/a/b:1: not found',
    ),
    ("there is too little CPU or memory", "pod", "Unschedulable: 0/1 nodes are available: 1 Insufficient memory."),
    (
        "a variable of a Service is parsed as a setting",
        "log",
        'panic: failed to convert the environment variable "WEBHOOK_PORT" : strconv.Atoi: parsing '
        '"tcp://10.96.58.164:9090": invalid syntax',
    ),
    ("Dex rejects the redirect URI", "response", 'Bad Request Unregistered redirect_uri ("http://a/callback").'),
    ("Dex does not know the client of the auth proxy", "response", 'Invalid client_id ("kubeflow-oidc-authservice").'),
    (
        "Dex and the auth proxy have different client secrets",
        "log",
        'time=2026-11-27T17:38:17.429Z level=INFO msg="invalid client_secret on token request" '
        "client_id=kubeflow-oidc-authservice",
    ),
    (
        "Dex and the auth proxy have different client secrets",
        "log",
        "[oauthproxy.go:881] Error redeeming code during OAuth2 callback: token exchange failed: oauth2: "
        '"invalid_client" "Invalid client credentials."',
    ),
    (
        "Dex and the auth proxy have different client secrets",
        "log",
        'level=error msg="Failed to exchange authorization code with token: oauth2: cannot fetch token: 401 '
        r"Unauthorized\nResponse: {\"error\":\"invalid_client\",\"error_description\":\"Invalid client "
        r'credentials.\"}"',
    ),
    (
        "Dex has another issuer than the auth proxy expects",
        "log",
        'level=error msg="OIDC provider setup failed, retrying in 10 seconds: oidc: issuer did not match the issuer '
        r"returned by provider, expected \"http://dex.auth.svc.cluster.local:5556/dex\" got "
        r'\"https://kubeflow.example.com/dex\""',
    ),
    (
        "Dex has another issuer than the auth proxy expects",
        "log",
        'level=error msg="Not able to verify ID token: oidc: id token issued by a different provider, expected '
        r'\"http://dex.auth.svc.cluster.local:5556/dex\" got \"https://kubeflow.example.com/dex\""',
    ),
    (
        "Dex has another issuer than the auth proxy expects",
        "response",
        "http://kubeflow.example.it/ returns 401: Jwt issuer is not configured",
    ),
    (
        "Dex cannot use its connector",
        "log",
        'time=2026-11-27T17:45:13.657Z level=ERROR msg="connector returned error when creating callback" '
        r'connector_id=github err="expected callback URL \"http://dex.auth.svc.cluster.local:5556/dex/callback\" did '
        r'not match the URL in the config \"http://localhost:7080/dex/callback\""',
    ),
    (
        "Dex rejects the cost of a password hash",
        "log",
        'time=2026-11-27T17:35:05.596Z level=ERROR msg="failed to login user" err="given hash cost = 4 does not meet '
        'minimum cost requirement = 10"',
    ),
    (
        "Dex rejects the cost of a password hash",
        "log",
        'level=error msg="Failed to login user: given hash cost = 20 is above upper bound cost = 16, recommended cost '
        '= 12"',
    ),
    (
        "a certificate between Dex and the auth proxy has expired",
        "log",
        'level=error msg="OIDC provider setup failed, retrying in 10 seconds: Get '
        r"\"https://dex.example.com/dex/.well-known/openid-configuration\": x509: certificate has expired or is not "
        'yet valid: current time 2026-11-27T17:00:00Z is after 2026-11-01T00:00:00Z"',
    ),
    (
        "the clocks of Dex and the auth proxy differ",
        "log",
        'level=error msg="Not able to verify ID token: oidc: token is expired (Token Expiry: 2026-11-27 16:00:00 +0000 '
        'UTC)"',
    ),
    (
        "the clocks of Dex and the auth proxy differ",
        "log",
        "[oauthproxy.go:881] Error redeeming code during OAuth2 callback: could not verify id_token: failed to verify "
        "token: oidc: current time 2026-11-27 16:00:00 +0000 UTC before the nbf (not before) time: 2026-11-27 17:00:00 "
        "+0000 UTC",
    ),
    (
        "the clocks of Dex and the auth proxy differ",
        "response",
        "http://kubeflow.example.it/ returns 401: Jwt is expired",
    ),
    (
        "the state of a login does not match",
        "log",
        "level=error msg=\"Failed to verify state parameter: Missing cookie: 'oidc_state_csrf'\"",
    ),
    (
        "the state of a login does not match",
        "log",
        "Invalid authentication via OAuth2. Error while loading CSRF cookie: http: named cookie not present",
    ),
    (
        "authservice does not reach Dex",
        "log",
        'level=error msg="OIDC provider setup failed, retrying in 10 seconds: Get '
        "http://dex.auth.svc.cluster.local:5556/dex/.well-known/openid-configuration: dial tcp: i/o timeout",
    ),
    (
        "Secure cookies over plain HTTP",
        "error",
        "expected 200 from the web app, seen 403: Could not find CSRF cookie XSRF-TOKEN in the request.",
    ),
    (
        "cert-manager has deleted the private key of a request",
        "event",
        "Failed: The certificate request has failed to complete and will be retried: Error generating certificate "
        "template: CSR not signed by referenced private key",
    ),
    (
        "the gateway does not have the keys of Dex",
        "response",
        "http://localhost:7080/jupyter/api/namespaces/team/notebooks returns 401: Jwt verification fails",
    ),
    (
        "Istio's authorization rejects the request",
        "response",
        "http://kubeflow.example.it/ returns 403: RBAC: access denied",
    ),
    ("the port-forward has lost its pod", "port-forward", "error: lost connection to pod"),
    ("the port-forward has lost its pod", "port-forward", "error: timed out waiting for the condition"),
]
"""Messages of other programs, each with the known failure that it shows and with its source."""
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
