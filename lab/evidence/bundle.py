"""The evidence bundle: files about a lab in which a scenario has failed, to find the cause after the lab is removed."""

from __future__ import annotations

import json
import platform
import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import psutil

from lab.context import Lab
from lab.evidence.observation import is_unready, list_logs
from lab.k8s.client import Kube
from lab.k8s.objects import Object, qualified_name
from lab.layers import gateway
from lab.run.deadline import run_within
from lab.run.redaction import Secrets
from lab.run.waiting import root_cause

TIMEOUT = 4.0
"""Seconds for a bundle; a part that is not complete by then is left out."""
PROGRAM_TIMEOUT = 4
"""Seconds for one program."""
MAX_CHARACTERS = 2 * 1024**2
"""Characters of a file; of a longer one, the end is kept."""
LOG_LINES = 200
"""The number of lines of a log that are kept, the last ones."""
MAX_LOGS = 200
"""The number of logs that are kept, those of unready pods first."""
MAX_DESCRIBED_PODS = 10
"""The number of unready pods that are described."""
KINDS = "pods,services,ingresses,persistentvolumeclaims,deployments,statefulsets,daemonsets,nodes,events"
ENVOY_CONFIG_DUMP = ("pilot-agent", "request", "GET", "config_dump")
INOTIFY = Path("/proc/sys/fs/inotify")
INOTIFY_LIMITS = ("max_user_instances", "max_user_watches", "max_queued_events")
CONTAINER_FIELDS = ("Names", "Image", "State", "Status", "Ports", "NetworkSettings")
NOT_COLLECTED = "not-collected.txt"

Job = Callable[[], str]


def collect(
    directory: Path,
    lab: Lab,
    pods: Sequence[Object],
    *,
    timeout: float = TIMEOUT,
    max_characters: int = MAX_CHARACTERS,
) -> None:
    """Write pods, events, logs, descriptions, Envoy's configuration, Docker's networks and more into a directory.

    All files are redacted, and none has the content of Kubernetes Secrets. The parts that could not be collected are
    listed in a file of their own.

    Args:
        directory: The directory, which is created.
        lab: The lab.
        pods: All pods of the cluster, as they were observed.
        timeout: Seconds for the whole bundle.
        max_characters: Characters of a file; of a longer one, the end is kept, of JSON as a text file.
    """
    directory.mkdir(parents=True)
    jobs = {**dict(_list_kubectl_jobs(lab, pods)), "machine.json": _describe_machine, **_list_log_jobs(lab.kube, pods)}
    if lab.settings.kind.has_docker:
        jobs |= dict(_list_docker_jobs(lab))
    missing = []
    for name, result in run_within(timeout, jobs):
        if isinstance(result, Exception):
            missing.append(f"{name}: {lab.secrets.redact(root_cause(result))}\n")
        else:
            is_cut_json = name.endswith(".json") and len(result) > max_characters  # and is no JSON any more
            file = (directory / name).with_suffix(".txt") if is_cut_json else directory / name
            _write_file(file, result[-max_characters:], lab.secrets)
    if missing:
        (directory / NOT_COLLECTED).write_text("".join(missing))


def _write_file(file: Path, text: str, secrets: Secrets) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_text(secrets.redact_document(text))


def _list_kubectl_jobs(lab: Lab, pods: Sequence[Object]) -> Iterator[tuple[str, Job]]:
    """Yield the jobs that need kubectl; as few as possible, since kubectl starts slowly."""
    if not lab.settings.read_only:  # it needs the permission to run programs in pods
        yield "envoy-configuration.json", partial(_read_envoy_configuration, lab)
    yield "objects.txt", partial(_kubectl, lab, "get", KINDS, "--all-namespaces", "--output=wide")
    if unready := [pod for pod in pods if is_unready(pod)][:MAX_DESCRIBED_PODS]:
        yield "not-ready.txt", partial(_describe_pods, lab, unready)


def _list_log_jobs(kube: Kube, pods: Sequence[Object]) -> dict[str, Job]:
    jobs: list[tuple[str, Job]] = []
    for pod in sorted(pods, key=lambda pod: not is_unready(pod)):
        for container, previous in list_logs(pod):
            suffix = ".previous" if previous else ""
            name = f"logs/{qualified_name(pod).replace('/', '_')}_{container}{suffix}.log"
            jobs.append((name, partial(kube.read_log, pod, container, previous=previous, lines=LOG_LINES)))
    return dict(jobs[:MAX_LOGS])


def _list_docker_jobs(lab: Lab) -> Iterator[tuple[str, Job]]:
    """Yield the jobs about Docker, without environment and labels of containers, where k3d and k3s keep a token."""
    yield "docker-networks.json", partial(_describe_networks, lab)
    yield "docker-containers.json", partial(_describe_containers, lab)


def _read_envoy_configuration(lab: Lab) -> str:
    """Return the configuration without the lines that pilot-agent logs before it."""
    service = gateway.find_service(lab.settings)
    envoy = (f"--namespace={service.namespace}", f"deployment/{service.name}")
    output = _kubectl(lab, "exec", *envoy, "--", *ENVOY_CONFIG_DUMP)
    return output[match.start() :] if (match := re.search(r"(?m)^\{", output)) else output


def _describe_networks(lab: Lab) -> str:
    return json.dumps([network.attrs for network in lab.docker.networks.list(greedy=True)], indent=1)


def _describe_containers(lab: Lab) -> str:
    containers: list[dict[str, Any]] = lab.docker.api.containers(all=True)
    return json.dumps([{name: container[name] for name in CONTAINER_FIELDS} for container in containers], indent=1)


def _describe_pods(lab: Lab, pods: Sequence[Object]) -> str:
    """Run kubectl once for each namespace: it takes several names of pods, but of one namespace only."""
    by_namespace: dict[str, list[str]] = {}
    for pod in pods:
        by_namespace.setdefault(pod["metadata"]["namespace"], []).append(pod["metadata"]["name"])
    return "\n".join(
        _kubectl(lab, "describe", "--namespace", namespace, "pods", *names) for namespace, names in by_namespace.items()
    )


def _describe_machine() -> str:
    memory = psutil.virtual_memory()
    limits = {name: INOTIFY / name for name in INOTIFY_LIMITS}
    facts = {
        "kernel": platform.release(),
        "processors": psutil.cpu_count(),
        "load": psutil.getloadavg(),
        "memory": {"total": memory.total, "available": memory.available},
        "inotify": {name: file.read_text().strip() for name, file in limits.items() if file.exists()},
    }
    return json.dumps(facts, indent=1)


def _kubectl(lab: Lab, *arguments: str) -> str:
    return lab.shell.run("kubectl", *arguments, timeout=PROGRAM_TIMEOUT).output
