"""The permissions that the scenarios need on an existing cluster, as data, and the check of the user's permissions."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

from lab.config.entry_points import PORT_FORWARD_URL
from lab.context import RunContext
from lab.errors import LabError
from lab.k8s.client import Kube
from lab.k8s.permissions import Permission, render_roles
from lab.layers import gateway
from lab.layers.table import CHAPTERS
from lab.preflight.findings import Finding, error, warning
from lab.run.deadline import run_within
from lab.run.waiting import root_cause

CREATES = "creates"
"""The marker of scenarios that create objects."""
READ, GET, LIST = ("get", "list"), ("get",), ("list",)
WRITE = ("create", "patch", "delete")
"""Server-side apply is a patch, which also needs the verb create if the object does not exist."""
TIMEOUT = 2.3
"""Seconds for all questions to the API server, so that preflight ends within 3 s."""
CORE = ""
GATEWAY, AUTH_PROXY = "the gateway", "the auth proxy"
"""The places of some permissions; the settings name their namespaces."""
ISTIO_SYSTEM = "istio-system"
"""Both namespaces in the tutorial."""
EVERYTHING = Permission("*", "*", "*")
"""The permission of those who administer a cluster, for whom one question is enough."""


@dataclass(frozen=True)
class Need:
    """Requests that scenarios send to the API server.

    Args:
        chapter: The tag of the chapter that sends them.
        group: The API group.
        resources: The resources.
        verbs: The verbs.
        namespace: The only namespace, GATEWAY or AUTH_PROXY; empty for all of the cluster.
        is_of_layer: Whether a layer of the chapter sends them, so that later chapters need them, too.
        creates: Whether only scenarios that create objects send them.
        is_of_port_forward: Whether they are sent only if the port-forward is an entry point.
    """

    chapter: str
    group: str
    resources: tuple[str, ...]
    verbs: tuple[str, ...] = LIST
    namespace: str = ""
    is_of_layer: bool = False
    creates: bool = False
    is_of_port_forward: bool = False

    def list_permissions(self, scope: Scope) -> list[Permission]:
        """Return the permission for each verb of each resource."""
        namespace = scope.namespaces.get(self.namespace, "")
        return [Permission(self.group, resource, verb, namespace) for resource in self.resources for verb in self.verbs]


@dataclass(frozen=True)
class Scope:
    """The part of a run that decides which permissions it needs.

    Args:
        tags: The tags of all selected scenarios.
        namespaces: The namespaces of the gateway and of the auth proxy.
        has_port_forward: Whether the port-forward is an entry point.
    """

    tags: Collection[str]
    namespaces: Mapping[str, str] = field(default_factory=lambda: dict.fromkeys((GATEWAY, AUTH_PROXY), ISTIO_SYSTEM))
    has_port_forward: bool = True

    @classmethod
    def from_context(cls, context: RunContext, tags: Collection[str]) -> Scope:
        """Return the scope of a run of the scenarios with these tags."""
        namespaces = {
            GATEWAY: gateway.find_service(context.settings).namespace,
            AUTH_PROXY: context.release.auth_proxy.namespace,
        }
        return cls(tags, namespaces, PORT_FORWARD_URL in context.settings.entry_points)


ISTIO, ISTIO_SECURITY, INGRESSES = "networking.istio.io", "security.istio.io", "networking.k8s.io"
USES_ENTRY_POINTS = ("authservice", "entry_points", "login", "resources", "password")
"""The chapters whose scenarios use the entry points."""
KINDS_OF_MANIFESTS = (
    ("", ("configmaps", "namespaces", "persistentvolumeclaims", "serviceaccounts", "services")),
    ("admissionregistration.k8s.io", ("mutatingwebhookconfigurations", "validatingwebhookconfigurations")),
    ("apiextensions.k8s.io", ("customresourcedefinitions",)),
    ("apps", ("daemonsets", "deployments", "statefulsets")),
    ("autoscaling", ("horizontalpodautoscalers",)),
    ("caching.internal.knative.dev", ("images",)),
    ("cert-manager.io", ("certificates", "clusterissuers", "issuers")),
    ("kubeflow.org", ("profiles",)),
    ("metacontroller.k8s.io", ("compositecontrollers", "decoratorcontrollers")),
    ("networking.internal.knative.dev", ("certificates",)),
    (ISTIO, ("destinationrules", "envoyfilters", "gateways", "virtualservices")),
    (INGRESSES, ("networkpolicies",)),
    ("policy", ("poddisruptionbudgets",)),
    ("rbac.authorization.k8s.io", ("clusterrolebindings", "clusterroles", "rolebindings", "roles")),
    ("scheduling.k8s.io", ("priorityclasses",)),
    (ISTIO_SECURITY, ("authorizationpolicies", "peerauthentications", "requestauthentications")),
    ("serving.kserve.io", ("clusterservingruntimes", "clusterstoragecontainers")),
    ("trainer.kubeflow.org", ("clustertrainingruntimes",)),
)
"""The kinds of the objects in `example` of the releases, by group. Secrets are not among them; see DIAGNOSIS."""
NEEDS = (
    Need("cluster", CORE, ("nodes", "pods"), is_of_layer=True),
    Need("cluster", CORE, ("events",)),
    Need("cluster", "storage.k8s.io", ("storageclasses",)),
    Need("metallb", CORE, ("pods",), is_of_layer=True),
    Need("metallb", "metallb.io", ("ipaddresspools",), READ, is_of_layer=True),
    Need("metallb", "metallb.io", ("l2advertisements",), GET, is_of_layer=True),
    Need("metallb", CORE, ("namespaces",), ("list", *WRITE), creates=True),
    Need("metallb", CORE, ("services",), ("list", "watch", *WRITE), creates=True),
    Need("metallb", CORE, ("events", "pods"), ("list", "watch"), creates=True),
    Need("metallb", "apps", ("deployments",), ("list", *WRITE), creates=True),
    Need("metallb", "apps", ("daemonsets", "replicasets", "statefulsets"), creates=True),
    Need("ingress", CORE, ("pods",), is_of_layer=True),
    Need("ingress", CORE, ("services",), GET, is_of_layer=True),
    Need("ingress", "apps", ("deployments",), GET, is_of_layer=True),
    Need("ingress", INGRESSES, ("ingresses",), GET, is_of_layer=True),
    Need("ingress", INGRESSES, ("ingressclasses",), is_of_layer=True),
    Need("ingress", CORE, ("events",)),
    *(Need("kubeflow", group, resources, is_of_layer=True) for group, resources in KINDS_OF_MANIFESTS),
    Need("kubeflow", "apps", ("deployments",), GET, is_of_layer=True),
    Need("kubeflow", CORE, ("pods",)),
    Need("kubeflow", CORE, ("configmaps", "namespaces"), GET),
    Need("kubeflow", "apps", ("replicasets",)),
    Need("kubeflow", "batch", ("jobs",)),
    Need("authservice", CORE, ("services",), GET),
    Need("authservice", CORE, ("services",), WRITE, AUTH_PROXY, creates=True),
    Need("authservice", ISTIO, ("virtualservices",), WRITE, AUTH_PROXY, creates=True),
    *(Need(chapter, ISTIO, ("virtualservices",), GET) for chapter in USES_ENTRY_POINTS),
    *(Need(chapter, INGRESSES, ("ingresses",), GET) for chapter in USES_ENTRY_POINTS),
    *(
        Need(chapter, CORE, (resource,), (verb,), GATEWAY, is_of_port_forward=True)
        for chapter in USES_ENTRY_POINTS
        for resource, verb in (("pods", "get"), ("services", "get"), ("pods/portforward", "create"))
    ),
    Need("login", CORE, ("namespaces",), ("get", "list", *WRITE), creates=True),
    Need("login", CORE, ("pods",), ("list", "watch", *WRITE), creates=True),
    Need("login", CORE, ("services",), creates=True),
    Need("login", INGRESSES, ("networkpolicies",), creates=True),
    Need("resources", CORE, ("pods",), ("create", "patch"), creates=True),
    Need("resources", CORE, ("persistentvolumeclaims",), ("get", "list", "patch", "delete"), creates=True),
    Need("resources", "kubeflow.org", ("notebooks",), ("get", "list", "patch", "delete"), creates=True),
    Need("resources", "tensorboard.kubeflow.org", ("tensorboards",), ("get", "list", "patch", "delete"), creates=True),
)
"""The requests of all scenarios that can run on an existing cluster."""
DIAGNOSIS = tuple(
    Permission(group, resource, verb)
    for group, resources, verbs in (
        (CORE, ("pods", "services"), READ),
        (CORE, ("endpoints",), READ),
        (CORE, ("configmaps",), GET),
        (CORE, ("pods/log",), GET),
        (CORE, ("events", "namespaces", "nodes", "persistentvolumeclaims", "secrets"), LIST),
        ("apps", ("deployments", "statefulsets"), READ),
        ("apps", ("daemonsets", "replicasets"), LIST),
        ("discovery.k8s.io", ("endpointslices",), LIST),
        (INGRESSES, ("ingresses",), READ),
        (INGRESSES, ("ingressclasses", "networkpolicies"), LIST),
        (ISTIO, ("envoyfilters",), READ),
        (ISTIO, ("destinationrules", "gateways", "serviceentries", "virtualservices"), LIST),
        (ISTIO_SECURITY, ("authorizationpolicies",), READ),
        ("storage.k8s.io", ("storageclasses",), LIST),
    )
    for resource in resources
    for verb in verbs
)
"""The permissions for the evidence and the diagnosis of a failure. No scenario needs those that are only here."""


def list_needs(scope: Scope) -> list[Need]:
    """Return the needs of the scenarios in a scope, and of the layers below them."""
    tags = scope.tags
    last = max((index for index, chapter in enumerate(CHAPTERS) if chapter in tags), default=-1)
    layers = CHAPTERS[: last + 1]
    return [
        need
        for need in NEEDS
        if (need.chapter in tags or (need.is_of_layer and need.chapter in layers))
        and (not need.creates or CREATES in tags)
        and (not need.is_of_port_forward or scope.has_port_forward)
    ]


def list_permissions(scope: Scope) -> list[Permission]:
    """Return the permissions that the scenarios in a scope need, each once and sorted.

    A permission for one namespace is left out if the one for all namespaces is needed, too.
    """
    needed = {permission for need in list_needs(scope) for permission in need.list_permissions(scope)}
    return sorted(
        each for each in needed if not each.namespace or Permission(each.group, each.resource, each.verb) not in needed
    )


def list_tags(*, creates: bool) -> list[str]:
    """Return the tags of all chapters that can run on an existing cluster, possibly with the scenarios that create."""
    return [*dict.fromkeys(need.chapter for need in NEEDS), *([CREATES] if creates else [])]


def list_optional_permissions(scope: Scope) -> list[Permission]:
    """Return the permissions that no scenario in a scope needs, and without which failures are explained less."""
    return sorted({*DIAGNOSIS} - {*list_permissions(scope)})


def check_permissions(kube: Kube, scope: Scope, timeout: float = TIMEOUT) -> Iterator[Finding]:
    """Check that the user has the permissions that the selected scenarios need.

    Args:
        kube: The API of the cluster.
        scope: The part of the run that decides which permissions it needs.
        timeout: Seconds for all questions to the API server.

    Yields:
        One error that lists all missing permissions and has roles to apply, and one warning about those without which
        failures are explained less; only a warning if the API server does not answer the questions.
    """
    needed = list_permissions(scope)
    if not needed:
        return
    optional = list_optional_permissions(scope)
    try:
        missing = _find_missing(kube, [*needed, *optional], timeout)
        user = kube.find_user() if missing else ""
    except LabError as problem:
        yield warning("the permissions of the user were not checked", seen=f"{problem.headline}: {problem.seen}")
        return
    if denied := [permission for permission in needed if permission in missing]:
        yield error(
            f"{_name(user)} lacks {len(denied)} of the {len(needed)} permissions that the selected scenarios need",
            seen="\n".join(f"{permission}: for {_list_purposes(permission, scope)}" for permission in denied),
            remedy=_explain_roles(denied, user),
        )
    if denied := [permission for permission in optional if permission in missing]:
        consequence = (
            "; without Secrets, Helm releases and the Secrets of the manifests are not checked, and the evidence of a "
            "failure is redacted without knowing their values"
        )
        has_secrets = any(permission.resource == "secrets" for permission in denied)
        yield warning(
            f"{_name(user)} lacks permissions that no scenario needs: failures are explained less",
            seen=f"{', '.join(map(str, denied))}{consequence if has_secrets else ''}",
            remedy="add them to the role of this user, if that is wanted; docs/reference.md has them in a role",
        )


def _find_missing(kube: Kube, permissions: Collection[Permission], timeout: float) -> set[Permission]:
    """Return the permissions that the user does not have.

    Raises:
        LabError: If the API server does not answer all questions in time.
    """
    if kube.is_allowed(EVERYTHING):
        return set()
    questions = {str(permission): partial(kube.is_allowed, permission) for permission in permissions}
    allowed = set()
    for name, answer in run_within(timeout, questions):
        if isinstance(answer, LabError):
            raise answer
        if isinstance(answer, Exception):
            raise LabError("the API server did not answer all questions about them", seen=root_cause(answer))
        if answer:
            allowed.add(name)
    return {permission for permission in permissions if str(permission) not in allowed}


def _list_purposes(permission: Permission, scope: Scope) -> str:
    """Return the chapters whose scenarios or layers need a permission."""
    needs = [need for need in list_needs(scope) if permission in need.list_permissions(scope)]
    return ", ".join(
        dict.fromkeys(f"{need.chapter}{' (scenarios that create objects)' if need.creates else ''}" for need in needs)
    )


def _name(user: str) -> str:
    return f"the user {user}" if user else "the user of the kubeconfig"


def _explain_roles(denied: Collection[Permission], user: str) -> str:
    """Return how the permissions can be granted, with the roles as input of kubectl."""
    binding = "" if user else "; bind them to the user with `kubectl create clusterrolebinding`"
    hint = ", or deselect these chapters with -m" + (
        ", or use --read-only, which needs no permission to create objects"
        if any(permission.verb not in ("get", "list") for permission in denied)
        else ""
    )
    return (
        f"let an administrator of the cluster apply this (`kubectl apply -f - <<'END'`){binding}{hint}:\n"
        f"{render_roles(denied, user)}END"
    )
