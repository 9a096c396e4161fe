"""The readiness of an installation: its workloads, and the pods that belong to them.

Other pods and workloads in the same namespaces do not count, such as the notebooks of users; notes describe them. Pods
that have ended do not count either.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from lab.errors import LabError
from lab.k8s.blocker_tracker import PATIENCE, BlockerTracker
from lab.k8s.blockers import CRASH_TOPIC, Blocker, describe_pending_claims, pod_blockers
from lab.k8s.client import Kube
from lab.k8s.objects import Object, ObjectRef, has_ended, is_terminated, qualified_name
from lab.k8s.ownership import CONTROLLERS, find_controller, find_workload
from lab.k8s.readiness import describe_unready, is_ready
from lab.k8s.watches import ObjectsByKind, watch_all
from lab.k8s.workload_blockers import creation_blockers
from lab.run.shell import Shell
from lab.run.waiting import Observations, Unobserved, Unrecoverable, wait_until

WORKLOADS = ("Deployment", "StatefulSet")
CLAIM, EVENT, POD, REPLICA_SET, JOB = "PersistentVolumeClaim", "Event", "Pod", "ReplicaSet", "Job"
USUAL_EVENTS = ("Scheduled", "Pulling", "Pulled", "Created", "Started", "Killing", "ScalingReplicaSet")
"""The reasons of the events of every normal start, which are not observed: there are several for each pod."""
KINDS = {
    **dict.fromkeys((*CONTROLLERS, REPLICA_SET, POD, CLAIM), ""),
    EVENT: ",".join(f"reason!={reason}" for reason in USUAL_EVENTS),
}
"""The observed kinds, each with its field selector."""
SHOWN = 12
"""The number of blockers that an error names."""
OTHERS = "note: not a part of Kubeflow, and not ready"
"""The beginning of the notes about pods and workloads of other origin."""
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
    owned: Collection[ObjectRef] | None = None,
    patience: float = PATIENCE,
) -> None:
    """Wait until every workload of the installation is ready, with one watch for each kind.

    Args:
        kube: The API of the cluster.
        shell: Runs kubectl, to read the log of a pod that can never become ready.
        namespaces: The namespaces to observe.
        expected: NAMESPACE/NAME of workloads that must exist, since controllers create some of them later.
        timeout: Seconds after which the wait fails.
        report: Receives the numbers of ready and of all workloads in each namespace, whenever they change, and at the
            end the notes.
        owned: The workloads and pods of the installation; None if everything in the namespaces belongs to it.
        patience: Seconds for which a blocker must last before the wait fails.

    Raises:
        UnrecoverableError: As soon as a pod or a workload has had a blocker for longer than the patience.
        WaitTimeoutError: If the time is up.
    """

    def unrecoverable(status: _RolloutStatus) -> Unrecoverable | None:
        if not status.lasting_blockers:
            return None
        remedies = dict.fromkeys(blocker.explanation.remedy for blocker in status.lasting_blockers)
        return Unrecoverable("\n".join(describe_blockers(status.lasting_blockers, shell)), "\n".join(remedies))

    status = wait_until(
        _observe_rollout(kube, namespaces, expected, report, owned, BlockerTracker(patience)),
        satisfied=lambda status: not status.unready,
        unrecoverable=unrecoverable,
        describe=lambda status: "\n".join([*status.unready, *status.pending_claims, *status.warnings]),
        timeout=timeout,
        waiting_for=f"all workloads in {', '.join(namespaces)} to be ready",
        journal=kube.journal,
        remedy="`kubectl describe pods -n NAMESPACE` shows the reason",
    )
    for note in status.contents.notes:
        report(note)


def is_workload_ready(workload: Object) -> bool:
    """Return whether all replicas of a Deployment or StatefulSet are ready and of the newest revision.

    There must be no further pods: during a rollout there are old ones, which are still ready, and new ones. A workload
    with 0 replicas is ready when it has no pods.
    """
    status, replicas = workload.get("status") or {}, workload["spec"].get("replicas", 1)
    is_observed = status.get("observedGeneration", 0) >= workload["metadata"].get("generation", 0)
    counts = {status.get(count, 0) for count in ("replicas", "readyReplicas", "updatedReplicas")}
    return bool(is_observed) and counts == {replicas}


def inspect_namespace(
    kube: Kube, shell: Shell, namespace: str, owned: Collection[ObjectRef] | None = None
) -> NamespaceReport:
    """Return what is not ready in a namespace now, with the blockers, and notes about what does not count.

    Args:
        kube: The API of the cluster.
        shell: Runs kubectl, to read the log of a pod that crashes.
        namespace: The namespace.
        owned: The workloads and pods of the installation; None if everything in the namespace belongs to it.
    """
    contents = _Contents(_NamespaceObjects(kube, namespace), owned)
    blockers = contents.blockers
    explained = {blocker.pod for blocker in blockers}
    others = [pod for pod in contents.unready_pods if qualified_name(pod) not in explained]
    problems = [*describe_blockers(blockers, shell), *describe_unready(others)]
    return NamespaceReport(len(contents.pods), problems, contents.notes)


def count_pods(kube: Kube, owned: Collection[ObjectRef]) -> tuple[int, int]:
    """Return the number of an installation's pods that are ready, and of those that must be.

    Args:
        kube: The API of the cluster.
        owned: The workloads and pods of the installation.
    """
    contents = _Contents(_NamespaceObjects(kube, None), owned)
    return len(contents.ready_pods), len(contents.pods)


def describe_workload(workload: Object) -> str:
    """Return name and replicas of a workload, as in "auth/dex (0 of 1 ready)"."""
    return f"{qualified_name(workload)} ({_describe_replicas(workload)})"


def describe_other_workloads(workloads: Iterable[Object]) -> list[str]:
    """Return a note about the workloads that are not ready and do not belong to the installation, if there are any."""
    names = [
        f"{workload['kind']} {describe_workload(workload)}" for workload in workloads if not is_workload_ready(workload)
    ]
    return [f"{OTHERS}: {_shorten_list(names)}"] if names else []


@dataclass(frozen=True)
class NamespaceReport:
    """The state of a namespace.

    Args:
        pods: The number of pods that belong to the installation and have not ended.
        problems: Lines that describe what is not ready.
        notes: Lines about what does not count.
    """

    pods: int
    problems: list[str]
    notes: list[str]


class _NamespaceObjects(ObjectsByKind):
    """The objects of one or all namespaces by kind, listed when needed: events are needed only if something is unready.

    Args:
        kube: The API of the cluster.
        namespace: The namespace; None for all.
    """

    def __init__(self, kube: Kube, namespace: str | None) -> None:
        super().__init__()
        self._kube, self._namespace = kube, namespace

    def __missing__(self, kind: str) -> list[Object]:
        """List the objects of a kind."""
        self[kind] = self._kube.list_objects(kind, self._namespace)
        return self[kind]


@dataclass(frozen=True)
class _Contents:
    """The objects of some namespaces, and what belongs to the installation.

    Args:
        objects: The objects by kind.
        owned: The workloads and pods of the installation; None if everything belongs to it.
    """

    objects: ObjectsByKind
    owned: Collection[ObjectRef] | None = None

    @cached_property
    def workloads(self) -> list[Object]:
        """The Deployments and StatefulSets of the installation."""
        return [obj for kind in WORKLOADS for obj in self.objects[kind] if self._is_owned(ObjectRef.from_object(obj))]

    @cached_property
    def pods(self) -> list[Object]:
        """The pods of the installation that must be ready: they have not ended, and belong to no Job."""
        return [pod for pod in self._running[True] if not _is_of_job(pod)]

    @cached_property
    def ready_pods(self) -> set[str]:
        """NAMESPACE/NAME of the pods that are ready."""
        return {qualified_name(pod) for pod in self.pods if is_ready(pod)}

    @cached_property
    def unready_pods(self) -> list[Object]:
        """The pods of the installation that must be ready and are not."""
        return [pod for pod in self.pods if qualified_name(pod) not in self.ready_pods]

    @cached_property
    def blockers(self) -> list[Blocker]:
        """The blockers of the installation: of its workloads without pods, and of its unready pods, also of Jobs.

        Only unready pods are examined: with thousands of pods, finding blockers takes long.
        """
        controllers = [
            obj
            for kind in CONTROLLERS
            for obj in self.objects[kind]
            if self._is_owned(ObjectRef.from_object(obj)) and not (kind in WORKLOADS and is_workload_ready(obj))
        ]
        jobs = [pod for pod in self._running[True] if _is_of_job(pod) and not is_ready(pod)]
        if not controllers and not self.unready_pods and not jobs:
            return []
        events, claims = self.objects[EVENT], self.objects[CLAIM]
        return [
            *(found for obj in controllers for found in creation_blockers(obj, self.objects[REPLICA_SET], events)),
            *(found for pod in [*self.unready_pods, *jobs] for found in pod_blockers(pod, claims, events)),
        ]

    @property
    def has_only_rejected_workloads(self) -> bool:
        """True if the only unready workloads are those whose pods the API server rejects."""
        rejected = {blocker.pod for blocker in self.blockers if blocker.kind != "pod"}
        unready = {qualified_name(workload) for workload in self.workloads if not is_workload_ready(workload)}
        return not self.unready_pods and unready <= rejected

    @property
    def notes(self) -> list[str]:
        """A line for each namespace with pods that have ended, or with unready pods of other origin."""
        ended, others = defaultdict(list), defaultdict(list)
        for pod in self.objects[POD]:
            if has_ended(pod) and "deletionTimestamp" not in pod["metadata"]:
                ended[pod["metadata"]["namespace"]].append(pod)
        for pod in self._running[False]:
            if not is_ready(pod):
                others[pod["metadata"]["namespace"]].append(pod)
        return [
            *(_describe_ended(pods, namespace) for namespace, pods in sorted(ended.items())),
            *(
                f"{OTHERS} in {namespace}: {_shorten_list(describe_unready(pods))}"
                for namespace, pods in sorted(others.items())
            ),
        ]

    @cached_property
    def _running(self) -> dict[bool, list[Object]]:
        """The pods that have not ended: those of the installation (True), and the others (False)."""
        running = [pod for pod in self.objects[POD] if not is_terminated(pod)]
        if self.owned is None:
            return {True: running, False: []}
        replica_sets = {obj["metadata"]["uid"]: obj for obj in self.objects[REPLICA_SET]}
        by_controller: dict[str, bool] = {}  # with thousands of pods, each search takes long
        parts: dict[bool, list[Object]] = {True: [], False: []}
        for pod in running:
            uid = (find_controller(pod) or pod["metadata"])["uid"]
            if uid not in by_controller:
                by_controller[uid] = self._is_owned(find_workload(pod, replica_sets))
            parts[by_controller[uid]].append(pod)
        return parts

    def _is_owned(self, ref: ObjectRef) -> bool:
        return self.owned is None or ref in self.owned


@dataclass(frozen=True)
class _RolloutStatus:
    """The state of the namespaces at one moment.

    Args:
        contents: The objects.
        expected: NAMESPACE/NAME of workloads that must exist.
        lasting_blockers: The blockers, if one of them has lasted too long.
    """

    contents: _Contents
    expected: Collection[str]
    lasting_blockers: Sequence[Blocker]

    @cached_property
    def unready(self) -> list[str]:
        """A line for each workload and each pod that is missing or not ready."""
        workloads = self.contents.workloads
        missing = set(self.expected) - {qualified_name(workload) for workload in workloads}
        return [
            *(f"{name} does not exist yet" for name in sorted(missing)),
            *(
                f"{qualified_name(workload)}: {_describe_replicas(workload)}"
                for workload in workloads
                if not is_workload_ready(workload)
            ),
            *describe_unready(self.contents.unready_pods),
        ]

    @property
    def pending_claims(self) -> list[str]:
        """A line for each claim that keeps a pod from being scheduled."""
        objects = self.contents.objects
        return [
            line
            for pod in self.contents.unready_pods
            for line in describe_pending_claims(pod, objects[CLAIM], objects[EVENT])
        ]

    @property
    def warnings(self) -> list[str]:
        """A line for each blocker that often disappears by itself, such as a probe that fails during a start."""
        return [str(blocker) for blocker in self.contents.blockers if blocker.explanation.may_recover][:SHOWN]


def _observe_rollout(
    kube: Kube,
    namespaces: Collection[str],
    expected: Collection[str],
    report: Callable[[str], None],
    owned: Collection[ObjectRef] | None,
    tracker: BlockerTracker,
) -> Observations[_RolloutStatus]:
    """Observe the namespaces, and report the progress; see wait_until_ready."""
    last_attempts: dict[str, str] = {}
    warning_tracker, warned = BlockerTracker(tracker.patience), set[str]()

    def is_lasting(blocker: Blocker, contents: _Contents) -> bool:
        """Return whether a blocker does not disappear by itself.

        While the pod of a webhook starts, controllers try to create pods, each time after a longer pause. A rejection
        lasts if a controller was rejected again after everything else had become ready.
        """
        if not blocker.explanation.may_recover:
            return True
        if not contents.has_only_rejected_workloads:
            last_attempts.clear()
            return False
        return bool(blocker.time) and blocker.time > last_attempts.setdefault(blocker.pod, blocker.time)

    def build_status(seen: ObjectsByKind) -> _RolloutStatus:
        objects = {kind: [obj for obj in seen[kind] if obj["metadata"]["namespace"] in namespaces] for kind in KINDS}
        contents, now = _Contents(objects, owned), time.monotonic()
        lasting = [blocker for blocker in contents.blockers if is_lasting(blocker, contents)]
        return _RolloutStatus(contents, expected, tracker.update(lasting, contents.ready_pods, now))

    def report_warnings(contents: _Contents) -> None:
        """Report each problem that may disappear by itself, once it has lasted."""
        warnings = [blocker for blocker in contents.blockers if blocker.explanation.may_recover]
        for blocker in warning_tracker.update(warnings, contents.ready_pods, time.monotonic()):
            if (key := f"{blocker.pod} {blocker.subject}") not in warned:
                warned.add(key)
                report(f"still waiting: {blocker}")

    def observations(seconds: float) -> Iterator[_RolloutStatus | Unobserved]:
        reported = ""
        for seen in watch_all(kube, KINDS)(seconds):
            if isinstance(seen, Unobserved):
                yield seen
                continue
            status = build_status(seen)
            if (counts := _count_ready(status.contents.workloads)) != reported:
                reported = counts
                report(counts)
            report_warnings(status.contents)
            yield status

    return observations


def _is_of_job(pod: Object) -> bool:
    return (find_controller(pod) or {}).get("kind") == JOB


def _describe_ended(pods: Sequence[Object], namespace: str) -> str:
    """Return a note about the pods of a namespace that have ended, with an example, of the failed ones if possible."""
    example = min(pods, key=lambda pod: (pod.get("status") or {}).get("phase") == "Succeeded")
    number = f"{len(pods)} ended pods" if len(pods) > 1 else "one ended pod"
    [state] = describe_unready([example])
    return f"note: {number} in {namespace}, e.g. {state}"


def _shorten_list(texts: Sequence[str], shown: int = 3) -> str:
    more = len(texts) - shown
    return ", ".join([*texts[:shown], *([f"and {more} more"] if more > 0 else [])])


def _count_ready(workloads: Iterable[Object]) -> str:
    """Return the numbers of ready and of all workloads by namespace, as in "auth 0/1, kubeflow 20/30"."""
    counts: dict[str, list[bool]] = defaultdict(list)
    for workload in workloads:
        counts[workload["metadata"]["namespace"]].append(is_workload_ready(workload))
    return ", ".join(f"{namespace} {sum(ready)}/{len(ready)}" for namespace, ready in sorted(counts.items()))


def _describe_replicas(workload: Object) -> str:
    ready, replicas = (workload.get("status") or {}).get("readyReplicas", 0), workload["spec"].get("replicas", 1)
    return f"{ready} of {replicas} ready"


def describe_blockers(blockers: Sequence[Blocker], shell: Shell) -> list[str]:
    """Return lines that name the first blockers, with the log of the first container that crashes."""
    lines = [str(blocker) for blocker in blockers[:SHOWN]]
    if len(blockers) > SHOWN:
        lines.append(f"and {len(blockers) - SHOWN} more")
    if crashing := next((blocker for blocker in blockers if blocker.explanation.topic == CRASH_TOPIC), None):
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
