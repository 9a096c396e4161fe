"""What keeps a pod from becoming ready and does not pass by itself, in words, and what to do about it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from lab.kube import Object

CRASHES = "CrashLoopBackOff"
RESTARTS = 2
"""Restarts that a program may need while what it uses is still coming up."""
PULL_FAILED = "ErrImagePull"
"""The kubelet's word for a pull that has just failed, with the registry's words. Until the next try it says
ImagePullBackOff, without them."""
UNBOUND = "unbound immediate PersistentVolumeClaims"
"""The scheduler's words for a claim that has no volume yet. Whether it will ever get one, the claim's events tell."""


@dataclass(frozen=True)
class Meaning:
    """What a sign means, and what to do about it."""

    what: str
    remedy: str


@dataclass(frozen=True)
class Obstacle:
    """Something that keeps a pod from becoming ready.

    Arguments:
        pod: NAMESPACE/NAME.
        subject: what of the pod has it, as in "container main".
        meaning: what it is, and what to do about it.
        said: in the cluster's own words, the reason first.
        container: the container whose it is, if it is one's.
    """

    pod: str
    subject: str
    meaning: Meaning
    said: str
    container: str = ""

    def __str__(self) -> str:
        return f"pod {self.pod}, {self.subject}: {self.meaning.what} ({self.said})"


_PULL = Meaning(
    "its image cannot be pulled",
    "see that the registry has the image and gives it to the node: “not found” is one that has left its registry or is "
    "misspelt, “unauthorized” or 403 one that needs credentials, 429 a limit of pulls that a mirror helps against, and "
    "a time-out a registry that the node cannot reach",
)
KUBELET = {
    "ErrImageNeverPull": Meaning(
        "its image is not on the node, and must not be pulled",
        "load the image onto the node, or let it be pulled: imagePullPolicy IfNotPresent",
    ),
    "ImagePullBackOff": _PULL,
    PULL_FAILED: _PULL,
    "InvalidImageName": Meaning("its image has no valid name", "correct the image's name in the manifests"),
    CRASHES: Meaning(
        "its container keeps crashing",
        "its log says why; what it needs of others, such as Dex, a database or the cluster's DNS, may be out of reach",
    ),
    "CreateContainerConfigError": Meaning(
        "its container refers to something that is not there",
        "make the Secret or ConfigMap, or the key in it, that the message names",
    ),
}
"""Reasons for which the kubelet keeps a container waiting and that do not pass by themselves."""
SCHEDULER = {
    "Insufficient ": Meaning(
        "no node has enough left of what it asks for",
        "give the nodes more of what the message names (Kubeflow is advised 8 CPUs and 16 GB), or remove other pods",
    ),
    "node affinity/selector": Meaning(
        "no node has the labels that it wants",
        "label a node (`kubectl label node NODE KEY=VALUE`), or correct the pod's nodeSelector or affinity",
    ),
    "taint": Meaning(
        "every node keeps it off by a taint",
        "see what set the taint (`kubectl describe nodes`: a full disk, a node that is not ready); if it was a person, "
        "`kubectl taint node NODE KEY-` removes it",
    ),
    "were unschedulable": Meaning("the nodes are cordoned", "`kubectl uncordon NODE` opens one again"),
    "persistent volumes to bind": Meaning(
        "there is no PersistentVolume for its claim",
        "make a PersistentVolume that fits, or have the claim name a StorageClass that makes them",
    ),
    "persistentvolumeclaim": Meaning("its claim is not there", "make the PersistentVolumeClaim that the message names"),
}
"""Signs in what the scheduler says of a pod that no node takes."""
NO_NODE = Meaning("no node takes it", "make a node fit for what the message names; `kubectl describe nodes` shows them")
VOLUMES = {
    "storageclass.storage.k8s.io": Meaning(
        "its StorageClass is not there",
        "make that StorageClass, or have the claim name one that is there (`kubectl get storageclass`)",
    ),
    "ProvisioningFailed": Meaning(
        "no volume can be made for it",
        "see the log of the StorageClass's provisioner (`kubectl get storageclass` names it)",
    ),
    "FailedBinding": Meaning(
        "it has no volume, and no StorageClass that would make one",
        "mark a StorageClass as default (`kubectl annotate storageclass NAME "
        "storageclass.kubernetes.io/is-default-class=true`), delete the claim, and apply it again",
    ),
}
"""Signs in the events of a claim that stays without a volume. Waiting for its pod, or for a provisioner at work, is not
among them."""


def full_name(one: Object) -> str:
    """An object's NAMESPACE/NAME."""
    return f"{one['metadata']['namespace']}/{one['metadata']['name']}"


def of_pod(pod: Object, claims: Iterable[Object], events: Collection[Object]) -> list[Obstacle]:
    """All that keeps a pod from becoming ready, as of_claims, of_scheduling and of_containers tell it."""
    return [*of_claims(pod, claims, events), *of_scheduling(pod), *of_containers(pod)]


def of_containers(pod: Object) -> Iterator[Obstacle]:
    """What the kubelet says of a pod's containers that does not pass by itself."""
    status = pod.get("status") or {}
    for container in [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]:
        reason, message = _held_up_by(container)
        if meaning := KUBELET.get(reason):
            name, said = container["name"], f"{reason}: {message}"
            yield Obstacle(full_name(pod), f"container {name}", meaning, said, name)


def _held_up_by(container: Object) -> tuple[str, str]:
    """The kubelet's reason and message for a container that it keeps waiting, or that it soon will.

    It says only some 10 s after a crash that it waits before another try. A third crash is a loop already.
    """
    state = container.get("state") or {}
    if waiting := state.get("waiting"):
        return str(waiting.get("reason")), str(waiting.get("message", ""))
    ended = state.get("terminated") or {}
    if ended.get("exitCode") and container["restartCount"] >= RESTARTS:
        return CRASHES, f"exit status {ended['exitCode']}, after {container['restartCount']} restarts"
    return "", ""


def unscheduled(pod: Object) -> str | None:
    """Why no node takes a pod, in the scheduler's words; None where one does, or nothing is known.

    That to evict other pods would not help either is left out.
    """
    conditions = (pod.get("status") or {}).get("conditions") or []
    return next(
        (
            f"Unschedulable: {condition.get('message', '').partition(' preemption: ')[0]}"
            for condition in conditions
            if condition["type"] == "PodScheduled"
            and condition["status"] == "False"
            and condition.get("reason") == "Unschedulable"
        ),
        None,
    )


def of_scheduling(pod: Object) -> Iterator[Obstacle]:
    """What the scheduler says of a pod that no node takes, once for each thing that it lacks."""
    said = unscheduled(pod)
    if said and UNBOUND not in said:
        for meaning in [meaning for sign, meaning in SCHEDULER.items() if sign in said] or [NO_NODE]:
            yield Obstacle(full_name(pod), "on its way to a node", meaning, said)


def of_claims(pod: Object, claims: Iterable[Object], events: Collection[Object]) -> Iterator[Obstacle]:
    """What keeps the claims of a pod, which is on no node yet, without a volume.

    Arguments:
        claims: PersistentVolumeClaims; those of other pods among them do not matter.
        events: Events of PersistentVolumeClaims.
    """
    for claim, told in _pending_claims(pod, claims, events):
        signs = ((said, meaning) for said in told for sign, meaning in VOLUMES.items() if sign in said)
        for said, meaning in islice(signs, 1):
            yield Obstacle(full_name(pod), f"claim {claim}", meaning, said)


def pending_claims(pod: Object, claims: Iterable[Object], events: Collection[Object]) -> list[str]:
    """The claims of a pod, which is on no node yet, that have no volume, with what was last said of each."""
    return [
        f"claim {name} is Pending ({told[0] if told else 'nothing was said of it yet'})"
        for name, told in _pending_claims(pod, claims, events)
    ]


def _pending_claims(
    pod: Object, claims: Iterable[Object], events: Collection[Object]
) -> Iterator[tuple[str, list[str]]]:
    spec = pod.get("spec") or {}
    if spec.get("nodeName"):
        return
    volumes = [volume for volume in spec.get("volumes") or [] if "persistentVolumeClaim" in volume]
    if not volumes:
        return
    wanted = {(pod["metadata"]["namespace"], volume["persistentVolumeClaim"]["claimName"]) for volume in volumes}
    for claim in claims:
        name = claim["metadata"]["name"]
        if (claim["metadata"]["namespace"], name) in wanted and claim["status"]["phase"] == "Pending":
            yield name, _told_of(claim, events)


def _told_of(claim: Object, events: Collection[Object]) -> list[str]:
    """What events say of a claim, newest first; those of an earlier claim of the same name have another uid."""
    of_it = [event for event in events if event["involvedObject"].get("uid") == claim["metadata"]["uid"]]
    of_it.sort(key=lambda event: str(event.get("lastTimestamp") or event.get("eventTime") or ""), reverse=True)
    return [f"{event['reason']}: {event.get('message', '')}" for event in of_it]
