"""What is to be seen of a lab when something has failed: the words of its pods, its cluster, Docker and the doors."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from lab import diagnosis, doors
from lab.asking import ask
from lab.cluster import DEFAULT_CLASS, Cluster
from lab.deadline import within
from lab.errors import LabError
from lab.kube import PASSING, Kube, Object, marked
from lab.masking import SECRETS
from lab.network import DockerNetwork
from lab.obstacles import Obstacle, full_name, of_pod
from lab.readiness import is_ready
from lab.releases import Release
from lab.site import Site
from lab.waiting import root_of

Place = Literal["error", "pod", "event", "log", "cluster", "docker", "front end", "answer", "port-forward"]
"""Where words were met: in the error itself, in what kubelet and scheduler say of a pod that is not ready, in a recent
warning, in the log of a container that is not ready, in the cluster's objects, at Docker, at what is before Kubeflow,
in what a door answers, and in what the port-forward has said."""

SECONDS = 4.0
"""How long is looked: what has not answered by then is passed over."""
LOG_LINES = 40
RECENT = 180
"""Seconds for which a warning is taken for one of now."""
SECRET_KEY = re.compile(r"(?i)secret|passw|token|\.key$|key\.pem$|secretkey")
"""The keys of Kubernetes Secrets whose values are secrets; others are user names and certificates."""
LONGEST_SECRET = 8192
UNSEEN = "what could not be seen"
"""Of what a word is that says of something why it could not be looked at."""
SERVICELB = "svccontroller.k3s.cattle.io/svcname"
DOCKER_DESKTOP = "Docker Desktop"


@dataclass(frozen=True)
class Word:
    """Something that was said: where, of what, and the text, which may have several lines."""

    place: Place
    of: str
    text: str


@dataclass(frozen=True)
class Observation:
    """What was seen.

    Arguments:
        words: all that was said.
        obstacles: what keeps pods from becoming ready.
        pods: all pods that were to be seen.
    """

    words: tuple[Word, ...] = ()
    obstacles: tuple[Obstacle, ...] = ()
    pods: tuple[Object, ...] = ()

    def __add__(self, other: Observation) -> Observation:
        return Observation(self.words + other.words, self.obstacles + other.obstacles, self.pods + other.pods)


NOTHING = Observation()


def of_error(text: str) -> Observation:
    """What an error says by itself."""
    return Observation((Word("error", "the error", text),))


def observe(site: Site, release: Release) -> Observation:
    """Looks at all that may tell why something fails, at several things at a time, for four seconds at most.

    What cannot be asked is itself a word. The values of the cluster's Secrets are told to lab.masking, and nobody else.
    """
    kube = Cluster(site).kube
    looks: dict[str, Callable[[], Observation]] = {
        "the API server": lambda: _of_api_server(kube),
        "the cluster's Secrets": lambda: _learn_secrets(kube),
        "pods": lambda: _of_pods(kube),
        "logs": lambda: Observation(tuple(_of_logs(kube))),
        "the cluster": lambda: Observation(tuple(_of_cluster(kube))),
        "what is before Kubeflow": lambda: Observation(tuple(_of_front_end(kube, site, release))),
        doors.PUBLIC: lambda: Observation(tuple(_of_door(site))),
        "the port-forward": lambda: Observation(tuple(_of_port_forward(site))),
    }
    if site.record.kind != "existing":
        looks["Docker"] = lambda: Observation(tuple(_of_docker(site)))
    return sum((_told(what, result) for what, result in within(SECONDS, looks)), NOTHING)


def _told(what: str, result: Observation | Exception) -> Observation:
    """What was seen; or, of what could not be looked at, why not."""
    if isinstance(result, Observation):
        return result
    why = f"{result.what}: {result.seen}" if isinstance(result, LabError) else root_of(result)
    return Observation((Word("cluster", UNSEEN, f"{what}: {why}"),))


def _of_api_server(kube: Kube) -> Observation:
    """Nothing where it answers; else the error, or that it comes too late, is what was seen."""
    kube.kinds("v1")
    return NOTHING


def _of_pods(kube: Kube) -> Observation:
    """All pods, and what is said of those that are not ready."""
    pods, claims, events = kube.all("Pod"), kube.all("PersistentVolumeClaim"), kube.all("Event")
    unready = [pod for pod in pods if is_unready(pod)]
    obstacles = [one for pod in unready for one in of_pod(pod, claims, events)]
    words = [Word("pod", f"pod {one.pod}", one.said) for one in obstacles]
    words += _warnings(events, {pod["metadata"]["uid"] for pod in unready})
    return Observation(tuple(words), tuple(obstacles), tuple(pods))


def _of_logs(kube: Kube) -> Iterator[Word]:
    """What the pods that are not ready say themselves; it takes the longest where there are many."""
    for pod in filter(is_unready, kube.all("Pod")):
        for container, previous in logs_of(pod):
            if said := _said(kube, pod, container, previous):
                yield Word("log", f"the log of {full_name(pod)}, container {container}", said)


def is_unready(pod: Object) -> bool:
    """Whether a pod should be ready and is not."""
    gone = "deletionTimestamp" in pod["metadata"] or (pod.get("status") or {}).get("phase") == "Succeeded"
    return not gone and not is_ready(pod)


def logs_of(pod: Object) -> Iterator[tuple[str, bool]]:
    """The logs that a pod has: of each container that has begun, and of the one before it where it was restarted."""
    status = pod.get("status") or {}
    for container in [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]:
        if container.get("restartCount"):
            yield container["name"], True
        if not (container.get("state") or {}).get("waiting"):
            yield container["name"], False


def _said(kube: Kube, pod: Object, container: str, previous: bool) -> str:
    with suppress(*PASSING):  # the container runtime may have put it away
        return kube.log(pod, container, previous=previous, lines=LOG_LINES)
    return ""


def _warnings(events: Iterable[Object], unready: set[str]) -> Iterator[Word]:
    """The warnings of the last minutes; those about a pod only if it is still not ready."""
    for event in events:
        of = event["involvedObject"]
        passed = of.get("kind") == "Pod" and of.get("uid") not in unready
        if event.get("type") == "Warning" and not passed and _age(event) < RECENT:
            name = "/".join(filter(None, (of.get("namespace"), of.get("name"))))
            yield Word("event", f"{of.get('kind')} {name}", f"{event['reason']}: {event.get('message', '')}")


def _age(event: Object) -> float:
    last = event.get("lastTimestamp") or event.get("eventTime") or event["metadata"].get("creationTimestamp")
    return (datetime.now(UTC) - datetime.fromisoformat(str(last))).total_seconds() if last else 0.0


def _of_cluster(kube: Kube) -> Iterator[Word]:
    if not marked(kube.all("StorageClass"), DEFAULT_CLASS):
        yield Word("cluster", "the cluster", "no StorageClass is marked as default")
    for pod in kube.all("Pod", selector=SERVICELB):
        yield Word("cluster", "the cluster", f"pod {full_name(pod)} is of k3s's servicelb")


def _of_front_end(kube: Kube, site: Site, release: Release) -> Iterator[Word]:
    """What lab.diagnosis finds; nothing where Kubeflow is not installed yet."""
    namespace = release.front_end.workload.partition("/")[0]
    if not kube.all("Namespace", selector=f"kubernetes.io/metadata.name={namespace}"):
        return
    for finding in diagnosis.findings(kube, site.terminal, release):
        yield Word("front end", "what is before Kubeflow", finding.partition("\n")[0])
    yield from _unread(kube)


def _unread(kube: Kube) -> Iterator[Word]:
    """The configuration of Dex that was changed after its pod was started."""
    namespace, _, name = diagnosis.DEX.split("/")
    for pod in kube.all("Pod", namespace):
        started = (pod.get("status") or {}).get("startTime")
        volumes = (pod.get("spec") or {}).get("volumes") or []
        for config in (volume["configMap"]["name"] for volume in volumes if "configMap" in volume):
            there = kube.one("ConfigMap", config, namespace) or {"metadata": {}}
            changed = max((field.get("time", "") for field in there["metadata"].get("managedFields") or []), default="")
            if started and changed > started and name in pod["metadata"]["name"] and not config.startswith("kube-"):
                told = f"ConfigMap {config} was changed at {changed}; {full_name(pod)} has not been started since"
                yield Word("front end", "Dex", told)


def _of_door(site: Site) -> Iterator[Word]:
    """What the door of the Ingress answers to somebody who was never here."""
    answer = ask(doors.PUBLIC, site.settings, follow=True)
    yield Word("answer", doors.PUBLIC, f"{answer.url} answers {answer.status_code}: {answer.text[:2000]}")


def _of_port_forward(site: Site) -> Iterator[Word]:
    log: Path = doors.port_forward_log(site)
    if log.exists():
        yield Word("port-forward", "the port-forward", log.read_text(errors="replace")[-2000:])


def _of_docker(site: Site) -> Iterator[Word]:
    network = DockerNetwork(site)
    if (system := network.docker.info().get("OperatingSystem", "")) == DOCKER_DESKTOP:
        yield Word("docker", "Docker", f"the engine runs on {system}")
    for container, address in network.containers().items():
        if address in site.settings.pool:
            yield Word("docker", "Docker", f"container {container} has {address}, which is in the pool")
    for node in network.docker.containers.list(all=True, filters={"label": "k3d.role=server", "status": "exited"}):
        yield Word("docker", f"the log of {node.name}", node.logs(tail=LOG_LINES).decode(errors="replace"))


def _learn_secrets(kube: Kube) -> Observation:
    """Tells lab.masking of the values that logs and configurations may have in them."""
    for secret in kube.all("Secret"):
        for key, value in (secret.get("data") or {}).items():
            if SECRET_KEY.search(key) and len(value) <= LONGEST_SECRET:
                with suppress(UnicodeDecodeError, binascii.Error):
                    SECRETS.add(base64.b64decode(value).decode())
    return Observation()
