"""What is kept of a lab in which something has failed: enough to find out why when the lab is gone."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import psutil

from lab import doors
from lab.cluster import Cluster
from lab.deadline import within
from lab.kube import Kube, Object
from lab.masking import SECRETS
from lab.network import DockerNetwork
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
KINDS = "pods,services,ingresses,persistentvolumeclaims,deployments,statefulsets,daemonsets,nodes,events"
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
    docker = () if site.record.kind == "existing" else _of_docker(site)
    jobs = {**dict(_of_cluster(site, pods)), **dict(docker), "machine.json": _machine, **_logs(kube, pods)}
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


def _of_cluster(site: Site, pods: tuple[Object, ...]) -> Iterator[tuple[str, Collect]]:
    """By kubectl, which takes a while to start: as few of them as can be."""
    gateway = (f"--namespace={doors.NAMESPACE}", f"deployment/{doors.SERVICE}")
    yield "envoy-configuration.json", partial(_printed, site, "kubectl", "exec", *gateway, "--", *ENVOY)
    yield "objects.txt", partial(_printed, site, "kubectl", "get", KINDS, "--all-namespaces", "--output=wide")
    if unready := [pod for pod in pods if is_unready(pod)][:DESCRIBED]:
        yield "not-ready.txt", partial(_described, site, unready)


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
    """Without what containers have in their environment and labels, where k3d and k3s have their token."""
    engine = DockerNetwork(site).docker
    yield "docker-networks.json", lambda: json.dumps([one.attrs for one in engine.networks.list(greedy=True)], indent=1)
    yield "docker-containers.json", lambda: json.dumps(list(map(_shown, engine.api.containers(all=True))), indent=1)


def _shown(container: dict[str, Any]) -> dict[str, Any]:
    return {name: container[name] for name in ("Names", "Image", "State", "Status", "Ports", "NetworkSettings")}


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
