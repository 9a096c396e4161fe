"""Why Kubeflow's gateway refuses, or lets everybody in: what is seen of its guard, of Dex and of authservice."""

from __future__ import annotations

from lab.errors import LabError
from lab.kube import Kube, Object
from lab.readiness import is_ready, not_ready
from lab.releases import Release
from lab.terminal import Terminal

DEX = "auth/Deployment/dex"
LOG_LINES = 2
OPEN_TO_ALL = "Kubeflow is open to everybody: nobody was asked to log in"
NO_LOG = "unable to retrieve container logs"
"""What kubectl says, and calls a success, when the container runtime has put the log away."""


def findings(kube: Kube, terminal: Terminal, release: Release) -> list[str]:
    """What is wrong with what a visitor meets before Kubeflow, in words, a cause before what follows from it.

    Arguments:
        kube: the cluster.
        terminal: where the logs of pods are read.
        release: which of them this release has.

    It is empty when all of it is there and ready. A cluster that cannot be asked is a finding, and no error.
    """
    front_end = release.front_end
    try:
        return [
            *guard(kube, release),
            *_workload(kube, terminal, DEX, "Dex", "nobody can log in, and its page is answered with 503"),
            *_workload(
                kube,
                terminal,
                front_end.workload,
                front_end.name,
                "the gateway has nobody to ask, and refuses each request with 403 or 503 (ext_authz)",
            ),
        ]
    except LabError as error:
        return [f"why cannot be seen: {error.what}: {error.seen}"]


def guard(kube: Kube, release: Release) -> list[str]:
    """That what makes the gateway ask about each request is not there; empty when it is.

    Arguments:
        kube: the cluster.
        release: which object that is, and who is asked.
    """
    namespace, kind, name = release.front_end.guard.split("/")
    if kube.one(kind, name, namespace):
        return []
    return [
        f"the {kind} {name} is not in {namespace}: without it the gateway asks {release.front_end.name} about no "
        "request, "
        "and Kubeflow is open to everybody"
    ]


def _workload(kube: Kube, terminal: Terminal, full_name: str, called: str, so: str) -> list[str]:
    namespace, kind, name = full_name.split("/")
    there = kube.one(kind, name, namespace)
    if there is None:
        return [f"{called} is not there (no {kind} {name} in {namespace}): {so}"]
    labels = there["spec"]["selector"]["matchLabels"]
    pods = kube.all("Pod", namespace, ",".join(f"{key}={value}" for key, value in labels.items()))
    found = []
    if not any(map(is_ready, pods)):
        wanted = there["spec"].get("replicas", 1)
        found.append(f"{called} is not ready ({kind} {name} in {namespace}, of {wanted} pods none): {so}")
    found += [f"{called}: {_state_of(pod, terminal)}" for pod in pods if not is_ready(pod)]
    if not _services(kube, namespace, labels):
        found.append(f"no Service in {namespace} leads to {called}: {so}")
    return found


def _state_of(pod: Object, terminal: Terminal) -> str:
    [state], log = not_ready([pod]), _last_words(pod, terminal)
    return f"{state}" + (f", whose last words are\n{log}" if log else ", which has said nothing")


def _last_words(pod: Object, terminal: Terminal) -> str:
    metadata = pod["metadata"]
    logs = ("kubectl", "logs", "--namespace", metadata["namespace"], metadata["name"], "--all-containers")
    for of in ("--previous", "--previous=false"):  # of the containers that crashed, else of those that run
        result = terminal.run(*logs, f"--tail={LOG_LINES}", of, may_fail=True)
        said = result.output.strip()
        if said and not result.exit_status and not said.startswith(NO_LOG):
            return said
    return ""


def _services(kube: Kube, namespace: str, labels: dict[str, str]) -> list[Object]:
    """The Services that select pods which have these labels."""
    return [
        one
        for one in kube.all("Service", namespace)
        if (selector := one["spec"].get("selector")) and selector.items() <= labels.items()
    ]
