"""Blockers of workloads whose pods the API server rejects, so that no pod shows the reason."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from lab.k8s.blockers import Blocker, event_time, list_events
from lab.k8s.objects import Object, qualified_name
from lab.k8s.ownership import find_controller
from lab.k8s.rejections import explain_rejection

SUBJECT = "creation of its pods"
FAILED, SUCCEEDED = "FailedCreate", "SuccessfulCreate"
"""The reasons of the events about a pod that a controller has tried to create."""


def creation_blockers(
    workload: Object, replica_sets: Iterable[Object], events: Collection[Object]
) -> Iterator[Blocker]:
    """Yield the blocker of a workload that lacks pods because the API server rejects them.

    A Deployment and its ReplicaSets have a condition for it. Other controllers only report events.

    Args:
        workload: A Deployment, StatefulSet, DaemonSet or Job.
        replica_sets: ReplicaSets; those of other workloads are ignored.
        events: Events; those about other objects are ignored.
    """
    creators = [workload]
    if workload["kind"] == "Deployment":
        uid = workload["metadata"].get("uid")
        creators = [obj for obj in replica_sets if (find_controller(obj) or {}).get("uid") == uid]
    attempts = [_read_event(obj, events) for obj in creators if lacks_pods(obj)]
    time, message = max(attempts, default=("", ""))
    # The API server deletes events after an hour, and their message may be shortened.
    conditions = [_read_condition(obj) for obj in (workload, *creators)]
    if message := message or next(filter(None, conditions), ""):
        explanation = explain_rejection(message, workload["metadata"]["namespace"])
        text = f"{FAILED}: {message}"
        yield Blocker(qualified_name(workload), SUBJECT, explanation, text, kind=workload["kind"], time=time)


def lacks_pods(workload: Object) -> bool:
    """Return whether a workload has fewer pods than it needs; a Job, whether it has not ended and has none."""
    status, spec = workload.get("status") or {}, workload.get("spec") or {}
    match workload["kind"]:
        case "DaemonSet":
            return int(status.get("currentNumberScheduled", 0)) < int(status.get("desiredNumberScheduled", 0))
        case "Job":
            has_ended = any(c["status"] == "True" for c in status.get("conditions") or [])
            return not has_ended and not any(status.get(count) for count in ("active", "succeeded"))
        case _:
            return int(status.get("replicas", 0)) < int(spec.get("replicas", 1))


def _read_condition(workload: Object) -> str:
    """Return the message of the condition ReplicaFailure; empty if it is not true, or about a failed deletion."""
    for condition in (workload.get("status") or {}).get("conditions") or []:
        if (condition["type"], condition["status"], condition.get("reason")) == ("ReplicaFailure", "True", FAILED):
            return str(condition.get("message", ""))
    return ""


def _read_event(workload: Object, events: Collection[Object]) -> tuple[str, str]:
    """Return time and message of the last attempt to create a pod, if it has failed; otherwise empty texts."""
    attempts = (event for event in list_events(workload, events) if event.get("reason") in (FAILED, SUCCEEDED))
    last = next(attempts, None)
    return (event_time(last), str(last.get("message", ""))) if last and last["reason"] == FAILED else ("", "")
