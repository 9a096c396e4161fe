"""An observation of the lab after a failure: symptoms of its pods, its cluster, Docker and the entry points."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from lab.context import Lab
from lab.errors import KnownFailureId, LabError
from lab.k8s.blockers import Blocker, pod_blockers
from lab.k8s.client import TRANSIENT_ERRORS, Kube
from lab.k8s.objects import Object, ObjectRef, is_terminated, names_with_annotation, qualified_name
from lab.k8s.readiness import is_ready
from lab.layers import auth_chain
from lab.layers.cluster import DEFAULT_CLASS_ANNOTATION
from lab.layers.network import DockerNetwork
from lab.layers.port_forward import port_forward_log
from lab.run.deadline import DeadlineExceededError, run_within
from lab.run.redaction import Secrets
from lab.run.waiting import root_cause
from lab.web.hosts import INGRESS_URL

SymptomSource = Literal["error", "pod", "event", "log", "cluster", "docker", "auth chain", "response", "port-forward"]
"""The sources of symptoms:

- error: the error of the failed step
- pod: the messages of kubelet and scheduler about a pod that is not ready
- event: a recent warning
- log: the log of a container of a pod that is not ready
- cluster: the objects of the cluster
- docker: Docker
- auth chain: the auth proxy, Dex and the object that makes the gateway ask the auth proxy
- response: the response at the Ingress entry point
- port-forward: the output of the port-forward
"""

TIMEOUT = 4.0
"""Seconds for an observation; a part of the lab that has not answered by then is left out."""
LOG_LINES = 40
"""The number of lines of a log that are read, the last ones."""
MAX_TEXT = 2000
"""Characters of a response and of the output of the port-forward that are read."""
MAX_WARNING_AGE = 180
"""Seconds; an older warning does not describe the present state."""
SECRET_KEY = re.compile(r"(?i)secret|passw|token|\.key$|key\.pem$|secretkey")
"""The keys of Kubernetes Secrets whose values are secrets; the other ones are user names and certificates."""
MAX_SECRET = 8192
"""Characters of the longest base64 value that is redacted."""
API_SERVER = "the API server"
"""The name of the part of an observation that only checks that the API server answers."""
NOT_OBSERVED = "failed observation"
"""The subject of a symptom that states why a part of the lab could not be observed."""
SERVICELB = "svccontroller.k3s.cattle.io/svcname"
"""The label of the pods of servicelb."""
DOCKER_DESKTOP = "Docker Desktop"


@dataclass(frozen=True)
class Symptom:
    """An observed text.

    Args:
        source: The source of the text.
        subject: The object that the text is about, or comes from.
        text: The text, possibly several lines.
        known_failure: The known failure that the lab's own code reports with this text; None if it reports none.
    """

    source: SymptomSource
    subject: str
    text: str
    known_failure: KnownFailureId | None = None


@dataclass(frozen=True)
class Observation:
    """An observation of the lab.

    Args:
        symptoms: The observed texts.
        blockers: The reasons why pods do not become ready.
        pods: All pods of the cluster.
    """

    symptoms: tuple[Symptom, ...] = ()
    blockers: tuple[Blocker, ...] = ()
    pods: tuple[Object, ...] = ()

    @classmethod
    def from_error(cls, error: BaseException) -> Observation:
        """Return an observation that consists of an error.

        The remedy of a LabError is left out, because its text would match as a symptom.
        """
        if not isinstance(error, LabError):
            return cls((Symptom("error", "the error", str(error)),))
        text = f"{error.headline}\n{error.seen}"
        return cls((Symptom("error", "the error", text, error.known_failure),))

    @classmethod
    def merge(cls, observations: Iterable[Observation]) -> Observation:
        """Return one observation with the content of several."""
        parts = list(observations)
        return cls(
            tuple(symptom for part in parts for symptom in part.symptoms),
            tuple(blocker for part in parts for blocker in part.blockers),
            tuple(pod for part in parts for pod in part.pods),
        )


def observe(lab: Lab, timeout: float = TIMEOUT) -> Observation:
    """Observe everything that may explain a failure, several parts of the lab in parallel.

    A part that could not be observed becomes a symptom of its own. The values of the cluster's Secrets are added to
    the secrets of the run, and are no part of the observation.

    Args:
        lab: The lab.
        timeout: Seconds for all parts together.
    """
    jobs: dict[str, Callable[[], Observation]] = {
        API_SERVER: lambda: _observe_api_server(lab.kube),
        "the cluster's Secrets": lambda: _register_secrets(lab.kube, lab.secrets),
        "pods": lambda: _observe_pods(lab.kube),
        "logs": lambda: Observation(tuple(_observe_logs(lab.kube))),
        "the cluster": lambda: Observation(tuple(_observe_cluster(lab.kube))),
        "the auth proxy and Dex": lambda: Observation(tuple(_observe_auth_chain(lab))),
        INGRESS_URL: lambda: Observation(tuple(_observe_ingress(lab))),
        "the port-forward": lambda: Observation(tuple(_observe_port_forward(lab))),
    }
    if lab.settings.kind.has_docker:
        jobs["Docker"] = lambda: Observation(tuple(_observe_docker(lab)))
    return Observation.merge(_convert_result(name, result) for name, result in run_within(timeout, jobs))


def is_unready(pod: Object) -> bool:
    """Return whether a pod should be ready and is not."""
    return not is_terminated(pod) and not is_ready(pod)


def list_logs(pod: Object) -> Iterator[tuple[str, bool]]:
    """Yield the logs of a pod: of each started container, and of its predecessor if it was restarted.

    Yields:
        The name of a container, and whether the log is that of the container before the restart.
    """
    status = pod.get("status") or {}
    for container in [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]:
        if container.get("restartCount"):
            yield container["name"], True
        if not (container.get("state") or {}).get("waiting"):
            yield container["name"], False


def _convert_result(name: str, result: Observation | Exception) -> Observation:
    """Return an observation, or the symptom that a part of the lab could not be observed."""
    if isinstance(result, Observation):
        return result
    reason = f"{result.headline}: {result.seen}" if isinstance(result, LabError) else root_cause(result)
    known_failure = _identify_failure(name, result)
    return Observation((Symptom("cluster", NOT_OBSERVED, f"{name}: {reason}", known_failure),))


def _identify_failure(name: str, error: Exception) -> KnownFailureId | None:
    """Return the known failure that prevented the observation of a part of the lab, or None."""
    if name == API_SERVER and isinstance(error, DeadlineExceededError):
        return KnownFailureId.API_SERVER_UNREACHABLE
    return error.known_failure if isinstance(error, LabError) else None


def _observe_api_server(kube: Kube) -> Observation:
    """Check that the API server answers; otherwise the error, or the exceeded deadline, becomes a symptom."""
    kube.list_kinds("v1")
    return Observation()


def _observe_pods(kube: Kube) -> Observation:
    """Return all pods, and the messages about those that are not ready."""
    pods, claims = kube.list_objects("Pod"), kube.list_objects("PersistentVolumeClaim")
    events = kube.list_objects("Event")
    unready = [pod for pod in pods if is_unready(pod)]
    blockers = [blocker for pod in unready for blocker in pod_blockers(pod, claims, events)]
    messages = [Symptom("pod", f"pod {blocker.pod}", blocker.message) for blocker in blockers]
    warnings = _list_warnings(events, {pod["metadata"]["uid"] for pod in unready})
    return Observation((*messages, *warnings), tuple(blockers), tuple(pods))


def _observe_logs(kube: Kube) -> Iterator[Symptom]:
    """Yield the logs of the pods that are not ready; this takes the longest if there are many."""
    for pod in filter(is_unready, kube.list_objects("Pod")):
        for container, previous in list_logs(pod):
            if text := _read_log(kube, pod, container, previous):
                yield Symptom("log", f"the log of {qualified_name(pod)}, container {container}", text)


def _read_log(kube: Kube, pod: Object, container: str, previous: bool) -> str:
    with suppress(*TRANSIENT_ERRORS):  # the container runtime may have deleted the log
        return kube.read_log(pod, container, previous=previous, lines=LOG_LINES)
    return ""


def _list_warnings(events: Iterable[Object], unready_uids: set[str]) -> Iterator[Symptom]:
    """Yield the recent warnings; those about pods only if the pod is still not ready."""
    for event in events:
        involved = event["involvedObject"]
        is_obsolete = involved.get("kind") == "Pod" and involved.get("uid") not in unready_uids
        if event.get("type") == "Warning" and not is_obsolete and _event_age(event) < MAX_WARNING_AGE:
            name = "/".join(filter(None, (involved.get("namespace"), involved.get("name"))))
            yield Symptom("event", f"{involved.get('kind')} {name}", f"{event['reason']}: {event.get('message', '')}")


def _event_age(event: Object) -> float:
    """Return the seconds since an event occurred last."""
    last = event.get("lastTimestamp") or event.get("eventTime") or event["metadata"].get("creationTimestamp")
    return (datetime.now(UTC) - datetime.fromisoformat(str(last))).total_seconds() if last else 0.0


def _observe_cluster(kube: Kube) -> Iterator[Symptom]:
    if not names_with_annotation(kube.list_objects("StorageClass"), DEFAULT_CLASS_ANNOTATION):
        text = "no StorageClass is marked as default"
        yield Symptom("cluster", "the cluster", text, KnownFailureId.NO_DEFAULT_STORAGE_CLASS)
    for pod in kube.list_objects("Pod", selector=SERVICELB):
        text = f"pod {qualified_name(pod)} belongs to servicelb of k3s"
        yield Symptom("cluster", "the cluster", text, KnownFailureId.SERVICELB_ENABLED)


def _observe_auth_chain(lab: Lab) -> Iterator[Symptom]:
    """Yield the problems that lab.layers.auth_chain finds; none if Kubeflow is not installed yet."""
    namespace = ObjectRef.parse(lab.release.auth_proxy.workload).namespace
    if not lab.kube.list_objects("Namespace", selector=f"kubernetes.io/metadata.name={namespace}"):
        return
    for problem in auth_chain.diagnose(lab):
        yield Symptom("auth chain", "authentication", problem.text.partition("\n")[0], problem.known_failure)
    yield from _observe_dex_configuration(lab.kube)


def _observe_dex_configuration(kube: Kube) -> Iterator[Symptom]:
    """Yield a symptom if the configuration of Dex was changed after its pod was started."""
    for pod in kube.list_objects("Pod", auth_chain.DEX.namespace):
        started = (pod.get("status") or {}).get("startTime")
        if not started or auth_chain.DEX.name not in pod["metadata"]["name"]:
            continue
        volumes = (pod.get("spec") or {}).get("volumes") or []
        for name in (volume["configMap"]["name"] for volume in volumes if "configMap" in volume):
            if name.startswith("kube-"):  # the certificate of the API server, which every pod mounts
                continue
            config_map = kube.get("ConfigMap", name, auth_chain.DEX.namespace) or {"metadata": {}}
            fields = config_map["metadata"].get("managedFields") or []
            changed = max((field.get("time", "") for field in fields), default="")
            if changed > started:
                text = f"ConfigMap {name} was changed at {changed}; {qualified_name(pod)} has not been started since"
                yield Symptom("auth chain", "Dex", text, KnownFailureId.DEX_CONFIGURATION_NOT_READ)


def _observe_ingress(lab: Lab) -> Iterator[Symptom]:
    """Yield the response of the Ingress entry point to a client without a session."""
    response = lab.http.follow(INGRESS_URL)
    text = f"{response.url} returns {response.status_code}: {response.text[:MAX_TEXT]}"
    yield Symptom("response", INGRESS_URL, text)


def _observe_port_forward(lab: Lab) -> Iterator[Symptom]:
    log = port_forward_log(lab)
    if log.exists():
        yield Symptom("port-forward", "the port-forward", log.read_text(errors="replace")[-MAX_TEXT:])


def _observe_docker(lab: Lab) -> Iterator[Symptom]:
    if (system := lab.docker.info().get("OperatingSystem", "")) == DOCKER_DESKTOP:
        yield Symptom("docker", "Docker", f"the engine runs on {system}", KnownFailureId.DOCKER_DESKTOP)
    for container, address in DockerNetwork(lab).get_container_addresses().items():
        if address in lab.settings.pool:
            text = f"container {container} has {address}, an address of the pool"
            yield Symptom("docker", "Docker", text, KnownFailureId.POOL_ADDRESS_IN_USE)
    for node in lab.docker.containers.list(all=True, filters={"label": "k3d.role=server", "status": "exited"}):
        yield Symptom("docker", f"the log of {node.name}", node.logs(tail=LOG_LINES).decode(errors="replace"))


def _register_secrets(kube: Kube, secrets: Secrets) -> Observation:
    """Add the values of Kubernetes Secrets, which logs and configurations may contain, to the secrets of the run."""
    for secret in kube.list_objects("Secret"):
        for key, value in (secret.get("data") or {}).items():
            if SECRET_KEY.search(key) and len(value) <= MAX_SECRET:
                with suppress(UnicodeDecodeError, binascii.Error):
                    secrets.add(base64.b64decode(value).decode())
    return Observation()
