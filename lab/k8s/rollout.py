"""Waiting for the readiness of an installation: for its workloads, and for the pods that belong to them."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from lab.k8s.blocker_logs import SHOWN, describe_blockers
from lab.k8s.blocker_tracker import PATIENCE, WEBHOOK_TIMEOUT, BlockerTracker, RejectionTracker
from lab.k8s.blockers import Blocker, describe_pending_claims
from lab.k8s.client import Kube
from lab.k8s.contents import CLAIM, EVENT, POD, REPLICA_SET, Contents
from lab.k8s.objects import ObjectRef, qualified_name
from lab.k8s.ownership import CONTROLLERS
from lab.k8s.readiness import describe_unready
from lab.k8s.watches import ObjectsByKind, watch_all
from lab.k8s.workloads import count_ready, describe_replicas, is_workload_ready
from lab.run.shell import Shell
from lab.run.waiting import Observations, Unobserved, Unrecoverable, wait_until

USUAL_EVENTS = ("Scheduled", "Pulling", "Pulled", "Created", "Started", "Killing", "ScalingReplicaSet")
"""The reasons of the events of every normal start, which are not observed: there are several for each pod."""
KINDS = {
    **dict.fromkeys((*CONTROLLERS, REPLICA_SET, POD, CLAIM), ""),
    EVENT: ",".join(f"reason!={reason}" for reason in USUAL_EVENTS),
}
"""The observed kinds, each with its field selector."""


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


@dataclass(frozen=True)
class _RolloutStatus:
    """The state of the namespaces at one moment.

    Args:
        contents: The objects.
        expected: NAMESPACE/NAME of workloads that must exist.
        lasting_blockers: The blockers, if one of them has lasted too long.
    """

    contents: Contents
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
                f"{qualified_name(workload)}: {describe_replicas(workload)}"
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
    warning_tracker, warned = BlockerTracker(tracker.patience), set[str]()
    rejection_tracker = RejectionTracker(WEBHOOK_TIMEOUT)

    def build_status(seen: ObjectsByKind) -> _RolloutStatus:
        objects = {kind: [obj for obj in seen[kind] if obj["metadata"]["namespace"] in namespaces] for kind in KINDS}
        contents, now = Contents(objects, owned), time.monotonic()
        rejection_tracker.update(contents.has_only_rejected_workloads, now)
        lasting = [
            blocker
            for blocker in contents.blockers
            if not blocker.explanation.may_recover or rejection_tracker.is_lasting(blocker, now)
        ]
        return _RolloutStatus(contents, expected, tracker.update(lasting, contents.ready_pods, now))

    def report_warnings(contents: Contents) -> None:
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
            if (counts := count_ready(status.contents.workloads)) != reported:
                reported = counts
                report(counts)
            report_warnings(status.contents)
            yield status

    return observations
