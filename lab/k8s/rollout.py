"""The readiness of an installation: the workloads and pods in its namespaces."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from lab.errors import LabError
from lab.k8s.blocker_tracker import BlockerTracker
from lab.k8s.blockers import CRASHES, KUBELET, Blocker, describe_pending_claims, pod_blockers
from lab.k8s.client import Kube
from lab.k8s.objects import Object, is_terminated, qualified_name
from lab.k8s.readiness import describe_unready, is_ready
from lab.k8s.watches import ObjectsByKind, watch_all
from lab.run.shell import Shell
from lab.run.waiting import Observations, Unobserved, Unrecoverable, wait_until

WORKLOADS = ("Deployment", "StatefulSet")
CLAIM, EVENT = "PersistentVolumeClaim", "Event"
KINDS = {**dict.fromkeys((*WORKLOADS, "Pod", CLAIM), ""), EVENT: f"involvedObject.kind={CLAIM}"}
PATIENCE = 20.0
"""Seconds for which a blocker must last: a pod that crashes while the services that it needs still start recovers."""
SHOWN = 12
"""The number of blockers that an error names."""
LOG_LINES = 10
LOG_TIMEOUT = 4
"""Seconds for one attempt to read a log: with two attempts, an error still appears within 30 s of its cause."""


def wait_until_ready(
    kube: Kube,
    shell: Shell,
    namespaces: Collection[str],
    expected: Collection[str],
    timeout: float,
    report: Callable[[str], None],
    *,
    patience: float = PATIENCE,
) -> None:
    """Wait until every workload and every pod of the namespaces is ready, with one watch for each kind.

    Args:
        kube: The API of the cluster.
        shell: Runs kubectl, to read the log of a pod that can never become ready.
        namespaces: The namespaces to observe.
        expected: NAMESPACE/NAME of workloads that must exist, since controllers create some of them later.
        timeout: Seconds after which the wait fails.
        report: Receives the numbers of ready and of all workloads in each namespace, whenever they change.
        patience: Seconds for which a blocker must last before the wait fails.

    Raises:
        UnrecoverableError: As soon as a pod has had a blocker for longer than the patience.
        WaitTimeoutError: If the time is up.
    """

    def unrecoverable(status: _RolloutStatus) -> Unrecoverable | None:
        if not status.lasting_blockers:
            return None
        remedies = dict.fromkeys(blocker.explanation.remedy for blocker in status.lasting_blockers)
        return Unrecoverable("\n".join(_describe_blockers(status.lasting_blockers, shell)), "\n".join(remedies))

    wait_until(
        _observe_rollout(kube, namespaces, expected, report, BlockerTracker(patience)),
        satisfied=lambda status: not status.unready,
        unrecoverable=unrecoverable,
        describe=lambda status: "\n".join([*status.unready, *status.pending_claims]),
        timeout=timeout,
        waiting_for=f"all workloads in {', '.join(namespaces)} to be ready",
        journal=kube.journal,
        remedy="`kubectl describe pods -n NAMESPACE` shows the reason",
    )


def is_workload_ready(workload: Object) -> bool:
    """Return whether all replicas of a Deployment or StatefulSet are ready and of the newest revision.

    There must be no further pods: during a rollout there are old ones, which are still ready, and new ones. A workload
    with 0 replicas is ready when it has no pods.
    """
    status, replicas = workload.get("status") or {}, workload["spec"].get("replicas", 1)
    is_observed = status.get("observedGeneration", 0) >= workload["metadata"].get("generation", 0)
    counts = {status.get(count, 0) for count in ("replicas", "readyReplicas", "updatedReplicas")}
    return bool(is_observed) and counts == {replicas}


def describe_unready_pods(kube: Kube, shell: Shell, namespace: str) -> list[str]:
    """Return lines that describe the pods of a namespace that are not ready now, with their blockers.

    Args:
        kube: The API of the cluster.
        shell: Runs kubectl, to read the log of a pod that crashes.
        namespace: The namespace.
    """
    pods = [pod for pod in kube.list_objects("Pod", namespace) if not is_terminated(pod) and not is_ready(pod)]
    if not pods:
        return []
    claims, events = kube.list_objects(CLAIM, namespace), kube.list_objects(EVENT, namespace)
    blockers = [blocker for pod in pods for blocker in pod_blockers(pod, claims, events)]
    explained = {blocker.pod for blocker in blockers}
    others = [pod for pod in pods if qualified_name(pod) not in explained]
    return [*_describe_blockers(blockers, shell), *describe_unready(others)]


@dataclass(frozen=True)
class _RolloutStatus:
    """The state of the namespaces at one moment.

    Args:
        workloads: The workloads.
        pods: The pods that must become ready.
        claims: The PersistentVolumeClaims.
        events: Events of PersistentVolumeClaims.
        expected: NAMESPACE/NAME of workloads that must exist.
        lasting_blockers: The blockers of the pods, if one of them has lasted too long.
    """

    workloads: Sequence[Object]
    pods: Sequence[Object]
    claims: Sequence[Object]
    events: Sequence[Object]
    expected: Collection[str]
    lasting_blockers: Sequence[Blocker]

    @cached_property
    def unready(self) -> list[str]:
        """A line for each workload and each pod that is missing or not ready."""
        missing = set(self.expected) - {qualified_name(workload) for workload in self.workloads}
        return [
            *(f"{name} does not exist yet" for name in sorted(missing)),
            *(
                f"{qualified_name(workload)}: {_describe_replicas(workload)}"
                for workload in self.workloads
                if not is_workload_ready(workload)
            ),
            *describe_unready(self.pods),
        ]

    @property
    def pending_claims(self) -> list[str]:
        """A line for each claim that keeps a pod from being scheduled."""
        return [line for pod in self.pods for line in describe_pending_claims(pod, self.claims, self.events)]


def _observe_rollout(
    kube: Kube,
    namespaces: Collection[str],
    expected: Collection[str],
    report: Callable[[str], None],
    tracker: BlockerTracker,
) -> Observations[_RolloutStatus]:
    """Observe the namespaces, and report the progress; see wait_until_ready."""

    def build_status(seen: ObjectsByKind) -> _RolloutStatus:
        objects = {kind: [obj for obj in seen[kind] if obj["metadata"]["namespace"] in namespaces] for kind in KINDS}
        workloads = [workload for kind in WORKLOADS for workload in objects[kind]]
        pods = [pod for pod in objects["Pod"] if not is_terminated(pod)]
        ready = {qualified_name(pod) for pod in pods if is_ready(pod)}
        # Only unready pods are examined: with thousands of pods, finding blockers takes long.
        unready = [pod for pod in pods if qualified_name(pod) not in ready]
        claims, events = objects[CLAIM], objects[EVENT]
        blockers = [blocker for pod in unready for blocker in pod_blockers(pod, claims, events)]
        lasting_blockers = tracker.update(blockers, ready, time.monotonic())
        return _RolloutStatus(workloads, pods, claims, events, expected, lasting_blockers)

    def observations(seconds: float) -> Iterator[_RolloutStatus | Unobserved]:
        reported = ""
        for seen in watch_all(kube, KINDS)(seconds):
            if isinstance(seen, Unobserved):
                yield seen
                continue
            status = build_status(seen)
            if (counts := _count_ready(status.workloads)) != reported:
                reported = counts
                report(counts)
            yield status

    return observations


def _count_ready(workloads: Iterable[Object]) -> str:
    """Return the numbers of ready and of all workloads by namespace, as in "auth 0/1, kubeflow 20/30"."""
    counts: dict[str, list[bool]] = defaultdict(list)
    for workload in workloads:
        counts[workload["metadata"]["namespace"]].append(is_workload_ready(workload))
    return ", ".join(f"{namespace} {sum(ready)}/{len(ready)}" for namespace, ready in sorted(counts.items()))


def _describe_replicas(workload: Object) -> str:
    ready, replicas = (workload.get("status") or {}).get("readyReplicas", 0), workload["spec"].get("replicas", 1)
    return f"{ready} of {replicas} ready"


def _describe_blockers(blockers: Sequence[Blocker], shell: Shell) -> list[str]:
    """Return lines that name the first blockers, with the log of the first container that crashes."""
    lines = [str(blocker) for blocker in blockers[:SHOWN]]
    if len(blockers) > SHOWN:
        lines.append(f"and {len(blockers) - SHOWN} more")
    if crashing := next((blocker for blocker in blockers if blocker.explanation is KUBELET[CRASHES]), None):
        lines += [f"the last lines of the log of {crashing.pod}:", _read_log(shell, crashing)]
    return lines


def _read_log(shell: Shell, crashing: Blocker) -> str:
    """Return the log of the crashed container; if a new instance has just started, that of the previous one."""
    namespace, _, pod = crashing.pod.partition("/")
    command = ["kubectl", "logs", "--namespace", namespace, pod]
    command += [f"--container={crashing.container}", f"--tail={LOG_LINES}"]
    for options in ([], ["--previous"]):
        try:
            text = shell.run(*command, *options, timeout=LOG_TIMEOUT).output.strip()
        except LabError:
            continue
        if text:
            return text
    return "(no log available)"
