"""Which fields of objects matter when a cluster is compared with manifests, and what is no difference."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

Path = tuple[str, ...]
"""The keys that lead to a field."""

POD = ("spec", "template", "spec")
CONTAINER_FIELDS = ("name", "image", "command", "args", "env", "envFrom")


@dataclass(frozen=True)
class Rule:
    """The fields of a kind that are compared.

    Args:
        fields: The fields.
        is_complete: Whether the API server adds nothing to them, so that a field that only the cluster has is a
            difference. Otherwise such a field is a default, or belongs to a controller or to the owner.
    """

    fields: tuple[Path, ...]
    is_complete: bool = False


WORKLOAD = Rule((("spec", "selector"), (*POD, "initContainers"), (*POD, "containers")))
WEBHOOKS = Rule((("webhooks",),))
COMPLETE_SPEC = Rule((("spec",),), is_complete=True)
CATEGORIES: Mapping[str, Mapping[str, Rule]] = {
    "Services": {"Service": Rule((("spec", "selector"), ("spec", "ports")))},
    "workloads": {"Deployment.apps": WORKLOAD, "StatefulSet.apps": WORKLOAD, "DaemonSet.apps": WORKLOAD},
    "routes": {
        "Gateway.networking.istio.io": Rule((("spec",),)),
        "VirtualService.networking.istio.io": COMPLETE_SPEC,
        "DestinationRule.networking.istio.io": COMPLETE_SPEC,
        "ServiceEntry.networking.istio.io": COMPLETE_SPEC,
        "EnvoyFilter.networking.istio.io": COMPLETE_SPEC,
    },
    "policies": {
        "AuthorizationPolicy.security.istio.io": COMPLETE_SPEC,
        "PeerAuthentication.security.istio.io": COMPLETE_SPEC,
        "RequestAuthentication.security.istio.io": COMPLETE_SPEC,
    },
    "webhook configurations": {
        "MutatingWebhookConfiguration.admissionregistration.k8s.io": WEBHOOKS,
        "ValidatingWebhookConfiguration.admissionregistration.k8s.io": WEBHOOKS,
    },
    "Certificates": {"Certificate.cert-manager.io": Rule((("spec",),))},
}
"""The rules by category, and in a category by KIND.GROUP."""
RULES = {kind: rule for rules in CATEGORIES.values() for kind, rule in rules.items()}

MERGE_KEYS: Mapping[str, tuple[Path, ...]] = {
    "ports": (("name",), ("port",)),
    "initContainers": (("name",),),
    "containers": (("name",),),
    "env": (("name",),),
    "envFrom": (("configMapRef", "name"), ("secretRef", "name")),
    "webhooks": (("name",),),
    "servers": (("port", "number"),),
    "matchExpressions": (("key",),),
}
"""The lists whose items are identified by a field, and of which the cluster may have more; the first key that an item
has, and that another item matches, identifies it. The order of all other lists matters."""
COMPLETE_FIELDS = ("selector", "command", "args")
"""Fields in which a value that only the cluster has is always a difference: they have no defaults."""
FIELDS_OF_CONTROLLERS = ("caBundle", "nodePort")
"""Fields that cert-manager, the programs of the webhooks, and the API server fill."""
WEBHOOK_FIELDS_OF_CONTROLLERS: Mapping[str, tuple[str, ...]] = {
    "*.knative.dev": ("rules", "namespaceSelector", "objectSelector"),
    "*validation.istio.io": ("failurePolicy",),
}
"""By the name of a webhook, the fields that its own program changes. istiod sets Ignore to Fail when it is ready."""
SETTINGS_OF_OWNER = (
    "APP_SECURE_COOKIES",
    "SESSION_MAX_AGE",
    "OAUTH2_PROXY_COOKIE_SECURE",
    "OAUTH2_PROXY_COOKIE_EXPIRE",
)
"""Environment variables whose values the owner chooses, or the suite changes for a scenario: cookies and sessions."""
TEXTS_OF_PROGRAMS = ("value", "command", "args", "image")
"""Fields with texts that only a program interprets, in which 1000m and 1 are different."""
IMAGE_IN_TEXT = re.compile(r"(?P<option>(--[\w-]+=)?)(?P<image>[\w-]+(\.[\w-]+)+(:\d+)?/[\w./-]+[:@][\w.:-]+)")
"""Matches an argument or a value that names an image with its registry, possibly after the name of an option."""
REFERENCES = ("configMapRef", "secretRef", "configMapKeyRef", "secretKeyRef")
HASH_SUFFIX = re.compile(r"-[2456789bcdfghkmt]{10}$")
"""The suffix with which kustomize distinguishes the contents of a ConfigMap or Secret, which are the owner's."""
SECRET_VARIABLE = re.compile(r"(?i)secret|passw|pwd|token|credential|key")
"""The names of environment variables whose values may be secrets, and are not shown."""
