"""A Service: its port, its selector, its target port and its endpoints."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from lab.k8s.objects import Object, ObjectRef, get_nested, label_selector
from lab.k8s.readiness import is_ready
from lab.request_path.findings import Finding, list_texts
from lab.request_path.pods import HOP as POD_HOP
from lab.request_path.pods import check_pods, declares_all_ports, find_workload, list_ports, template_labels
from lab.request_path.snapshot import Snapshot

HOP = "Service"
MIN_SIMILARITY = 0.8
"""The similarity of two names, from 0 to 1, from which one may be a misspelling of the other."""
SERVICE_LABEL = "kubernetes.io/service-name"
"""The label with the name of the Service that an EndpointSlice belongs to."""


@dataclass(frozen=True)
class Reference:
    """The field of an object that names a Service and one of its ports.

    Args:
        hop: The kind of the hop that the object is.
        ref: The object.
        service: The Service that it names.
        port: The number or the name of the port; None if it names none.
        service_field: The field that names the Service.
        port_field: The field that names the port.
    """

    hop: str
    ref: ObjectRef
    service: ObjectRef
    port: int | str | None
    service_field: str
    port_field: str


def check_reference(snapshot: Snapshot, reference: Reference) -> Iterator[Finding]:
    """Yield that the Service does not exist, or does not have the port, which the object before it names.

    Args:
        snapshot: The objects of the cluster.
        reference: The reference to the Service.
    """
    service = snapshot.get(reference.service)
    if service is None:
        names = [obj["metadata"]["name"] for obj in snapshot.list_objects(HOP, reference.service.namespace)]
        similar = difflib.get_close_matches(reference.service.name, names, n=1, cutoff=MIN_SIMILARITY)
        yield Finding(
            reference.hop,
            reference.ref,
            reference.service_field,
            f"a Service that exists{f', such as {similar[0]}' if similar else ''}",
            f"{reference.service.name}, which does not exist in {reference.service.namespace}",
        )
    elif reference.port is not None and find_port(service, reference.port) is None:
        yield Finding(
            reference.hop,
            reference.ref,
            reference.port_field,
            f"a port of the Service {reference.service.name}: {_describe_ports(service)}",
            str(reference.port),
        )


def check_service(snapshot: Snapshot, ref: ObjectRef, port: int | str | None) -> Iterator[Finding]:
    """Yield what prevents requests to a port of a Service from reaching a pod.

    Args:
        snapshot: The objects of the cluster.
        ref: The Service; check_reference reports if it does not exist.
        port: The number or the name of the port; None for the only one.
    """
    service = snapshot.get(ref)
    if service is None or get_nested(service, "spec", "type") == "ExternalName":
        return
    if port is not None and find_port(service, port) is None:
        yield Finding(HOP, ref, "spec.ports", f"the port {port}", _describe_ports(service))
    selector = get_nested(service, "spec", "selector")
    if not selector:
        if not has_endpoints(snapshot, ref):
            yield Finding(HOP, ref, "spec.selector", "a selector, or Endpoints with an address", "neither")
        return
    pods = snapshot.list_pods(ref.namespace, selector)
    if not pods:
        yield _explain_missing_pods(snapshot, ref, selector)
        return
    if service_port := find_port(service, port):
        yield from _check_target_port(ref, service, service_port, pods)
    yield from check_pods(snapshot, pods)
    if not has_endpoints(snapshot, ref):
        names = list_texts(pod["metadata"]["name"] for pod in pods)
        remedy = f"compare them: `kubectl get endpointslices -n {ref.namespace} -l {SERVICE_LABEL}={ref.name}`"
        yield Finding(HOP, ref, "its endpoints", f"the ready pods {names}", "none", is_certain=False, remedy=remedy)


def find_port(service: Object, port: int | str | None) -> Object | None:
    """Return the port of a Service with a number or a name; without either, its only port."""
    ports = list_ports_of(service)
    if port is None:
        return ports[0] if len(ports) == 1 else None
    return next((each for each in ports if port in (each["port"], each.get("name"))), None)


def find_target_port(service: Object, port: int | str | None, pods: Iterable[Object]) -> int | None:
    """Return the number of the pods' port that requests to a port of a Service get to, or None."""
    service_port = find_port(service, port)
    if service_port is None:
        return None
    target = read_target(service_port)
    if isinstance(target, int):
        return target
    ports = (each for pod in pods for each in list_ports(pod) if each.get("name") == target)
    return next((int(each["containerPort"]) for each in ports), None)


def read_target(service_port: Object) -> int | str:
    """Return the target of a port of a Service: the number of a port of the pods, or its name."""
    target = str(service_port.get("targetPort") or service_port["port"])
    return int(target) if target.isdigit() else target


def list_ports_of(service: Object) -> list[Object]:
    """Return the ports of a Service."""
    return get_nested(service, "spec", "ports") or []


def list_selected_pods(snapshot: Snapshot, ref: ObjectRef) -> list[Object]:
    """Return the pods that a Service selects; none if it does not exist, or has no selector."""
    selector = get_nested(snapshot.get(ref), "spec", "selector")
    return snapshot.list_pods(ref.namespace, selector) if selector else []


def has_endpoints(snapshot: Snapshot, ref: ObjectRef) -> bool:
    """Return whether a Service has a ready endpoint, in EndpointSlices or in Endpoints."""
    slices = [
        obj
        for obj in snapshot.list_objects("EndpointSlice", ref.namespace)
        if (obj["metadata"].get("labels") or {}).get(SERVICE_LABEL) == ref.name
    ]
    # A condition that is missing counts as true.
    endpoints = [endpoint for obj in slices for endpoint in obj.get("endpoints") or []]
    if any(get_nested(endpoint, "conditions", "ready") is not False for endpoint in endpoints):
        return True
    subsets = (snapshot.get(ObjectRef("Endpoints", ref.name, ref.namespace)) or {}).get("subsets") or []
    return any(subset.get("addresses") for subset in subsets)


def _explain_missing_pods(snapshot: Snapshot, ref: ObjectRef, selector: Mapping[str, str]) -> Finding:
    """Return why a selector matches no pod: the workload has none, or no workload has these labels."""
    labels, namespace = label_selector(selector), ref.namespace
    workload = find_workload(snapshot, namespace, selector)
    if workload is None:
        expected = _describe_labels(snapshot, ref, selector)
        remedy = f"compare it with the labels of the pods: `kubectl get pods -n {namespace} --show-labels`"
        return Finding(HOP, ref, "spec.selector", expected, f"{labels}, which matches no pod", remedy=remedy)
    owner = ObjectRef(workload["kind"], workload["metadata"]["name"], namespace)
    if get_nested(workload, "spec", "replicas") == 0:
        command = f"kubectl scale -n {namespace} {owner.kubectl_name.lower()} --replicas=1"
        return Finding(POD_HOP, owner, "spec.replicas", "at least 1", "0", remedy=f"start its pods: `{command}`")
    command = f"kubectl describe -n {namespace} {owner.kubectl_name.lower()}"
    return Finding(POD_HOP, owner, "status.replicas", "at least 1", "no pod", remedy=f"find the reason: `{command}`")


def _describe_labels(snapshot: Snapshot, ref: ObjectRef, selector: Mapping[str, str]) -> str:
    """Return the labels that a selector should have: those of the workload that is most similar by labels and name."""
    workloads = [obj for kind in ("Deployment", "StatefulSet") for obj in snapshot.list_objects(kind, ref.namespace)]

    def similarity(workload: Object) -> tuple[int, float]:
        common = len(selector.items() & template_labels(workload).items())
        return common, difflib.SequenceMatcher(None, ref.name, workload["metadata"]["name"]).ratio()

    best = max(workloads, key=similarity, default=None)
    if best is None:
        return "the labels of pods"
    labels = get_nested(best, "spec", "selector", "matchLabels") or template_labels(best)
    return f"labels of a pod, such as those of {best['kind']} {best['metadata']['name']}: {label_selector(labels)}"


def _check_target_port(ref: ObjectRef, service: Object, port: Object, pods: list[Object]) -> Iterator[Finding]:
    """Yield that no container of a pod has the target port of a Service.

    A container need not declare the numbers of its ports, so a number that is not declared is no certain finding.
    """
    target = read_target(port)
    field = f"spec.ports[{list_ports_of(service).index(port)}].targetPort"
    pod = next(filter(is_ready, pods), pods[0])
    declared = list_ports(pod)
    ports = list_texts(_describe_port(each["containerPort"], each.get("name")) for each in declared)
    expected = f"a port of the pods: {ports}"
    if isinstance(target, str):
        if all(each.get("name") != target for each in declared):
            yield Finding(HOP, ref, field, expected, f"{target}, a name that no port of {pod['metadata']['name']} has")
    elif declares_all_ports(pod) and target not in [each["containerPort"] for each in declared]:
        yield Finding(HOP, ref, field, expected, str(target), is_certain=False)


def _describe_ports(service: Object) -> str:
    return list_texts(_describe_port(port["port"], port.get("name")) for port in list_ports_of(service))


def _describe_port(number: int, name: str | None) -> str:
    return f"{number} ({name})" if name else str(number)
