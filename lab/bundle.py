"""What is kept of a lab in which something has failed: enough to find out why when the lab is gone."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import psutil

from lab import doors
from lab.cluster import Cluster
from lab.deadline import within
from lab.kube import Kube, Object
from lab.masking import SECRETS
from lab.observation import is_unready, logs_of
from lab.obstacles import full_name
from lab.site import Site
from lab.waiting import root_of

SECONDS = 4.0
"""How long is collected: what has not come by then is left out."""
PROGRAM_TIMEOUT = 4
LARGEST = 2 * 1024**2
"""Characters of a file; of a larger one, the end is kept."""
LOG_LINES = 200
LOGS = 200
"""How many logs are kept, those of pods that are not ready first."""
DESCRIBED = 10
"""How many pods are described."""
ENVOY = ("pilot-agent", "request", "GET", "config_dump")
INOTIFY = ("max_user_instances", "max_user_watches", "max_queued_events")
NOT_HAD = "not-collected.txt"

Collect = Callable[[], str]


def collect(folder: Path, site: Site, pods: tuple[Object, ...]) -> None:
    """Writes pods, events, logs, descriptions, Envoy's configuration, Docker's networks and more into a folder.

    It takes four seconds at most. All is masked; Kubernetes Secrets are not in it. What could not be had is named in
    a file of its own.

    Arguments:
        folder: it is made.
        pods: all pods of the cluster, as they were seen.
    """
    folder.mkdir(parents=True)
    kube = Cluster(site).kube
    jobs = {**dict(_of_cluster(site)), **_logs(kube, pods), "machine.txt": _machine}
    if site.record.kind != "existing":
        jobs |= dict(_of_docker(site))
    if unready := [pod for pod in pods if is_unready(pod)]:
        jobs |= {"not-ready.txt": partial(_described, site, unready[:DESCRIBED])}
    missing = []
    for name, result in within(SECONDS, jobs):
        if isinstance(result, Exception):
            missing.append(f"{name}: {SECRETS.masked(root_of(result))}\n")
        else:
            file = folder / name
            file.parent.mkdir(exist_ok=True)
            file.write_text(SECRETS.masked(result[-LARGEST:]))
    if missing:
        (folder / NOT_HAD).write_text("".join(missing))


def _of_cluster(site: Site) -> Iterator[tuple[str, Collect]]:
    def kubectl(*arguments: str) -> Collect:
        return partial(_printed, site, "kubectl", *arguments)

    yield "pods.txt", kubectl("get", "pods", "--all-namespaces", "--output=wide")
    yield "events.txt", kubectl("get", "events", "--all-namespaces", "--sort-by=.metadata.creationTimestamp")
    gateway = (f"--namespace={doors.NAMESPACE}", f"deployment/{doors.SERVICE}")
    yield "envoy-configuration.json", kubectl("exec", *gateway, "--", *ENVOY)
    yield "nodes.txt", kubectl("describe", "nodes")
    kinds = "services,ingresses,persistentvolumeclaims,deployments,statefulsets,daemonsets"
    yield "objects.txt", kubectl("get", kinds, "--all-namespaces", "--output=wide")


def _logs(kube: Kube, pods: tuple[Object, ...]) -> dict[str, Collect]:
    ordered = sorted(pods, key=lambda pod: not is_unready(pod))
    logs = [
        (
            f"logs/{full_name(pod).replace('/', '_')}_{container}{'.previous' if previous else ''}.log",
            partial(kube.log, pod, container, previous=previous, lines=LOG_LINES),
        )
        for pod in ordered
        for container, previous in logs_of(pod)
    ]
    return dict(logs[:LOGS])


def _of_docker(site: Site) -> Iterator[tuple[str, Collect]]:
    """Without what containers have in their environment, where k3s has its token."""
    yield "docker-containers.txt", partial(_printed, site, "docker", "ps", "--all", "--no-trunc")
    yield "docker-networks.json", partial(_networks, site)


def _networks(site: Site) -> str:
    names = _printed(site, "docker", "network", "ls", "--format={{.Name}}").split()
    return _printed(site, "docker", "network", "inspect", *names)


def _described(site: Site, pods: list[Object]) -> str:
    """One program for each namespace, since kubectl takes several names of one namespace at a time."""
    by_namespace: dict[str, list[str]] = {}
    for pod in pods:
        by_namespace.setdefault(pod["metadata"]["namespace"], []).append(pod["metadata"]["name"])
    return "\n".join(
        _printed(site, "kubectl", "describe", "--namespace", namespace, "pods", *names)
        for namespace, names in by_namespace.items()
    )


def _machine() -> str:
    memory, folder = psutil.virtual_memory(), Path("/proc/sys/fs/inotify")
    facts = {
        "kernel": platform.release(),
        "processors": psutil.cpu_count(),
        "load": psutil.getloadavg(),
        "memory": {"total": memory.total, "available": memory.available},
        "inotify": {name: (folder / name).read_text().strip() for name in INOTIFY if (folder / name).exists()},
    }
    return json.dumps(facts, indent=1)


def _printed(site: Site, *command: str) -> str:
    return site.terminal.run(*command, timeout=PROGRAM_TIMEOUT).output
