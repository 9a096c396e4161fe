"""An observation of the lab after a failure: symptoms of its pods, its cluster, Docker and the entry points."""

from __future__ import annotations

import base64
import binascii
import math
import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime

from lab.config.entry_points import INGRESS_URL
from lab.context import Lab
from lab.errors import KnownFailureId, LabError
from lab.evidence.symptoms import Observation, Symptom
from lab.k8s.blockers import pod_blockers
from lab.k8s.client import TRANSIENT_ERRORS, Kube
from lab.k8s.differences import list_corrections
from lab.k8s.objects import Object, ObjectRef, is_terminated, names_with_annotation, qualified_name
from lab.k8s.ownership import KINDS, find_controller, find_workload
from lab.k8s.readiness import is_ready
from lab.k8s.workload_blockers import creation_blockers, lacks_pods
from lab.k8s.workloads import WORKLOADS, is_workload_ready
from lab.layers import auth_chain, nginx_site, temporary_objects
from lab.layers.cluster import DEFAULT_CLASS_ANNOTATION
from lab.layers.kubeflow import find_known_differences, load_owned
from lab.layers.network import DockerNetwork
from lab.layers.port_forward import port_forward_log
from lab.request_path.trace import find_stops
from lab.run.deadline import DeadlineExceededError, run_within
from lab.run.redaction import Secrets
from lab.run.waiting import root_cause

TIMEOUT = 4.0
"""Seconds for an observation; a part of the lab that has not answered by then is left out."""
LOG_LINES = 40
"""The number of lines of a log that are read, the last ones."""
LOGIN_LOG_LINES = 400
"""The number of lines that are read of the logs of Dex and of the auth proxy, which contain a line for each probe."""
MAX_LOGIN_AGE = 60
"""Seconds; an older line of these logs is not about the failed login, and one from before the run is not either."""
MAX_TEXT = 2000
"""Characters of a response and of the output of the port-forward that are read."""
MAX_WARNING_AGE = 180
"""Seconds; an older warning does not describe the present state."""
MAX_DIFFERENCES = 3
"""The number of differences from the manifests that a symptom names."""
SECRET_KEY = re.compile(
    r"(?i)secret|passw|pwd|token|credential|cookie|private|api[._-]?key|\.key$|key\.pem$|docker(cfg|configjson)$|hash$"
)
"""The keys of Kubernetes Secrets whose values can be secrets; the other ones are user names and certificates."""
MAX_SECRET = 8192
"""Characters of the longest base64 value that is redacted."""
API_SERVER = "the API server"
"""The name of the part of an observation that only checks that the API server answers."""
NOT_OBSERVED = "failed observation"
"""The subject of a symptom that states why a part of the lab could not be observed."""
SERVICELB = "svccontroller.k3s.cattle.io/svcname"
"""The label of the pods of servicelb."""
DOCKER_DESKTOP = "Docker Desktop"
LAB_NAMESPACES = ("kube-system", "metallb-system")
"""The namespaces of the layers below Kubeflow, and of what they need."""
NGINX = ObjectRef("Deployment", nginx_site.NAME, nginx_site.NAMESPACE)
"""The test site, whose namespace users may use for anything else."""


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
        "pods": lambda: _observe_pods(lab),
        "logs": lambda: Observation(tuple(_observe_logs(lab))),
        "the logs of the auth proxy and Dex": lambda: Observation(tuple(_observe_login_logs(lab))),
        "the cluster": lambda: Observation(tuple(_observe_cluster(lab.kube))),
        "the objects of Kubeflow": lambda: Observation(tuple(_observe_differences(lab))),
        "the auth proxy and Dex": lambda: Observation(tuple(_observe_auth_chain(lab))),
        "the paths of requests": lambda: Observation(stops=tuple(find_stops(lab))),
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


def _observe_pods(lab: Lab) -> Observation:
    """Return all pods, and the messages about those that are not ready or not created, Kubeflow's own ones first."""
    kube = lab.kube
    pods, claims = kube.list_objects("Pod"), kube.list_objects("PersistentVolumeClaim")
    events, replica_sets = kube.list_objects("Event"), kube.list_objects("ReplicaSet")
    is_own = _recognize_own(lab, pods, replica_sets)
    unready = [pod for pod in pods if is_unready(pod)]
    workloads = [obj for kind in WORKLOADS for obj in kube.list_objects(kind) if not is_workload_ready(obj)]
    blockers = [
        *(found for obj in workloads for found in creation_blockers(obj, replica_sets, events)),
        *(found for pod in unready for found in pod_blockers(pod, claims, events)),
    ]
    own = [
        blocker
        for blocker in blockers
        if is_own("Pod" if blocker.kind == "pod" else blocker.kind, *blocker.pod.split("/"))
    ]
    foreign = [blocker for blocker in blockers if blocker not in own]
    messages = [
        Symptom("pod", f"{blocker.kind} {blocker.pod}", blocker.message, is_foreign=part is foreign)
        for part in (own, foreign)
        for blocker in part
    ]
    incomplete = [*unready, *workloads, *(obj for obj in replica_sets if lacks_pods(obj))]
    unready_uids = {obj["metadata"]["uid"] for obj in incomplete}
    warnings = sorted(_list_warnings(events, unready_uids, is_own), key=lambda symptom: symptom.is_foreign)
    return Observation((*messages, *warnings), tuple(own), tuple(pods), tuple(foreign))


def _observe_logs(lab: Lab) -> Iterator[Symptom]:
    """Yield the logs of the pods that are not ready, Kubeflow's own first; this takes the longest if there are many."""
    pods = lab.kube.list_objects("Pod")
    is_own = _recognize_own(lab, pods, lab.kube.list_objects("ReplicaSet"))

    def is_foreign(pod: Object) -> bool:
        return not is_own("Pod", *qualified_name(pod).split("/"))

    for pod in sorted(filter(is_unready, pods), key=is_foreign):
        for container, previous in list_logs(pod):
            if text := _read_log(lab.kube, pod, container, previous):
                yield Symptom("log", _describe_log(pod, container), text, is_foreign=is_foreign(pod))


def _observe_login_logs(lab: Lab) -> Iterator[Symptom]:
    """Yield the recent logs of Dex and of the auth proxy: both are ready when they reject a login."""
    replica_sets = {obj["metadata"]["uid"]: obj for obj in lab.kube.list_objects("ReplicaSet")}
    workloads = (auth_chain.DEX, ObjectRef.parse(lab.release.auth_proxy.workload))
    max_age = min(MAX_LOGIN_AGE, math.ceil(time.monotonic() - lab.journal.begin))
    for pod in lab.kube.list_objects("Pod"):
        if is_unready(pod) or find_workload(pod, replica_sets) not in workloads:
            continue
        for container, previous in list_logs(pod):
            if text := _read_log(lab.kube, pod, container, previous, LOGIN_LOG_LINES, max_age):
                yield Symptom("log", _describe_log(pod, container), text)


def _describe_log(pod: Object, container: str) -> str:
    return f"the log of {qualified_name(pod)}, container {container}"


IsOwn = Callable[[str, str, str], bool]
"""A function that returns whether an object is a part of Kubeflow or of the lab, by kind, namespace and name."""


def _recognize_own(lab: Lab, pods: Iterable[Object], replica_sets: Iterable[Object]) -> IsOwn:
    """Return the function that distinguishes Kubeflow and the lab from what users and others run in the same cluster.

    Args:
        lab: The lab.
        pods: All pods.
        replica_sets: All ReplicaSets.
    """
    by_uid = {obj["metadata"]["uid"]: obj for obj in replica_sets}
    workloads = {
        ObjectRef("Pod", *reversed(qualified_name(pod).split("/"))): find_workload(pod, by_uid) for pod in pods
    }
    for obj in by_uid.values():
        if controller := find_controller(obj):
            namespace, name = qualified_name(obj).split("/")
            workloads[ObjectRef("ReplicaSet", name, namespace)] = ObjectRef(
                controller["kind"], controller["name"], namespace
            )
    owned = load_owned(lab)
    namespaces = {*lab.release.namespaces, *(ref.namespace for ref in owned)}

    def is_own(kind: str, namespace: str, name: str) -> bool:
        ref = ObjectRef(kind, name, namespace)
        workload = workloads.get(ref, ref)
        if namespace in namespaces and owned and kind in KINDS:
            return workload in owned
        is_of_lab = not namespace or namespace in LAB_NAMESPACES or namespace.startswith(temporary_objects.PREFIX)
        return is_of_lab or workload == NGINX or namespace in namespaces

    return is_own


def _read_log(
    kube: Kube, pod: Object, container: str, previous: bool, lines: int = LOG_LINES, max_age: int | None = None
) -> str:
    with suppress(*TRANSIENT_ERRORS):  # the container runtime may have deleted the log
        return kube.read_log(pod, container, previous=previous, lines=lines, max_age=max_age)
    return ""


def _list_warnings(events: Iterable[Object], unready_uids: set[str], is_own: IsOwn) -> Iterator[Symptom]:
    """Yield the recent warnings; those about pods and workloads only if they are still not ready."""
    for event in events:
        involved = event["involvedObject"]
        has_state = involved.get("kind") in ("Pod", "ReplicaSet", *WORKLOADS)
        is_obsolete = has_state and involved.get("uid") not in unready_uids
        if event.get("type") == "Warning" and not is_obsolete and _event_age(event) < MAX_WARNING_AGE:
            kind, namespace, name = (str(involved.get(key) or "") for key in ("kind", "namespace", "name"))
            text = f"{event.get('reason')}: {event.get('message', '')}"
            subject = f"{kind} {'/'.join(filter(None, (namespace, name)))}"
            yield Symptom("event", subject, text, is_foreign=not is_own(kind, namespace, name))


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


def _observe_differences(lab: Lab) -> Iterator[Symptom]:
    """Yield a symptom that names the first differences between the objects and the manifests, if there are any."""
    differences = find_known_differences(lab)
    if differences:
        more = len(differences) - MAX_DIFFERENCES
        parts = [*map(str, differences[:MAX_DIFFERENCES]), *([f"and {more} more"] if more > 0 else [])]
        commands = "; ".join(f"`{command}`" for command in list_corrections(differences)[:MAX_DIFFERENCES])
        remedy = f"set the fields to the expected values, or use manifests that have the seen ones: {commands}"
        yield Symptom("cluster", "the cluster", "; ".join(parts), KnownFailureId.OBJECTS_DIFFER, remedy=remedy)


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
    """Add the random values of Kubernetes Secrets, which logs and configurations may contain, to the secrets."""
    for secret in kube.list_objects("Secret"):
        for key, value in (secret.get("data") or {}).items():
            if SECRET_KEY.search(key) and len(value) <= MAX_SECRET:
                with suppress(UnicodeDecodeError, binascii.Error):
                    secrets.add_observed(base64.b64decode(value).decode())
    return Observation()
