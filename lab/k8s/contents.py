"""The contents of namespaces: the workloads and pods of the installation, and the others, which notes describe.

Other pods and workloads in the same namespaces do not count, such as the notebooks of users. Pods that have ended do
not count either.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from lab.k8s.blocker_logs import describe_blockers
from lab.k8s.blockers import Blocker, pod_blockers
from lab.k8s.client import Kube
from lab.k8s.objects import Object, ObjectRef, has_ended, is_terminated, qualified_name
from lab.k8s.ownership import CONTROLLERS, find_controller, find_workload
from lab.k8s.readiness import describe_unready, is_ready
from lab.k8s.watches import ObjectsByKind
from lab.k8s.workload_blockers import creation_blockers
from lab.k8s.workloads import WORKLOADS, describe_workload, is_workload_ready
from lab.run.shell import Shell

CLAIM, EVENT, POD, REPLICA_SET, JOB = "PersistentVolumeClaim", "Event", "Pod", "ReplicaSet", "Job"
OTHERS = "note: not a part of Kubeflow, and not ready"
"""The beginning of the notes about pods and workloads of other origin."""


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


class NamespaceObjects(ObjectsByKind):
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
class Contents:
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
    contents = Contents(NamespaceObjects(kube, namespace), owned)
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
    contents = Contents(NamespaceObjects(kube, None), owned)
    return len(contents.ready_pods), len(contents.pods)


def describe_other_workloads(workloads: Iterable[Object]) -> list[str]:
    """Return a note about the workloads that are not ready and do not belong to the installation, if there are any."""
    names = [
        f"{workload['kind']} {describe_workload(workload)}" for workload in workloads if not is_workload_ready(workload)
    ]
    return [f"{OTHERS}: {_shorten_list(names)}"] if names else []


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
