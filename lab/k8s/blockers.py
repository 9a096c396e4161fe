"""Blockers: the reasons why a pod does not become ready, or is not created, with their remedies.

Most of them do not disappear by themselves. Those that often do are marked in their explanation.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from lab.k8s import image_pulls
from lab.k8s.explanations import Explanation
from lab.k8s.objects import Object, qualified_name

CRASHES = "CrashLoopBackOff"
CRASH_TOPIC = "crash"
"""The topic of the explanations of containers that have crashed, whose log may contain the reason."""
CRASH_LOOP_RESTARTS = 2
"""Restarts after which a further crash counts as a crash loop; a container may need some while other services start."""
PULL_FAILED = "ErrImagePull"
"""The kubelet's reason for a pull that has just failed, with the registry's message.

Until the next attempt, the reason is ImagePullBackOff, without that message.
"""
UNBOUND = "unbound immediate PersistentVolumeClaims"
"""The scheduler's message about a claim without a volume; only the claim's events show whether it will get one."""


PULL_FAILURE = "Failed to pull image"
"""The beginning of the event about a failed pull, which contains the registry's message."""
MESH_VALIDATION = "istio-validation"
"""The init container by which Istio checks that its CNI plug-in redirects the traffic of a pod."""
NOT_REDIRECTED = Explanation(
    "Istio's CNI plug-in was not on its node when the pod was created",
    "see why the plug-in's agent does not repair the pod: `kubectl logs -n kube-system daemonset/istio-cni-node`; a "
    "new pod in its place works as soon as the agent is ready",
    topic=CRASH_TOPIC,
    may_recover=True,
)
OUT_OF_MEMORY = "OOMKilled"
"""The kubelet's reason for a container that has exceeded its memory limit."""


@dataclass(frozen=True)
class Blocker:
    """A reason why a pod does not become ready, or why the pods of a workload are not created.

    Args:
        pod: NAMESPACE/NAME of the pod or of the workload.
        subject: The part of the pod that is affected, as in "container main".
        explanation: The meaning of the reason.
        message: The reason and the message that Kubernetes reports.
        container: The name of the affected container; empty if no container is affected.
        kind: The kind of the object, as in a text.
        time: The time of the last attempt to create a pod; empty if the blocker is about a pod.
    """

    pod: str
    subject: str
    explanation: Explanation
    message: str
    container: str = ""
    kind: str = "pod"
    time: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.pod}, {self.subject}: {self.explanation.summary} ({self.message})"


_START = Explanation(
    "its container cannot be started",
    "correct what the message names: a command that the image lacks, a mount, or a name that is in use on the node",
)
KUBELET = {
    "ErrImageNeverPull": Explanation(
        "its image is not on the node, and must not be pulled",
        "load the image onto the node, or allow the node to pull it: imagePullPolicy IfNotPresent",
    ),
    "ImagePullBackOff": image_pulls.UNKNOWN,
    PULL_FAILED: image_pulls.UNKNOWN,
    "InvalidImageName": Explanation("its image name is invalid", "correct the image name in the manifests"),
    CRASHES: Explanation(
        "its container keeps crashing",
        "read the cause in its log; a service that it needs, such as Dex, a database or the cluster DNS, may be "
        "unreachable",
        topic=CRASH_TOPIC,
    ),
    "CreateContainerConfigError": Explanation(
        "its container refers to an object that does not exist",
        "create the Secret or ConfigMap, or the key in it, that the message names",
    ),
    "CreateContainerError": _START,
    "RunContainerError": _START,
}
"""Reasons for which the kubelet keeps a container waiting and that do not disappear by themselves."""
MEMORY = Explanation(
    "its container exceeds its memory limit",
    "raise resources.limits.memory of the container that the message names",
    topic=CRASH_TOPIC,
)
WARNINGS = {
    "Unhealthy": Explanation(
        "its probe fails",
        "compare the path and the port of the probe with what the container serves, and read its log; a service that "
        "it needs may be unreachable",
        may_recover=True,
    ),
    "FailedMount": Explanation(
        "a volume of it cannot be mounted",
        "create the Secret, ConfigMap or volume that the message names; cert-manager creates those of Certificates "
        "(`kubectl get certificates -A`), and istiod creates istio-ca-root-cert",
        may_recover=True,
    ),
    "FailedAttachVolume": Explanation(
        "a volume of it cannot be attached to its node",
        "find out which other node uses the volume: `kubectl get volumeattachments`",
        may_recover=True,
    ),
    "FailedCreatePodSandBox": Explanation(
        "its network cannot be created",
        "repair the CNI of the node that the message names: `kubectl get pods -n kube-system -o wide`",
        may_recover=True,
    ),
}
"""Reasons of the kubelet's warnings about a pod that does not become ready."""
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
    """Return all blockers of a pod: of its claims, of its scheduling and of its containers, and the kubelet's warnings.

    Args:
        pod: The pod.
        claims: PersistentVolumeClaims; those of other pods are ignored.
        events: Events of PersistentVolumeClaims and pods.
    """
    blockers = [
        *claim_blockers(pod, claims, events),
        *scheduling_blockers(pod),
        *container_blockers(pod, events),
    ]
    return blockers or [*warning_blockers(pod, events)]


def container_blockers(pod: Object, events: Collection[Object] = ()) -> Iterator[Blocker]:
    """Yield the blockers that the kubelet reports for the containers of a pod.

    Args:
        pod: The pod.
        events: Events; while a pull is not repeated yet, only they contain the registry's message.
    """
    status = pod.get("status") or {}
    for container in [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]:
        reason, message = _waiting_reason(container)
        if explanation := KUBELET.get(reason):
            name, text = container["name"], f"{reason}: {message}"
            if explanation is image_pulls.UNKNOWN:
                image = str(container.get("image") or "")
                if reason != PULL_FAILED and (failure := _find_pull_failure(pod, image, events)):
                    text = f"{reason}: {failure}"
                explanation = image_pulls.explain_pull(text, image)
            elif reason == CRASHES and OUT_OF_MEMORY in message:
                explanation = MEMORY
            elif reason == CRASHES and name == MESH_VALIDATION:
                explanation = NOT_REDIRECTED
            yield Blocker(qualified_name(pod), f"container {name}", explanation, text, name)


def warning_blockers(pod: Object, events: Collection[Object]) -> Iterator[Blocker]:
    """Yield the newest warning of the kubelet about a pod that is not ready for no other reason that is reported.

    Such warnings also occur during a normal start; with a container that has become ready they are obsolete.
    """
    warnings = (event for event in list_events(pod, events) if event.get("reason") in WARNINGS)
    for event in warnings:
        name = _container_name(event)
        if event["reason"] != "Unhealthy" or _awaits_probe(pod, name, event):
            subject = f"container {name}" if name else "start"
            explanation, message = WARNINGS[event["reason"]], event.get("message", "").strip()
            yield Blocker(qualified_name(pod), subject, explanation, f"{event['reason']}: {message}", name)
            return


def list_events(obj: Object, events: Iterable[Object]) -> list[Object]:
    """Return the events about an object, newest first; those about an earlier object of its name have another uid."""
    matching = [event for event in events if event["involvedObject"].get("uid") == obj["metadata"]["uid"]]
    return sorted(matching, key=event_time, reverse=True)


def event_time(event: Object) -> str:
    """Return the time at which an event occurred last, as the API server formats times; empty if it is unknown."""
    series = event.get("series") or {}
    times = (series.get("lastObservedTime"), event.get("lastTimestamp"), event.get("eventTime"))
    return str(next(filter(None, times), ""))


def _find_pull_failure(pod: Object, image: str, events: Collection[Object]) -> str:
    """Return the newest message about a failed pull of an image; empty if there is none."""
    messages = (str(event.get("message", "")) for event in list_events(pod, events) if event.get("reason") == "Failed")
    return next((text for text in messages if text.startswith(PULL_FAILURE) and (not image or image in text)), "")


def _container_name(event: Object) -> str:
    """Return the name of the container that an event is about, as in spec.containers{main}; empty if it is a pod."""
    return str(event["involvedObject"].get("fieldPath") or "").partition("{")[2].rstrip("}")


def _awaits_probe(pod: Object, container: str, event: Object) -> bool:
    """Return whether a running container is not ready, and has not been restarted since a probe has failed."""
    for status in (pod.get("status") or {}).get("containerStatuses") or []:
        if status["name"] == container or not container:
            running = (status.get("state") or {}).get("running")
            if running is not None and not status.get("ready") and event_time(event) >= running.get("startedAt", ""):
                return True
    return False


def _waiting_reason(container: Object) -> tuple[str, str]:
    """Return reason and message for a container that the kubelet keeps waiting, or soon will; empty for any other.

    The kubelet reports the back-off only some 10 s after a crash. A third crash already counts as a crash loop. The
    message about a back-off does not contain the reason of the crash, which the last state of the container has.
    """
    state = container.get("state") or {}
    if waiting := state.get("waiting"):
        reason, message = str(waiting.get("reason")), str(waiting.get("message", ""))
        last = (container.get("lastState") or {}).get("terminated")
        return reason, f"{message}; {_describe_end(last)}" if reason == CRASHES and last else message
    terminated = state.get("terminated") or {}
    if terminated.get("exitCode") and container["restartCount"] >= CRASH_LOOP_RESTARTS:
        return CRASHES, f"{_describe_end(terminated)}, after {container['restartCount']} restarts"
    return "", ""


def _describe_end(terminated: Object) -> str:
    """Return how a container has ended, as in "exit status 137, OOMKilled"."""
    reason, message = terminated.get("reason"), str(terminated.get("message") or "").strip()
    details = [*([reason] if reason and reason not in ("Error", "Completed") else []), *([message] if message else [])]
    return ", ".join([f"exit status {terminated.get('exitCode')}", *details])


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
    """Return the events about a claim, newest first."""
    return [f"{event['reason']}: {event.get('message', '')}" for event in list_events(claim, events)]
