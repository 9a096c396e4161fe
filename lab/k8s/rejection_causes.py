"""The causes for which `kubectl apply` reports objects as rejected, and whether another round can help.

The messages are those of kubectl and of API servers of the versions 1.25 to 1.34.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto

from lab.k8s.api_kinds import describe_missing_kind, list_defined_kinds
from lab.k8s.objects import Object, get_nested
from lab.k8s.rejections import POLICY_RULES, explain_rejection

_NO_KIND = re.compile(r'no matches for kind "(?P<kind>[^"]+)" in version "(?P<version>[^"]+)"')
_NO_NAMESPACE = re.compile(r'namespaces "(?P<namespace>[^"]+)" not found')
_WEBHOOK = re.compile(r'failed calling webhook "(?P<webhook>[^"]+)"|conversion webhook for (?P<converted>.+?) failed:')
_NOT_READY = re.compile(
    r'connection refused|no endpoints available|service "[^"]+" not found|\bEOF\b|connection reset|'
    "currently unable to handle the request"
)
OBJECT, NAMESPACE = "OBJECT", "NAMESPACE"
"""Places in a remedy for the rejected object, as in "deployment.apps/dex -n auth", and for its namespace."""


class Outlook(Enum):
    """The prospect that another round succeeds."""

    TRANSIENT = auto()
    """The cause may disappear by itself."""
    LASTING = auto()
    """The cause disappears soon, or never."""
    PERMANENT = auto()
    """The cause does not disappear."""


@dataclass(frozen=True)
class Cause:
    """The cause of rejections; those with the same summary are grouped.

    Args:
        summary: The cause, as in "webhook webhook.cert-manager.io not ready".
        outlook: Whether another round can help.
        remedy: What to do about it; it may contain the places OBJECT and NAMESPACE.
        webhook: The name of the webhook that did not answer; empty if it is none.
        namespace: The namespace that does not exist, or is being deleted; empty if it is none.
        kind: API version and kind that the API server does not serve yet; None if it is none.
    """

    summary: str
    outlook: Outlook = Outlook.TRANSIENT
    remedy: str = ""
    webhook: str = ""
    namespace: str = ""
    kind: tuple[str, str] | None = None


@dataclass(frozen=True)
class Definitions:
    """Definitions in the manifests on which other objects depend.

    Args:
        kinds: API version and kind of everything that their CRDs serve.
        namespaces: The namespaces that they create, or let the Profile controller create.
    """

    kinds: Collection[tuple[str, str]]
    namespaces: Collection[str]

    @classmethod
    def from_objects(cls, objects: Sequence[Object]) -> Definitions:
        """Return the definitions in the objects of manifests."""
        creators = ("Namespace", "Profile")
        return cls(
            list_defined_kinds(objects),
            {str(get_nested(obj, "metadata", "name")) for obj in objects if obj["kind"] in creators},
        )


def find_cause(text: str, definitions: Definitions) -> Cause:
    """Return the cause of a rejection.

    Args:
        text: kubectl's message, in one line.
        definitions: The definitions in the manifests.
    """
    if match := _NO_KIND.search(text):
        return _explain_missing_kind(match["kind"], match["version"], definitions)
    if match := _WEBHOOK.search(text):
        return _explain_webhook(match, text)
    if match := _NO_NAMESPACE.search(text):
        return _explain_missing_namespace(match["namespace"], definitions)
    for pattern, cause in _RULES:
        if match := pattern.search(text):
            names = {key: value or "" for key, value in match.groupdict().items()}
            return replace(
                cause,
                summary=cause.summary.format_map(names),
                remedy=cause.remedy.format_map(names),
                namespace=names.get("namespace", ""),
            )
    plain = re.sub(r'"[^"]*"', '"…"', re.sub(r"^(Error from server|error)[^:]*: ", "", text))
    return Cause(plain if len(plain) <= 120 else f"{plain[:120]}…", remedy="read kubectl's message above")


def _explain_missing_kind(kind: str, version: str, definitions: Definitions) -> Cause:
    if (version, kind) in definitions.kinds:
        return Cause(
            f"no kind {kind} yet",
            remedy=f"find the error about the CRD of {kind}: `kubectl get crds` lists the accepted ones",
            kind=(version, kind),
        )
    problem = describe_missing_kind(version, kind, definitions.kinds)
    return Cause(problem.summary, Outlook.PERMANENT, problem.remedy, kind=(version, kind))


def _explain_webhook(match: re.Match[str], text: str) -> Cause:
    name = match["webhook"] or f"for the conversion of {match['converted']}"
    # A conversion webhook fails in the same ways.
    message = text if match["webhook"] else f'failed calling webhook "{name}": {text}'
    explanation = explain_rejection(message, "")
    # The reason of a webhook that is starting changes with each round.
    summary = f"webhook {name} not ready"
    if not _NOT_READY.search(text):
        summary = f"webhook {name} cannot be called: {explanation.summary}"
    return Cause(summary, remedy=explanation.remedy, webhook=name)


def _explain_missing_namespace(namespace: str, definitions: Definitions) -> Cause:
    if namespace in definitions.namespaces:
        return Cause(
            f"no namespace {namespace} yet",
            remedy=f"find the error about the namespace: `kubectl get namespace {namespace}`",
            namespace=namespace,
        )
    return Cause(
        f"there is no namespace {namespace}, and the manifests do not create it",
        Outlook.LASTING,
        f"add the Namespace to the manifests, or create it (`kubectl create namespace {namespace}`), and apply again",
    )


def _rule(pattern: str, summary: str, outlook: Outlook, remedy: str) -> tuple[re.Pattern[str], Cause]:
    return re.compile(pattern), Cause(summary, outlook, remedy)


_ACCESS = "apply with a user who is a cluster administrator: `kubectl auth can-i '*' '*' -A` must answer yes"
_SERVER = "check that the cluster runs and is not overloaded: `kubectl get --raw=/readyz?verbose`"
_MANIFESTS = "correct the object in the manifests"
_RULES = (
    # Transient, though some have the form of a permanent rejection.
    _rule(
        r"in namespace (?P<namespace>\S+) because it is being terminated",
        "namespace {namespace} is being deleted",
        Outlook.TRANSIENT,
        "wait until it is gone: `kubectl get namespace {namespace} -o yaml` shows what remains",
    ),
    _rule(
        "custom resource definition is terminating",
        "a CRD is being deleted",
        Outlook.TRANSIENT,
        "wait until it is gone: `kubectl get crds -o yaml` shows its conditions; objects with finalizers keep it",
    ),
    _rule(
        "object is being deleted",
        "an object of the same name is being deleted",
        Outlook.TRANSIENT,
        "wait until it is gone; `kubectl get OBJECT -o yaml` shows the finalizers that keep it",
    ),
    _rule(
        "status unknown for quota|not yet ready to handle request|caches not synchronized|"
        "error looking up service account|no API token found for service account",
        "the API server is not ready to admit the object",
        Outlook.TRANSIENT,
        _SERVER,
    ),
    _rule(
        "failed to (download|get) openapi|openapi.*(unable to handle|timeout|refused)",
        "the API server does not return its schema",
        Outlook.TRANSIENT,
        _SERVER,
    ),
    _rule(
        "object has been modified|Operation cannot be fulfilled|object count conflict",
        "the object was changed at the same time",
        Outlook.TRANSIENT,
        "find out what keeps changing the object: `kubectl get OBJECT -o yaml --show-managed-fields`",
    ),
    # Fields.
    _rule(
        r"Apply failed with \d+ conflicts?: conflicts? with \"(?P<manager>[^\"]+)\"",
        'another field manager ("{manager}") owns fields of the object',
        Outlook.PERMANENT,
        "stop the program that manages it, or take its fields over: `kubectl apply --server-side --force-conflicts -f "
        "FILE`",
    ),
    _rule(
        r"annotations: Too long: ",
        "its annotation for client-side apply would be too long; it requires --server-side",
        Outlook.PERMANENT,
        "choose the release that the manifests belong to (`--release`): newer ones use server-side apply; by hand "
        "`kubectl apply --server-side --force-conflicts -f FILE`",
    ),
    _rule(
        "request is too large|Request entity too large|limit is 3145728",
        "the object is too large for the API server",
        Outlook.PERMANENT,
        "make the object smaller, for example by splitting it",
    ),
    _rule(
        r"status\.storedVersions\[\d+\]: .*must appear in spec\.versions",
        "the cluster stores objects in a version that this CRD does not have",
        Outlook.PERMANENT,
        "the cluster has a newer CRD, of another release: remove that release first, with its objects (`kubectl delete "
        "OBJECT`), or install the newer one",
    ),
    _rule(
        r"\bimmutable\b|updates to \w+ spec for fields other than|updates to \S+ are forbidden|"
        r"may not change once set|cannot change roleRef|updates may not change fields|"
        r"field can not be (changed|modified)|may not be changed",
        "an immutable field differs from that of the existing object",
        Outlook.PERMANENT,
        "delete the object and apply again: `kubectl delete OBJECT`",
    ),
    # Admission.
    *(
        (pattern, Cause(explanation.summary, Outlook.PERMANENT, explanation.remedy))
        for pattern, explanation in POLICY_RULES
    ),
    _rule(
        r"ValidatingAdmissionPolicy '(?P<policy>[^']+)'.* denied request",
        "policy {policy} denies it",
        Outlook.PERMANENT,
        "change the policy or exempt the namespace: `kubectl get validatingadmissionpolicy {policy} -o yaml`",
    ),
    _rule(
        r"no (Priority|Runtime)Class with name|\w+Class \"[^\"]+\" not found",
        "a class that it names does not exist",
        Outlook.LASTING,
        "create the class that the message names, or correct the object in the manifests",
    ),
    _rule(
        r"admission webhook \"(?P<admission>[^\"]+)\" denied the request.*"
        r"(refused|timeout|timed out|deadline exceeded|try again|not found|not ready|currently unable)",
        "webhook {admission} denies it for now",
        Outlook.LASTING,
        "read the webhook's message above: it lacks something that must exist or answer first",
    ),
    _rule(
        r"admission webhook \"(?P<admission>[^\"]+)\" denied the request",
        "webhook {admission} denies it",
        Outlook.PERMANENT,
        "correct what the webhook's message names, or change its policy; `kubectl get "
        "mutatingwebhookconfigurations,validatingwebhookconfigurations` lists all webhooks",
    ),
    _rule(
        r"attempting to grant RBAC permissions not currently held",
        "this user is not allowed to grant permissions that it does not have",
        Outlook.PERMANENT,
        _ACCESS,
    ),
    _rule(
        r"User \"(?P<user>[^\"]+)\" cannot ",
        'this user ("{user}") is not allowed to apply it',
        Outlook.PERMANENT,
        _ACCESS,
    ),
    _rule(
        r"Unauthorized|must be logged in to the server",
        "the API server does not accept the credentials",
        Outlook.LASTING,
        "log in again, or correct the user in the kubeconfig: `kubectl config view --minify`",
    ),
    _rule(r"\(Forbidden\)", "this user is not allowed to apply it", Outlook.PERMANENT, _ACCESS),
    # Invalid objects. A new version of a CRD is effective only some moments after it was accepted.
    _rule(
        "failed to create typed patch object|field not declared in schema",
        "the object does not fit the schema of its kind",
        Outlook.LASTING,
        f"{_MANIFESTS}, or apply the CRD of the same version",
    ),
    _rule(
        "strict decoding error|cannot be handled as a|unable to decode|cannot unmarshal|"
        "Object 'Kind' is missing|cannot use generate name|does not match the namespace|no objects passed to apply",
        "the object cannot be decoded",
        Outlook.PERMANENT,
        _MANIFESTS,
    ),
    _rule(r"error parsing", "the object is not valid YAML", Outlook.PERMANENT, _MANIFESTS),
    _rule(
        r"\(Invalid\)| is invalid:|error validating|ValidationError",
        "the object is invalid",
        Outlook.PERMANENT,
        f"{_MANIFESTS}: the message names the field",
    ),
    _rule(r"\(BadRequest\)", "the object cannot be decoded", Outlook.PERMANENT, _MANIFESTS),
    # The API server.
    _rule(
        r"Unable to connect to the server: .*(x509|tls|certificate)",
        "the certificate of the API server is not accepted",
        Outlook.LASTING,
        "correct certificate-authority-data in the kubeconfig: `kubectl config view --minify`",
    ),
    _rule(
        r"Unable to connect|connection to the server|unable to handle the request|ServiceUnavailable|TooManyRequests|"
        r"\(Timeout\)|timed out|timeout|deadline exceeded|leader changed|connection (refused|reset|lost)|\bEOF\b|"
        r"no route to host|no such host",
        "the API server does not answer",
        Outlook.TRANSIENT,
        _SERVER,
    ),
    _rule(
        "could not find the requested resource",
        "the API server does not serve its kind yet",
        Outlook.TRANSIENT,
        "`kubectl api-resources` lists the kinds that it serves",
    ),
)
"""Causes by a pattern for a part of the message, specific ones first."""
