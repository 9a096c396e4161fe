"""Blockers: the reasons why a pod does not become ready that do not disappear by themselves, with their remedies."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from lab.k8s.objects import Object, qualified_name

CRASHES = "CrashLoopBackOff"
CRASH_LOOP_RESTARTS = 2
"""Restarts after which a further crash counts as a crash loop; a container may need some while other services start."""
PULL_FAILED = "ErrImagePull"
"""The kubelet's reason for a pull that has just failed, with the registry's message.

Until the next attempt, the reason is ImagePullBackOff, without that message.
"""
UNBOUND = "unbound immediate PersistentVolumeClaims"
"""The scheduler's message about a claim without a volume; only the claim's events show whether it will get one."""


@dataclass(frozen=True)
class Explanation:
    """The meaning of a reason that Kubernetes reports.

    Args:
        summary: The problem.
        remedy: What to do about it.
    """

    summary: str
    remedy: str


@dataclass(frozen=True)
class Blocker:
    """A reason why a pod does not become ready.

    Args:
        pod: NAMESPACE/NAME of the pod.
        subject: The part of the pod that is affected, as in "container main".
        explanation: The meaning of the reason.
        message: The reason and the message that Kubernetes reports.
        container: The name of the affected container; empty if no container is affected.
    """

    pod: str
    subject: str
    explanation: Explanation
    message: str
    container: str = ""

    def __str__(self) -> str:
        return f"pod {self.pod}, {self.subject}: {self.explanation.summary} ({self.message})"


_PULL = Explanation(
    "its image cannot be pulled",
    'check that the registry has the image and serves it to the node: "not found" means that the image was removed or '
    'is misspelled, "unauthorized" or 403 that it requires credentials, 429 that the registry limits pulls (use a '
    "mirror), and a time-out that the node cannot reach the registry",
)
KUBELET = {
    "ErrImageNeverPull": Explanation(
        "its image is not on the node, and must not be pulled",
        "load the image onto the node, or allow the node to pull it: imagePullPolicy IfNotPresent",
    ),
    "ImagePullBackOff": _PULL,
    PULL_FAILED: _PULL,
    "InvalidImageName": Explanation("its image name is invalid", "correct the image name in the manifests"),
    CRASHES: Explanation(
        "its container keeps crashing",
        "read the cause in its log; a service that it needs, such as Dex, a database or the cluster DNS, may be "
        "unreachable",
    ),
    "CreateContainerConfigError": Explanation(
        "its container refers to an object that does not exist",
        "create the Secret or ConfigMap, or the key in it, that the message names",
    ),
}
"""Reasons for which the kubelet keeps a container waiting and that do not disappear by themselves."""
SCHEDULER = {
    "Insufficient ": Explanation(
        "no node has enough free resources for it",
        "give the nodes more of the resource that the message names (recommended for Kubeflow: 8 CPUs and 16 GB), or "
        "remove other pods",
    ),
    "node affinity/selector": Explanation(
        "no node has the labels that it requires",
        "label a node (`kubectl label node NODE KEY=VALUE`), or correct the pod's nodeSelector or affinity",
    ),
    "taint": Explanation(
        "every node has a taint that it does not tolerate",
        "find out what set the taint (`kubectl describe nodes`; for example a full disk, or a node that is not ready); "
        "if a user set it, `kubectl taint node NODE KEY-` removes it",
    ),
    "were unschedulable": Explanation(
        "the nodes are cordoned", "make a node schedulable again: `kubectl uncordon NODE`"
    ),
    "persistent volumes to bind": Explanation(
        "no PersistentVolume matches its claim",
        "create a matching PersistentVolume, or let the claim name a StorageClass that provisions one",
    ),
    "persistentvolumeclaim": Explanation(
        "its claim does not exist", "create the PersistentVolumeClaim that the message names"
    ),
}
"""Explanations by a part of the scheduler's message about a pod that fits no node."""
NO_NODE = Explanation(
    "it fits no node", "change a node to fulfill what the message names; `kubectl describe nodes` shows the nodes"
)
VOLUMES = {
    "storageclass.storage.k8s.io": Explanation(
        "its StorageClass does not exist",
        "create that StorageClass, or let the claim name an existing one (`kubectl get storageclass`)",
    ),
    "ProvisioningFailed": Explanation(
        "its volume could not be provisioned",
        "read the log of the StorageClass's provisioner (`kubectl get storageclass` shows its name)",
    ),
    "FailedBinding": Explanation(
        "it has no volume, and there is no default StorageClass that would provision one",
        "mark a StorageClass as default (`kubectl annotate storageclass NAME "
        "storageclass.kubernetes.io/is-default-class=true`), delete the claim, and apply it again",
    ),
}
"""Explanations by a part of an event about a claim that stays without a volume.

A claim that waits for its pod, or for a provisioner at work, has other events.
"""


def pod_blockers(pod: Object, claims: Iterable[Object], events: Collection[Object]) -> list[Blocker]:
    """Return all blockers of a pod: of its claims, of its scheduling and of its containers.

    Args:
        pod: The pod.
        claims: PersistentVolumeClaims; those of other pods are ignored.
        events: Events of PersistentVolumeClaims.
    """
    return [*claim_blockers(pod, claims, events), *scheduling_blockers(pod), *container_blockers(pod)]


def container_blockers(pod: Object) -> Iterator[Blocker]:
    """Yield the blockers that the kubelet reports for the containers of a pod."""
    status = pod.get("status") or {}
    for container in [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]:
        reason, message = _waiting_reason(container)
        if explanation := KUBELET.get(reason):
            name = container["name"]
            yield Blocker(qualified_name(pod), f"container {name}", explanation, f"{reason}: {message}", name)


def _waiting_reason(container: Object) -> tuple[str, str]:
    """Return reason and message for a container that the kubelet keeps waiting, or soon will; empty for any other.

    The kubelet reports the back-off only some 10 s after a crash. A third crash already counts as a crash loop.
    """
    state = container.get("state") or {}
    if waiting := state.get("waiting"):
        return str(waiting.get("reason")), str(waiting.get("message", ""))
    terminated = state.get("terminated") or {}
    if terminated.get("exitCode") and container["restartCount"] >= CRASH_LOOP_RESTARTS:
        return CRASHES, f"exit status {terminated['exitCode']}, after {container['restartCount']} restarts"
    return "", ""


def scheduling_message(pod: Object) -> str | None:
    """Return the scheduler's message about a pod that fits no node, or None if it reports none.

    The part about preemption is removed: it only states that evicting other pods would not help.
    """
    for condition in (pod.get("status") or {}).get("conditions") or []:
        state = (condition["type"], condition["status"], condition.get("reason"))
        if state == ("PodScheduled", "False", "Unschedulable"):
            return f"Unschedulable: {condition.get('message', '').partition(' preemption: ')[0]}"
    return None


def scheduling_blockers(pod: Object) -> Iterator[Blocker]:
    """Yield a blocker for each requirement of a pod that no node fulfills, as the scheduler reports it."""
    message = scheduling_message(pod)
    if message and UNBOUND not in message:
        explanations = [explanation for part, explanation in SCHEDULER.items() if part in message]
        for explanation in explanations or [NO_NODE]:
            yield Blocker(qualified_name(pod), "scheduling", explanation, message)


def claim_blockers(pod: Object, claims: Iterable[Object], events: Collection[Object]) -> Iterator[Blocker]:
    """Yield the blockers of the claims of a pod that is not scheduled yet; see pod_blockers."""
    for claim, messages in _pending_claims(pod, claims, events):
        for message in messages:
            if explanation := _explain_claim_event(message):
                yield Blocker(qualified_name(pod), f"claim {claim}", explanation, message)
                break


def describe_pending_claims(pod: Object, claims: Iterable[Object], events: Collection[Object]) -> list[str]:
    """Return a line for each claim without a volume of a pod that is not scheduled yet, with the claim's last event."""
    return [
        f"claim {name} is Pending ({messages[0] if messages else 'no event about it yet'})"
        for name, messages in _pending_claims(pod, claims, events)
    ]


def _explain_claim_event(message: str) -> Explanation | None:
    return next((explanation for part, explanation in VOLUMES.items() if part in message), None)


def _pending_claims(
    pod: Object, claims: Iterable[Object], events: Collection[Object]
) -> Iterator[tuple[str, list[str]]]:
    """Yield the name of each pending claim of an unscheduled pod, with the messages of the claim's events."""
    spec = pod.get("spec") or {}
    if spec.get("nodeName"):
        return
    volumes = spec.get("volumes") or []
    names = {volume["persistentVolumeClaim"]["claimName"] for volume in volumes if "persistentVolumeClaim" in volume}
    if not names:
        return
    for claim in claims:
        name, namespace = claim["metadata"]["name"], claim["metadata"]["namespace"]
        is_used = name in names and namespace == pod["metadata"]["namespace"]
        if is_used and claim["status"]["phase"] == "Pending":
            yield name, _event_messages(claim, events)


def _event_messages(claim: Object, events: Collection[Object]) -> list[str]:
    """Return the events about a claim, newest first; those about an earlier claim of this name have another uid."""
    matching = [event for event in events if event["involvedObject"].get("uid") == claim["metadata"]["uid"]]
    matching.sort(key=lambda event: str(event.get("lastTimestamp") or event.get("eventTime") or ""), reverse=True)
    return [f"{event['reason']}: {event.get('message', '')}" for event in matching]
