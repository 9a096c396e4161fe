"""Following a rejection to the object that is its cause: a webhook to its pod, a namespace to what it still contains.

The API server only reports that a webhook does not answer. The chain of objects behind it is: the configuration of the
webhook, its Service, the Service's pods, and the workload that should create them.
"""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from lab.k8s.blocker_tracker import BlockerTracker
from lab.k8s.blockers import Blocker, pod_blockers
from lab.k8s.client import TRANSIENT_ERRORS, Kube
from lab.k8s.explanations import Explanation
from lab.k8s.kubectl_rejections import Rejection
from lab.k8s.objects import (
    Object,
    ObjectRef,
    find_by_name,
    get_nested,
    is_terminated,
    label_selector,
    qualified_name,
)
from lab.k8s.readiness import describe_unready, is_ready
from lab.k8s.workload_blockers import creation_blockers

CONFIGURATIONS = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")
CONTROLLERS = ("Deployment", "StatefulSet", "DaemonSet")
INTERVAL = 2.0
"""Seconds between two observations: a round of rejections may take less than one."""
_SERVICE_URL = re.compile(r"https://(?P<name>[a-z0-9-]+)\.(?P<namespace>[a-z0-9-]+)\.svc(?::(?P<port>\d+))?[/?\"]")
_OBSTRUCTIONS = (
    "NamespaceFinalizersRemaining",
    "NamespaceDeletionDiscoveryFailure",
    "NamespaceDeletionGroupVersionParsingFailure",
    "NamespaceDeletionContentFailure",
)
"""The conditions of a namespace whose deletion does not end by itself."""
_REMAINING = "NamespaceContentRemaining"
_RELEASED_WITH_PODS = "kubernetes.io/pvc-protection"
"""The finalizer of a claim, which is removed when the last pod that uses it has ended."""


@dataclass(frozen=True)
class Trace:
    """The result of one observation.

    Args:
        awaited: Texts about the objects that are waited for.
        lasting: The blockers of these objects, if one of them has lasted too long.
    """

    awaited: tuple[str, ...] = ()
    lasting: tuple[Blocker, ...] = ()


@dataclass(frozen=True)
class _Target:
    """The Service of a webhook.

    Args:
        name: The name of the Service.
        namespace: Its namespace.
        port: Its port.
        configurations: The configurations of the webhook, as in validatingwebhookconfiguration/istio-validator; empty
            if they are not known.
    """

    name: str
    namespace: str
    port: int
    configurations: str = ""

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


class RejectionTracer:
    """Follows rejections to the objects that cause them, and remembers how long these have had a blocker.

    Args:
        kube: The API of the cluster.
        manifests: The objects of the manifests.
        patience: Seconds for which a blocker may last.
    """

    def __init__(self, kube: Kube, manifests: Iterable[Object], patience: float) -> None:
        self._kube = kube
        self._manifests = list(manifests)
        self._tracker = BlockerTracker(patience)
        self._interval = min(INTERVAL, patience / 4)  # the tracker forgets what it has not seen for the patience
        self._last, self._trace = 0.0, Trace()
        self._grace = patience / 4
        self._kinds_seen: dict[tuple[str, str], float] = {}

    def trace(self, rejections: Sequence[Rejection]) -> Trace:
        """Return what the rejections are waiting for, as it was observed at most two seconds ago."""
        now = time.monotonic()
        if self._last and now - self._last < self._interval:
            return self._trace
        previous, self._last = self._last, now
        awaited: dict[str, None] = {}
        blockers: dict[str, Blocker] = {}
        ready: set[str] = set()
        try:
            for text, found in self._follow_all(rejections, ready):
                awaited[text] = None
                blockers |= {str(blocker): blocker for blocker in found if not blocker.explanation.may_recover}
        except TRANSIENT_ERRORS:
            return self._trace
        if previous and now - previous > self._grace:
            self._tracker.bridge_gap(now)  # a round in which webhooks time out takes minutes
        lasting = self._tracker.update(blockers.values(), ready, now)
        self._trace = Trace(tuple(awaited), tuple(lasting))
        return self._trace

    def _follow_all(
        self, rejections: Sequence[Rejection], ready: set[str]
    ) -> Iterator[tuple[str, Collection[Blocker]]]:
        """Yield a text and the blockers of each object that causes a rejection; add the ready pods to a set."""
        webhooks = {rejection.cause.webhook: rejection.text for rejection in rejections if rejection.cause.webhook}
        namespaces = {rejection.cause.namespace: None for rejection in rejections if rejection.cause.namespace}
        if webhooks:
            configurations = [obj for kind in CONFIGURATIONS for obj in self._kube.list_objects(kind)]
            for webhook, text in webhooks.items():
                for target in _find_targets(webhook, text, configurations):
                    yield self._follow_service(webhook, target, ready)
        if namespaces:
            known = self._kube.list_objects("Namespace")
            for name in namespaces:
                if (namespace := find_by_name(known, name)) and "deletionTimestamp" in namespace["metadata"]:
                    yield _follow_namespace(namespace)
        for kind in self._list_lasting_kinds(rejections):
            if (crd := self._find_crd(kind)) and (found := _follow_crd(crd)):
                yield f"kind {kind[1]}: CRD {crd['metadata']['name']}", found

    def _follow_service(self, webhook: str, target: _Target, ready: set[str]) -> tuple[str, Collection[Blocker]]:
        where = f"webhook {webhook}: Service {target}"
        service = self._kube.get("Service", target.name, target.namespace)
        if service is None:
            if self._is_defined(ObjectRef("Service", target.name, target.namespace)):
                return f"{where}, which does not exist yet", ()
            return where, [_block_missing_service(webhook, target)]
        ports = [port["port"] for port in service["spec"].get("ports") or []]
        if target.port not in ports:
            return where, [_block_port(webhook, target, ports)]
        selector = service["spec"].get("selector")
        if not selector:
            return where, ()
        pods = self._kube.list_objects("Pod", target.namespace, label_selector(selector))
        pods = [pod for pod in pods if not is_terminated(pod)]
        if not pods:
            return where, self._follow_workloads(webhook, target, selector)
        ready |= {qualified_name(pod) for pod in pods if is_ready(pod)}
        unready = [pod for pod in pods if not is_ready(pod)]
        if len(unready) < len(pods):
            return f"{where}, which has a ready pod", ()
        events = self._kube.list_objects("Event", target.namespace)
        claims = self._kube.list_objects("PersistentVolumeClaim", target.namespace)
        names = ", ".join(describe_unready(unready, events))
        return f"{where}, pod {names}", [found for pod in unready for found in pod_blockers(pod, claims, events)]

    def _follow_workloads(self, webhook: str, target: _Target, selector: Object) -> list[Blocker]:
        """Return the blockers of the workloads whose pods the Service selects, and of which there are none."""
        workloads = [
            obj
            for kind in CONTROLLERS
            for obj in self._kube.list_objects(kind, target.namespace)
            if _creates_pods(obj, selector)
        ]
        if not workloads:
            is_pending = any(
                get_nested(obj, "metadata", "namespace") == target.namespace and _creates_pods(obj, selector)
                for obj in self._manifests
                if obj.get("kind") in CONTROLLERS
            )
            return [] if is_pending else [_block_missing_workload(webhook, target, selector)]
        stopped = [obj for obj in workloads if obj["spec"].get("replicas") == 0]
        if len(stopped) == len(workloads):
            return [_block_stopped_workload(webhook, stopped[0])]
        events = self._kube.list_objects("Event", target.namespace)
        replica_sets = self._kube.list_objects("ReplicaSet", target.namespace)
        return [found for obj in workloads for found in creation_blockers(obj, replica_sets, events)]

    def _list_lasting_kinds(self, rejections: Iterable[Rejection]) -> list[tuple[str, str]]:
        """Return the kinds that are not served although their CRDs were created some time ago.

        After the first round, all kinds of the manifests can be missing for a moment, and CRDs are large.
        """
        kinds = {rejection.cause.kind for rejection in rejections if rejection.cause.kind}
        self._kinds_seen = {kind: self._kinds_seen.get(kind, self._last) for kind in kinds}
        return [kind for kind, seen in self._kinds_seen.items() if self._last - seen >= self._grace]

    def _find_crd(self, kind: tuple[str, str]) -> Object | None:
        """Return the CRD in the cluster of a kind that the manifests define, or None."""
        group = kind[0].rpartition("/")[0]
        for obj in self._manifests:
            defined = (get_nested(obj, "spec", "group"), get_nested(obj, "spec", "names", "kind"))
            if obj.get("kind") == "CustomResourceDefinition" and defined == (group, kind[1]):
                return self._kube.get("CustomResourceDefinition", obj["metadata"]["name"])
        return None

    def _is_defined(self, ref: ObjectRef) -> bool:
        return any(
            (obj.get("kind"), get_nested(obj, "metadata", "name"), get_nested(obj, "metadata", "namespace"))
            == (ref.kind, ref.name, ref.namespace)
            for obj in self._manifests
        )


def _find_targets(webhook: str, text: str, configurations: Iterable[Object]) -> list[_Target]:
    """Return the Services of a webhook: those of its configurations, or else the one in the URL of the message.

    A component often has a mutating and a validating webhook with the same name and the same Service.
    """
    found: dict[tuple[str, str, int], list[str]] = {}
    for obj in configurations:
        for hook in obj.get("webhooks") or []:
            if hook["name"] == webhook and (service := hook["clientConfig"].get("service")):
                key = (service["name"], service["namespace"], service.get("port") or 443)
                found.setdefault(key, []).append(f"{obj['kind'].lower()}/{obj['metadata']['name']}")
    if not found and (url := _SERVICE_URL.search(text)):
        found[url["name"], url["namespace"], int(url["port"] or 443)] = []
    return [_Target(*key, " ".join(names)) for key, names in found.items()]


def _creates_pods(workload: Object, selector: Object) -> bool:
    labels = get_nested(workload, "spec", "template", "metadata", "labels") or {}
    return bool(selector.items() <= labels.items())


def _block_missing_service(webhook: str, target: _Target) -> Blocker:
    delete = (
        f", or delete what is left of it: `kubectl delete {target.configurations}`" if target.configurations else ""
    )
    return Blocker(
        str(target),
        f"webhook {webhook}",
        Explanation(
            "the Service of the webhook does not exist, and the manifests do not have it",
            f"install the component that the webhook belongs to{delete}",
        ),
        "not found",
        kind="Service",
    )


def _block_port(webhook: str, target: _Target, ports: Collection[int]) -> Blocker:
    return Blocker(
        str(target),
        f"webhook {webhook}",
        Explanation(
            f"the Service has no port {target.port}, which the webhook is called at",
            f"correct the port of the webhook or of its Service: `kubectl get service -n {target.namespace} "
            f"{target.name} -o yaml`",
        ),
        f"its ports are {', '.join(map(str, ports)) or 'none'}",
        kind="Service",
    )


def _block_missing_workload(webhook: str, target: _Target, selector: Object) -> Blocker:
    return Blocker(
        str(target),
        f"webhook {webhook}",
        Explanation(
            "the Service selects no pod, and no workload creates such pods",
            f"install the workload, or correct the selector of the Service: `kubectl get service -n {target.namespace} "
            f"{target.name} -o yaml`",
        ),
        f"its selector is {label_selector(selector)}",
        kind="Service",
    )


def _block_stopped_workload(webhook: str, workload: Object) -> Blocker:
    namespace, name = workload["metadata"]["namespace"], workload["metadata"]["name"]
    return Blocker(
        qualified_name(workload),
        f"webhook {webhook}",
        Explanation(
            "it is set to 0 replicas",
            f"start it: `kubectl scale -n {namespace} {workload['kind'].lower()}/{name} --replicas=1`",
        ),
        "no pod",
        kind=workload["kind"],
    )


def _follow_namespace(namespace: Object) -> tuple[str, Collection[Blocker]]:
    """Return a text about a namespace that is being deleted, and its blocker if that does not end by itself."""
    name = namespace["metadata"]["name"]
    conditions = {
        condition["type"]: str(condition.get("message", ""))
        for condition in get_nested(namespace, "status", "conditions") or []
        if condition["status"] == "True"
    }
    finalizers = namespace["metadata"].get("finalizers") or []
    obstructions = [conditions[kind] for kind in _OBSTRUCTIONS if kind in conditions]
    remaining = conditions.get(_REMAINING, "")
    if "pods. has" in remaining and all(_RELEASED_WITH_PODS in text for text in obstructions):
        obstructions = []  # pods have some time to end, and their claims follow
    if finalizers and not remaining:
        obstructions.append(f"the namespace itself has the finalizers {', '.join(finalizers)}")
    text = f"namespace {name}, which is being deleted"
    if not obstructions:
        return text, ()
    explanation = Explanation(
        "the namespace is being deleted, and something keeps it",
        f"start the controller that handles the finalizer; if it no longer exists, remove the finalizer from each "
        f"object (`kubectl patch KIND NAME -n {name} --type=merge -p "
        '\'{"metadata":{"finalizers":null}}\'`); with a failed discovery, delete the APIService that is not available '
        "(`kubectl get apiservices`)",
    )
    return text, [
        Blocker(name, "deletion", explanation, "; ".join(filter(None, [remaining, *obstructions])), kind="namespace")
    ]


def _follow_crd(crd: Object) -> list[Blocker]:
    """Return the blocker of a CRD whose kind will never be served."""
    name = crd["metadata"]["name"]
    conditions = {condition["type"]: condition for condition in get_nested(crd, "status", "conditions") or []}
    if "deletionTimestamp" in crd["metadata"]:
        explanation = Explanation(
            "the CRD is being deleted, and objects with finalizers keep it",
            f"start the controller that handles the finalizers, or remove them: `kubectl get {name} -A -o yaml`",
        )
        message = str((conditions.get("Terminating") or {}).get("message", "its deletion has not ended"))
        return [Blocker(name, "deletion", explanation, message, kind="CRD")]
    names = conditions.get("NamesAccepted") or {}
    if names.get("status") == "False":
        explanation = Explanation(
            "another CRD has the same names",
            f"delete the other CRD, which the message names, and apply again: `kubectl get crd {name} -o yaml`",
        )
        return [Blocker(name, "names", explanation, str(names.get("message", "")), kind="CRD")]
    return []
