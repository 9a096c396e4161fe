"""lab/known_failures.py: each known failure is recognised by the words of the real programs, and by nothing else."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from lab.errors import told
from lab.known_failures import SHOWN, Diagnosis, recognised, table
from lab.masking import MASK, SECRETS
from lab.observation import NOTHING, Observation, Place, Word
from lab.obstacles import KUBELET, Obstacle
from tests.conftest import REPOSITORY

REFUSED = (
    'Error from server (InternalError): error when creating "STDIN": Internal error occurred: failed calling webhook '
)
CALL = 'failed to call webhook: Post "https://a.b.svc:443/mutate?timeout=10s"'
WORDS: list[tuple[str, Place, str]] = [
    (
        "the network's address range is taken",
        "error",
        "Error response from daemon: Pool overlaps with other one on this address space",
    ),
    ("the network's address range is taken", "error", "the range 172.20.0.0/24 is taken; nothing was changed"),
    ("Docker Desktop does not route to the lab's network", "docker", "the engine runs on Docker Desktop"),
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
    ("the API server does not answer", "cluster", "the API server: there was no answer within 4 s"),
    ("the API server does not answer", "error", "the API server of the cluster cannot be reached: refused"),
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
        "cert-manager's webhook cannot be reached",
        "error",
        f'{REFUSED}"webhook.cert-manager.io": {CALL}: dial tcp 10.102.59.155:443: connect: no route to host',
    ),
    (
        "cert-manager's webhook is not ready",
        "error",
        f'{REFUSED}"webhook.cert-manager.io": {CALL}: dial tcp 10.43.241.254:443: connect: connection refused',
    ),
    ("MetalLB's webhook is not ready", "error", f'{REFUSED}"ipaddresspoolvalidationwebhook.metallb.io": {CALL}: EOF'),
    ("MetalLB's webhook is not ready", "error", f'{REFUSED}"l2advertisementvalidationwebhook.metallb.io": {CALL}: EOF'),
    (
        "the Ingress controller's webhook is not ready",
        "error",
        f'{REFUSED}"validate.nginx.ingress.kubernetes.io": {CALL}: context deadline exceeded',
    ),
    ("a webhook is not ready", "event", f'FailedCreate: {REFUSED}"sidecar-injector.istio.io": {CALL}: EOF'),
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
    ("there is no default StorageClass", "cluster", "no StorageClass is marked as default"),
    ("there is too little CPU or memory", "pod", "Unschedulable: 0/1 nodes are available: 1 Insufficient memory."),
    (
        "a Service's environment variable is taken for a setting",
        "log",
        'panic: failed to convert the environment variable "WEBHOOK_PORT" : strconv.Atoi: parsing '
        '"tcp://10.96.58.164:9090": invalid syntax',
    ),
    ("servicelb was not disabled", "cluster", "pod kube-system/svclb-a-x7 is of k3s's servicelb"),
    ("a container has an address of MetalLB's pool", "docker", "container a has 172.20.0.13, which is in the pool"),
    (
        "Kubeflow is open to everybody",
        "front end",
        "the EnvoyFilter authn-filter is not in istio-system: without it the gateway asks a about no request",
    ),
    ("Dex does not know where to lead back", "answer", 'Bad Request Unregistered redirect_uri ("http://a/callback").'),
    (
        "Dex has not read its configuration",
        "front end",
        "ConfigMap dex was changed at 2026-11-24T10:00:00Z; auth/dex-1 has not been started since",
    ),
    (
        "Dex does not answer",
        "front end",
        "Dex is not ready (Deployment dex in auth, of 1 pods none): nobody can log in",
    ),
    ("Dex does not answer", "front end", "no Service in auth leads to Dex: nobody can log in"),
    (
        "authservice does not reach Dex",
        "log",
        'level=error msg="OIDC provider setup failed, retrying in 10 seconds: Get '
        "http://dex.auth.svc.cluster.local:5556/dex/.well-known/openid-configuration: dial tcp: i/o timeout",
    ),
    (
        "authservice does not answer",
        "front end",
        "oidc-authservice is not ready (StatefulSet authservice in istio-system, of 1 pods none): the gateway has "
        "nobody to ask",
    ),
    (
        "secure cookies over plain HTTP",
        "error",
        "the web app answered 403: Could not find CSRF cookie XSRF-TOKEN in the request.",
    ),
    ("Istio's authorization refuses", "answer", "http://kubeflow.example.it/ answers 403: RBAC: access denied"),
    ("the port-forward has lost its pod", "port-forward", "error: lost connection to pod"),
    ("the port-forward has lost its pod", "port-forward", "error: timed out waiting for the condition"),
]


def seen(place: Place, text: str) -> Observation:
    """An observation of one word."""
    return Observation((Word(place, "somebody", text),))


@pytest.mark.parametrize(("name", "place", "text"), WORDS)
def test_the_words_of_the_real_program_are_recognised_as_one_known_failure(name: str, place: Place, text: str) -> None:
    [found] = recognised(seen(place, f"something before\n{text}\nsomething after"))
    assert found.name == name
    assert found.seen == f"somebody: {text}"


def test_there_are_words_for_each_known_failure() -> None:
    assert {name for name, _, _ in WORDS} == {row.name for row in table()}


@pytest.mark.parametrize("row", table(), ids=lambda row: row.name)
def test_each_known_failure_says_why_and_what_to_do(row: object) -> None:
    facts = vars(row)
    assert all(facts[field] for field in ("places", "cause", "remedy", "provoked"))


def test_names_are_given_once() -> None:
    assert len({row.name for row in table()}) == len(table())


@pytest.mark.parametrize(("name", "place", "text"), WORDS)
def test_words_of_elsewhere_are_not_recognised(name: str, place: Place, text: str) -> None:
    """Else the remedy in an error's text would be taken for a symptom."""
    [row] = [row for row in table() if row.name == name]
    places: list[Place] = ["error", "pod", "event", "log", "cluster", "docker", "front end", "answer", "port-forward"]
    for elsewhere in set(places) - set(row.places):
        assert name not in [found.name for found in recognised(seen(elsewhere, text))]


def test_of_nothing_nothing_is_recognised() -> None:
    assert recognised(NOTHING) == ()
    assert recognised(seen("error", "assert 1 == 2")) == ()


def test_exhausted_inotify_is_recognised_by_what_a_real_program_says(tmp_path: Path) -> None:
    """In a user namespace that may have none, so that nobody else is kept from theirs."""
    (tmp_path / "log").write_text("a line\n")
    script = "echo 0 > /proc/sys/user/max_inotify_instances; exec timeout 1 tail -f log"
    command = ["unshare", "--user", "--map-root-user", "sh", "-c", script]
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False).stderr
    [found] = recognised(seen("log", said))
    assert found.name == "inotify is exhausted"


def test_a_cause_is_told_before_what_follows_from_it() -> None:
    words = [Word(place, "somebody", text) for name, place, text in reversed(WORDS) if "authservice" in name]
    names = [one.name for one in recognised(Observation(tuple(words)))]
    assert names == ["authservice does not reach Dex", "authservice does not answer"]


def test_no_more_than_a_handful_is_told() -> None:
    assert len(recognised(Observation(tuple(Word(place, "", text) for _, place, text in WORDS)))) == SHOWN


def test_an_obstacle_of_a_pod_that_is_no_known_failure_is_told_with_its_own_remedy() -> None:
    crashes = KUBELET["CrashLoopBackOff"]
    pods = [Obstacle(f"a/b-{number}", "container c", crashes, "CrashLoopBackOff: exit status 1") for number in range(3)]
    words = tuple(Word("pod", one.pod, one.said) for one in pods)
    [found] = recognised(Observation(words, tuple(pods)))
    assert (found.cause, found.remedy) == (crashes.what, crashes.remedy)
    assert found.seen == f"{pods[0]}, and 2 more pods"


def test_an_obstacle_that_is_a_known_failure_is_told_once() -> None:
    said = "ErrImagePull: gcr.io/a/b:1: not found"
    obstacle = Obstacle("a/b", "container c", KUBELET["ErrImagePull"], said, "c")
    [found] = recognised(Observation((Word("pod", "pod a/b", said),), (obstacle,)))
    assert found.name == "an image is not in its registry any more"


def test_a_diagnosis_is_told_as_an_error_for_people_is_and_shows_no_secret() -> None:
    SECRETS.add("hunter2000")
    one = Diagnosis("it is", "because", "do that", "a/b#1", "said hunter2000").masked()
    rows = (("cause", "because"), ("seen", f"said {MASK}"), ("what to do", "do that"), ("see", "a/b#1"))
    assert str(one) == told("it is", rows)


def test_the_page_on_failures_has_each_of_them_as_the_table_does() -> None:
    page = (REPOSITORY / "docs/failures.md").read_text()
    rows = re.findall(r"(?m)^\| (.+?) \| .* \| (.+?) \|$", page)[1:]
    assert [row for row in rows if not row[0].startswith("---")] == [(row.name, row.provoked) for row in table()]
