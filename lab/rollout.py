"""Whether all that was installed is ready: workloads and their pods in the namespaces of Kubeflow."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from itertools import chain

from lab.errors import LabError
from lab.gathering import Seen, watching_all
from lab.kube import Kube, Object
from lab.obstacles import CRASHES, KUBELET, Obstacle, full_name, of_pod, pending_claims
from lab.patience import Patience
from lab.readiness import is_ready, not_ready
from lab.terminal import Terminal
from lab.waiting import Hopeless, wait_until

WORKLOADS = ("Deployment", "StatefulSet")
CLAIM, EVENT = "PersistentVolumeClaim", "Event"
KINDS = {**dict.fromkeys((*WORKLOADS, "Pod", CLAIM), ""), EVENT: f"involvedObject.kind={CLAIM}"}
PATIENCE = 20.0
"""Seconds for which a pod must stay hopeless: one that crashes while what it needs is still coming up recovers."""
SHOWN = 12
"""How many hopeless pods an error names."""
LOG_LINES = 10
LOG_TIMEOUT = 4
"""Seconds for one try to read a log: with two of them, it is still told within 30 s of the fact what is hopeless."""


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
    patience = Patience(PATIENCE)
    told = ""

    def inside(seen: Seen, *kinds: str) -> list[Object]:
        return [one for kind in kinds for one in seen[kind] if one["metadata"]["namespace"] in namespaces]

    def pods_to_be(seen: Seen) -> list[Object]:
        return [one for one in inside(seen, "Pod") if not _is_done(one)]

    def satisfied(seen: Seen) -> bool:
        nonlocal told
        if (counts := _counts(inside(seen, *WORKLOADS))) != told:
            told = counts
            tell(counts)
        return not missing(seen)

    def missing(seen: Seen) -> list[str]:
        workloads = inside(seen, *WORKLOADS)
        there = {full_name(one) for one in workloads}
        lacking = [f"{name} is not there yet" for name in sorted(set(expected) - there)]
        unready = [f"{full_name(one)}: {_ready_of(one)}" for one in workloads if not workload_is_ready(one)]
        return [*lacking, *unready, *not_ready(pods_to_be(seen))]

    def show(seen: Seen) -> str:
        about_claims = [pending_claims(pod, inside(seen, CLAIM), inside(seen, EVENT)) for pod in pods_to_be(seen)]
        return "\n".join([*missing(seen), *chain(*about_claims)])

    def lost(seen: Seen) -> Hopeless | None:
        pods = pods_to_be(seen)
        ready = {full_name(pod) for pod in pods if is_ready(pod)}
        unready = [pod for pod in pods if full_name(pod) not in ready]  # thousands of pods take long to look at
        claims, events = inside(seen, CLAIM), inside(seen, EVENT)
        obstacles = list(chain(*(of_pod(pod, claims, events) for pod in unready)))
        exhausted = patience.exhausted(obstacles, ready, time.monotonic())
        return _given_up(exhausted, terminal) if exhausted else None

    wait_until(
        watching_all(kube, KINDS),
        satisfied=satisfied,
        hopeless=lost,
        show=show,
        timeout=timeout,
        what=f"all workloads in {', '.join(namespaces)} are ready",
        remedy="`python -m lab exec -- kubectl describe pod -n NAMESPACE NAME` says more of each",
    )


def workload_is_ready(one: Object) -> bool:
    """Tells whether a Deployment or StatefulSet has all its replicas ready, in its newest state; of 0, none.

    While it is rolled out, it has more than it wants: the old ones, which are still ready, and the new ones.
    """
    status, wanted = one.get("status") or {}, one["spec"].get("replicas", 1)
    current = status.get("observedGeneration", 0) >= one["metadata"].get("generation", 0)
    counts = {status.get(count, 0) for count in ("replicas", "readyReplicas", "updatedReplicas")}
    return bool(current) and counts == {wanted}


def unready(kube: Kube, terminal: Terminal, namespace: str) -> list[str]:
    """Which pods of a namespace are not ready now, with what keeps each from it, in words; empty when all are.

    Arguments:
        terminal: where the log of a pod is read that crashes.
    """
    pods = [one for one in kube.all("Pod", namespace) if not _is_done(one) and not is_ready(one)]
    if not pods:
        return []
    claims, events = kube.all(CLAIM, namespace), kube.all(EVENT, namespace)
    obstacles = list(chain(*(of_pod(pod, claims, events) for pod in pods)))
    explained = {one.pod for one in obstacles}
    return [*_described(obstacles, terminal), *not_ready([pod for pod in pods if full_name(pod) not in explained])]


def _counts(workloads: list[Object]) -> str:
    counts: dict[str, list[bool]] = {}
    for one in workloads:
        counts.setdefault(one["metadata"]["namespace"], []).append(workload_is_ready(one))
    return ", ".join(f"{namespace} {sum(ready)}/{len(ready)}" for namespace, ready in sorted(counts.items()))


def _ready_of(one: Object) -> str:
    return f"{(one.get('status') or {}).get('readyReplicas', 0)} of {one['spec'].get('replicas', 1)} ready"


def _is_done(pod: Object) -> bool:
    return (pod.get("status") or {}).get("phase") == "Succeeded" or "deletionTimestamp" in pod["metadata"]


def _given_up(obstacles: list[Obstacle], terminal: Terminal) -> Hopeless:
    """Describes them, and says what to do about each kind."""
    remedies = dict.fromkeys(one.meaning.remedy for one in obstacles)
    return Hopeless("\n".join(_described(obstacles, terminal)), "\n".join(remedies))


def _described(obstacles: list[Obstacle], terminal: Terminal) -> list[str]:
    """Names the first dozen, with the log of the first that crashes."""
    shown = obstacles[:SHOWN]
    lines = [str(one) for one in shown]
    if len(obstacles) > SHOWN:
        lines.append(f"and {len(obstacles) - SHOWN} more")
    if crashing := next((one for one in obstacles if one.meaning is KUBELET[CRASHES]), None):
        lines += [f"the last lines of {crashing.pod}'s log:", _last_log(terminal, crashing)]
    return lines


def _last_log(terminal: Terminal, crashing: Obstacle) -> str:
    namespace, _, pod = crashing.pod.partition("/")
    which = ("--namespace", namespace, pod, f"--container={crashing.container}", f"--tail={LOG_LINES}")
    for more in ((), ("--previous",)):  # of the try that crashed; where another one has just begun, of that before it
        try:
            text = terminal.run("kubectl", "logs", *which, *more, timeout=LOG_TIMEOUT).output.strip()
        except LabError:
            continue
        if text:
            return text
    return "it has no log"
