"""Whether all that was installed is ready: workloads and their pods in the namespaces of Kubeflow."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection

from lab.errors import LabError
from lab.gathering import Seen, watching_all
from lab.kube import Kube, Object
from lab.readiness import hopeless, not_ready
from lab.terminal import Terminal
from lab.waiting import wait_until

WORKLOADS = ("Deployment", "StatefulSet")
KINDS = (*WORKLOADS, "Pod")
PATIENCE = 20.0
"""Seconds for which a pod must stay hopeless: one that crashes while what it needs is still coming up recovers."""
LOG_LINES = 10


def wait_until_ready(
    kube: Kube,
    terminal: Terminal,
    namespaces: Collection[str],
    expected: Collection[str],
    timeout: float,
    tell: Callable[[str], None],
) -> None:
    """Waits until every workload and pod of the namespaces is ready, by one watch a kind.

    Arguments:
        terminal: where the log of a pod is read that will never be ready.
        namespaces: those to look at.
        expected: workloads that must be there, as NAMESPACE/NAME, since controllers create some of them later.
        timeout: seconds.
        tell: is told how many of how many are ready in each namespace, whenever that changes.

    Raises LabError as soon as a pod has been hopeless for 20 s, and when time is up.
    """
    since: dict[str, float] = {}
    told = ""

    def inside(seen: Seen, *kinds: str) -> list[Object]:
        return [one for kind in kinds for one in seen[kind] if one["metadata"]["namespace"] in namespaces]

    def satisfied(seen: Seen) -> bool:
        nonlocal told
        if (counts := _counts(inside(seen, *WORKLOADS))) != told:
            told = counts
            tell(counts)
        return not _missing(seen)

    def _missing(seen: Seen) -> list[str]:
        workloads, pods = inside(seen, *WORKLOADS), [one for one in inside(seen, "Pod") if not _is_done(one)]
        there = {_full_name(one) for one in workloads}
        lacking = [f"{name} is not there yet" for name in sorted(set(expected) - there)]
        unready = [f"{_full_name(one)}: {_ready_of(one)}" for one in workloads if not workload_is_ready(one)]
        return [*lacking, *unready, *not_ready(pods)]

    def lost(seen: Seen) -> str | None:
        now = time.monotonic()
        reasons = {
            _full_name(pod): reason for pod in inside(seen, "Pod") if not _is_done(pod) and (reason := hopeless(pod))
        }
        for name in set(since) - set(reasons):
            del since[name]
        for name, reason in reasons.items():
            if now - since.setdefault(name, now) >= PATIENCE:
                return f"{reason}\n{_last_log(terminal, name)}"
        return None

    wait_until(
        watching_all(kube, KINDS),
        satisfied=satisfied,
        hopeless=lost,
        show=lambda seen: "\n".join(_missing(seen)),
        timeout=timeout,
        what=f"all workloads in {', '.join(namespaces)} are ready",
        remedy="`python -m lab exec -- kubectl describe pod -n NAMESPACE NAME` says more of each",
    )


def workload_is_ready(one: Object) -> bool:
    """Tells whether a Deployment or StatefulSet has all its replicas ready, in its newest state; of 0, none."""
    status, wanted = one.get("status") or {}, one["spec"].get("replicas", 1)
    current = status.get("observedGeneration", 0) >= one["metadata"].get("generation", 0)
    return bool(current) and wanted == status.get("readyReplicas", 0) == status.get("updatedReplicas", 0)


def _counts(workloads: list[Object]) -> str:
    counts: dict[str, list[bool]] = {}
    for one in workloads:
        counts.setdefault(one["metadata"]["namespace"], []).append(workload_is_ready(one))
    return ", ".join(f"{namespace} {sum(ready)}/{len(ready)}" for namespace, ready in sorted(counts.items()))


def _ready_of(one: Object) -> str:
    return f"{(one.get('status') or {}).get('readyReplicas', 0)} of {one['spec'].get('replicas', 1)} ready"


def _is_done(pod: Object) -> bool:
    return (pod.get("status") or {}).get("phase") == "Succeeded" or "deletionTimestamp" in pod["metadata"]


def _full_name(one: Object) -> str:
    return f"{one['metadata']['namespace']}/{one['metadata']['name']}"


def _last_log(terminal: Terminal, name: str) -> str:
    namespace, _, pod = name.partition("/")
    logs = ("kubectl", "logs", "--namespace", namespace, pod, "--all-containers", f"--tail={LOG_LINES}", "--previous")
    for command in (logs, logs[:-1]):  # of the container that crashed, else of the one that runs
        try:
            return terminal.run(*command).output.strip()
        except LabError:
            continue
    return "it has no log"
