"""The objects that may reject a request before a pod: DestinationRules, AuthorizationPolicies, NetworkPolicies.

A condition can be unknown: it depends on the client, or on a token. Only what is certain is a finding.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from lab.k8s.objects import Object, ObjectRef, get_nested, is_selected, label_selector
from lab.k8s.sidecars import NO_INJECTION, has_injection, has_sidecar
from lab.request_path.findings import Finding, list_texts
from lab.request_path.hosts import Mesh
from lab.request_path.pods import list_ports
from lab.request_path.snapshot import ROOT_NAMESPACE, Snapshot, labels_of

RULE_HOP, POLICY_HOP, NETWORK_HOP = "DestinationRule", "AuthorizationPolicy", "NetworkPolicy"
MUTUAL = "ISTIO_MUTUAL"


@dataclass(frozen=True)
class Call:
    """A request from one pod to another, as policies see it.

    Args:
        source: A pod that sends it; None if it comes from outside of the cluster.
        principal: The identity of the sender in Istio; empty if it has none.
        host: The host of the request.
        path: The path of the request.
        port: The port of the pod.
    """

    source: Object | None
    principal: str
    host: str
    path: str
    port: int | None


def check_destination_rule(
    snapshot: Snapshot, service: ObjectRef, subset: str, pods: Sequence[Object], caller_namespace: str, mesh: Mesh
) -> Iterator[Finding]:
    """Yield that the DestinationRule of a Service requires what its pods do not have: a sidecar, or labels.

    Args:
        snapshot: The objects of the cluster.
        service: The Service.
        subset: The subset that a VirtualService names; empty for none.
        pods: The pods of the Service.
        caller_namespace: The namespace of the pods that send requests.
        mesh: The mesh.
    """
    rule = find_destination_rule(snapshot, service, caller_namespace, mesh)
    subsets = get_nested(rule, "spec", "subsets") or []
    found = next((each for each in subsets if each.get("name") == subset), None)
    if subset and found is None:
        ref = ObjectRef.from_object(rule) if rule else ObjectRef(RULE_HOP, service.name, service.namespace)
        seen = list_texts(each.get("name") for each in subsets) if rule else "no DestinationRule"
        yield Finding(RULE_HOP, ref, "spec.subsets", f"the subset {subset}, which a VirtualService names", seen)
    if rule is None:
        return
    ref = ObjectRef.from_object(rule)
    labels = (found or {}).get("labels") or {}
    in_subset = [pod for pod in pods if labels.items() <= labels_of(pod).items()]
    if pods and not in_subset:
        field = f"spec.subsets[{subsets.index(found)}].labels"
        yield Finding(RULE_HOP, ref, field, "labels of a pod", f"{label_selector(labels)}, which matches no pod")
    for field, mode in _list_tls_modes(rule, found):
        without = [pod for pod in in_subset if not has_sidecar(pod)]
        if mode == MUTUAL and without:
            seen = f"{mode}, and {without[0]['metadata']['name']} has no sidecar (container istio-proxy)"
            if has_injection(snapshot.get(ObjectRef("Namespace", service.namespace))):
                yield Finding(RULE_HOP, ref, field, "pods with a sidecar", seen, remedy=_give_sidecar(without[0]))
            else:
                yield Finding(RULE_HOP, ref, field, "DISABLE, or pods with a sidecar", seen)
        elif mode in ("SIMPLE", "MUTUAL") and not any("443" in str(port["containerPort"]) for port in _ports(pods)):
            yield Finding(RULE_HOP, ref, field, f"{MUTUAL} or DISABLE", mode, is_certain=False)


def _give_sidecar(pod: Object) -> str:
    """Return the remedy where the namespace has sidecars: without mutual TLS, any pod could send the user header."""
    name = f"-n {pod['metadata']['namespace']} pod/{pod['metadata']['name']}"
    [(label, value)] = NO_INJECTION.items()
    is_excluded = labels_of(pod).get(label) == value
    reason = f"remove the label {label}={value} from the template of its workload, " if is_excluded else ""
    restart = f"check that istiod is ready, and let the workload replace the pod: `kubectl delete {name}`"
    return f"give the pod a sidecar, and keep mutual TLS: {reason}{restart}"


def find_destination_rule(snapshot: Snapshot, service: ObjectRef, caller_namespace: str, mesh: Mesh) -> Object | None:
    """Return the DestinationRule that applies to requests to a Service, or None.

    That of the namespace of the caller comes first, then that of the Service, then that of the root namespace; in each,
    the one with the most specific host.
    """
    host = mesh.complete(service)
    for namespace in dict.fromkeys((caller_namespace, service.namespace, ROOT_NAMESPACE)):
        rules = [
            obj for obj in snapshot.list_objects(RULE_HOP, namespace) if _matches_service(obj, host, service, mesh)
        ]
        if rules:
            return max(rules, key=lambda obj: len(str(get_nested(obj, "spec", "host"))))
    return None


def uses_mutual_tls(rule: Object | None, subset: str) -> bool:
    """Return whether a DestinationRule leaves the sender its identity, as Istio does by default."""
    subsets = get_nested(rule, "spec", "subsets") or []
    found = next((each for each in subsets if each.get("name") == subset), None)
    return all(mode == MUTUAL for _, mode in _list_tls_modes(rule or {}, found))


def check_authorization(snapshot: Snapshot, pods: Sequence[Object], call: Call) -> Iterator[Finding]:
    """Yield the AuthorizationPolicy that certainly rejects a request.

    Policies apply to pods with Istio's proxy. One that denies comes first; then one that allows must match, if any
    policy with this action applies to the pod.

    Args:
        snapshot: The objects of the cluster.
        pods: The pods that the request is for.
        call: The request.
    """
    for pod in (pod for pod in pods if has_sidecar(pod)):
        policies = [obj for obj in snapshot.list_objects(POLICY_HOP) if _applies(obj, pod)]
        by_action = {action: [obj for obj in policies if _action(obj) == action] for action in ("DENY", "ALLOW")}
        for policy in by_action["DENY"]:
            for index, rule in enumerate(get_nested(policy, "spec", "rules") or []):
                if _matches_rule(rule, call):
                    expected = f"no rule that matches {call.path} from {_sender(call)}"
                    seen = f"action DENY, {rule or 'any request'}"
                    yield Finding(POLICY_HOP, ObjectRef.from_object(policy), f"spec.rules[{index}]", expected, seen)
        allowing = by_action["ALLOW"]
        rules = [rule for policy in allowing for rule in get_nested(policy, "spec", "rules") or []]
        if allowing and all(_matches_rule(rule, call) is False for rule in rules):
            yield _explain_rejection(allowing, pod, call)
        return


def _explain_rejection(allowing: Sequence[Object], pod: Object, call: Call) -> Finding:
    """Return that no rule allows a request: of the policy for these pods, or because there is none for them."""
    specific = [obj for obj in allowing if get_nested(obj, "spec", "rules")]
    expected = f"a rule that allows {call.path} from {_sender(call)}"
    if specific:
        policy = max(specific, key=lambda obj: bool(get_nested(obj, "spec", "selector")))
        return Finding(
            POLICY_HOP,
            ObjectRef.from_object(policy),
            "spec.rules",
            expected,
            list_texts(get_nested(policy, "spec", "rules")),
        )
    ref = ObjectRef.from_object(allowing[0])
    seen = f"no rule, and no other policy for the pod {pod['metadata']['name']}"
    remedy = (
        "create the policy that allows these requests, such as that of Kubeflow's manifests: "
        f"`kubectl get authorizationpolicies -n {pod['metadata']['namespace']}`"
    )
    return Finding(POLICY_HOP, ref, "spec.rules", expected, seen, remedy=remedy)


def check_network_policies(snapshot: Snapshot, pods: Sequence[Object], call: Call) -> Iterator[Finding]:
    """Yield that NetworkPolicies allow no request from a pod; uncertain, because not every CNI enforces them.

    Args:
        snapshot: The objects of the cluster.
        pods: The pods that the request is for.
        call: The request.
    """
    for pod in pods[:1]:
        policies = [
            obj for obj in snapshot.list_objects(NETWORK_HOP, pod["metadata"]["namespace"]) if _restricts(obj, pod)
        ]
        rules = [(obj, rule) for obj in policies for rule in get_nested(obj, "spec", "ingress") or []]
        if policies and not any(_allows(snapshot, obj, rule, pod, call) for obj, rule in rules):
            ref = ObjectRef.from_object(policies[0])
            source = call.source["metadata"]["namespace"] if call.source else "outside of the cluster"
            expected = f"a rule that allows port {call.port or 'of the pod'} from {source}"
            names = list_texts(obj["metadata"]["name"] for obj in policies)
            seen = f"no such rule in {names}"
            yield Finding(NETWORK_HOP, ref, "spec.ingress", expected, seen, is_certain=False)


def _ports(pods: Iterable[Object]) -> list[Object]:
    return [port for pod in pods for port in list_ports(pod)]


def _matches_service(rule: Object, host: str, service: ObjectRef, mesh: Mesh) -> bool:
    pattern = str(get_nested(rule, "spec", "host") or "")
    if pattern.startswith("*"):
        return host.endswith(pattern[1:])
    return mesh.find_service(pattern, rule["metadata"]["namespace"]) == service


def _list_tls_modes(rule: Object, subset: Object | None) -> list[tuple[str, str]]:
    """Return field and mode of the TLS settings of a DestinationRule; those of a subset replace the general ones."""
    general, own = get_nested(rule, "spec", "trafficPolicy"), get_nested(subset, "trafficPolicy")
    index = rule["spec"]["subsets"].index(subset) if subset else 0
    parts = [(f"spec.subsets[{index}].trafficPolicy", own), ("spec.trafficPolicy", general)]
    for field, policy in parts:
        settings = [(f"{field}.tls.mode", get_nested(policy, "tls", "mode"))]
        for number, port in enumerate(get_nested(policy, "portLevelSettings") or []):
            settings.append((f"{field}.portLevelSettings[{number}].tls.mode", get_nested(port, "tls", "mode")))
        if found := [(name, str(mode)) for name, mode in settings if mode]:
            return found
    return []


def _applies(policy: Object, pod: Object) -> bool:
    namespace = policy["metadata"]["namespace"]
    if get_nested(policy, "spec", "targetRefs") or get_nested(policy, "spec", "targetRef"):
        return False
    is_near = namespace in (ROOT_NAMESPACE, pod["metadata"]["namespace"])
    return is_near and is_selected(pod, get_nested(policy, "spec", "selector") or {})


def _action(policy: Object) -> str:
    return str(get_nested(policy, "spec", "action") or "ALLOW")


def _sender(call: Call) -> str:
    return call.principal or "a client without an identity"


Known = bool | None
"""The result of a condition: true, false, or None if it is unknown."""


def _all(values: Iterable[Known]) -> Known:
    found = list(values)
    if False in found:
        return False
    return None if None in found else True


def _any(values: Iterable[Known]) -> Known:
    found = list(values)
    if True in found:
        return True
    return None if None in found else False


def _matches_rule(rule: Object, call: Call) -> Known:
    sources, targets = rule.get("from"), rule.get("to")
    return _all(
        [
            _any(_matches_source(each.get("source") or {}, call) for each in sources) if sources else True,
            _any(_matches_operation(each.get("operation") or {}, call) for each in targets) if targets else True,
            *(None for _ in rule.get("when") or []),
        ]
    )


def _matches_source(source: Object, call: Call) -> Known:
    namespace = call.principal.partition("/ns/")[2].partition("/")[0]
    tests: dict[str, Callable[[list[str]], Known]] = {
        "principals": lambda values: _matches_value(values, call.principal),
        "namespaces": lambda values: _matches_value(values, namespace),
    }
    return _match_fields(source, tests)


def _matches_operation(operation: Object, call: Call) -> Known:
    tests: dict[str, Callable[[list[str]], Known]] = {
        "hosts": lambda values: _matches_value(values, call.host),
        "paths": lambda values: None if any("{" in value for value in values) else _matches_value(values, call.path),
        "ports": lambda values: str(call.port) in map(str, values) if call.port else None,
        "methods": lambda values: _matches_value(values, "GET"),
    }
    return _match_fields(operation, tests)


def _match_fields(fields: Object, tests: dict[str, Callable[[list[str]], Known]]) -> Known:
    """Return whether all fields match, those whose names begin with `not` if their values do not."""
    results: list[Known] = []
    for name, values in fields.items():
        is_negated = name.startswith("not")
        test = tests.get(name[3].lower() + name[4:] if is_negated else name)
        result = test(values) if test else None
        results.append(not result if is_negated and result is not None else result)
    return _all(results)


def _matches_value(patterns: Iterable[str], text: str) -> bool:
    """Return whether a text is one of some values, of which each may begin or end with an asterisk."""
    return any(
        bool(text)
        if pattern == "*"
        else text.endswith(pattern[1:])
        if pattern.startswith("*")
        else text.startswith(pattern[:-1])
        if pattern.endswith("*")
        else text == pattern
        for pattern in patterns
    )


def _restricts(policy: Object, pod: Object) -> bool:
    """Return whether a NetworkPolicy restricts the requests to a pod."""
    types = get_nested(policy, "spec", "policyTypes") or ["Ingress"]
    return "Ingress" in types and is_selected(pod, get_nested(policy, "spec", "podSelector") or {})


def _allows(snapshot: Snapshot, policy: Object, rule: Object, pod: Object, call: Call) -> bool:
    """Return whether a rule of a NetworkPolicy allows a request, or may allow it."""
    peers, ports = rule.get("from"), rule.get("ports")
    namespace = policy["metadata"]["namespace"]
    is_from_allowed = not peers or any(_is_peer(snapshot, peer, namespace, call.source) for peer in peers)
    return is_from_allowed and (not ports or any(_is_port(port, pod, call.port) for port in ports))


def _is_peer(snapshot: Snapshot, peer: Object, policy_namespace: str, source: Object | None) -> bool:
    if source is None or get_nested(source, "spec", "hostNetwork"):
        return True
    if block := peer.get("ipBlock"):
        address = get_nested(source, "status", "podIP")
        return not address or ipaddress.ip_address(address) in ipaddress.ip_network(block["cidr"], strict=False)
    namespace = source["metadata"]["namespace"]
    if "namespaceSelector" in peer:
        found = snapshot.get(ObjectRef("Namespace", namespace))
        is_in_namespace = found is None or is_selected(found, peer["namespaceSelector"] or {})
    else:
        is_in_namespace = namespace == policy_namespace
    return is_in_namespace and is_selected(source, peer.get("podSelector") or {})


def _is_port(port: Object, pod: Object, number: int | None) -> bool:
    value = port.get("port")
    if value is None or number is None:
        return True
    if isinstance(value, str):
        return any(each.get("name") == value and each["containerPort"] == number for each in list_ports(pod))
    return int(value) <= number <= int(port.get("endPort") or value)
