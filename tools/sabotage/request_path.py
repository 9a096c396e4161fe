"""The sabotages of the path of requests: one wrong field of an Ingress, of a Service, or of an object of Istio.

The status of the response is the same for many of them, so the error must name the object and the field.
"""

from __future__ import annotations

from lab.config.entry_points import INGRESS_URL
from lab.k8s.objects import Object
from tools.observations import NGINX_URL, returns_status
from tools.sabotage.sabotage import (
    AUTHSERVICE,
    FIRST_USE_OF_ENTRY_POINTS,
    INGRESS,
    NAME,
    OIDC_AUTHSERVICE,
    Sabotage,
    requires_auth_proxy,
)
from tools.steps import create, edit

DEX_URL = f"{INGRESS_URL}/dex/"
DENIAL: Object = {
    "apiVersion": "security.istio.io/v1beta1",
    "kind": "AuthorizationPolicy",
    "metadata": {"name": NAME, "namespace": "istio-system"},
    "spec": {"action": "DENY", "selector": {"matchLabels": {"istio": "ingressgateway"}}, "rules": [{}]},
}
MUTUAL_TLS: Object = {
    "apiVersion": "networking.istio.io/v1alpha3",
    "kind": "DestinationRule",
    "metadata": {"name": NAME, "namespace": "auth"},
    "spec": {"host": "dex.auth.svc.cluster.local", "trafficPolicy": {"tls": {"mode": "ISTIO_MUTUAL"}}},
}

SABOTAGES = (
    Sabotage(
        name="test-site-at-other-path",
        fault="the Ingress of the test site is for another path",
        chapter=INGRESS,
        scenario="An HTTP client reaches the test site",
        expected_words=(
            "does not return the test site: 404",
            "spec.rules[0].http.paths[0].path of Ingress ingress-nginx-svc in default: expected a path that matches /",
        ),
        steps=[edit("default/Ingress/ingress-nginx-svc", '"path": "/"', '"path": "/other"')],
        effect=returns_status(NGINX_URL, 404),
    ),
    Sabotage(
        name="ingress-class-differs",
        fault="the Ingress of Kubeflow has a class that no controller handles",
        chapter=AUTHSERVICE,
        scenario=FIRST_USE_OF_ENTRY_POINTS,
        expected_words=(
            "spec.ingressClassName of Ingress svc-istio-ingressgateway in istio-system: expected nginx, seen other",
        ),
        steps=[
            edit(
                "istio-system/Ingress/svc-istio-ingressgateway",
                '"ingressClassName": "nginx"',
                '"ingressClassName": "other"',
            )
        ],
        effect=returns_status(INGRESS_URL, 404),
    ),
    Sabotage(
        name="gateway-host-differs",
        fault="kubeflow-gateway accepts requests for another host only",
        chapter=AUTHSERVICE,
        scenario=FIRST_USE_OF_ENTRY_POINTS,
        expected_words=("spec.servers[0].hosts of Gateway kubeflow-gateway in kubeflow", "seen kubeflow.example.org"),
        steps=[
            edit(
                "kubeflow/gateways.networking.istio.io/kubeflow-gateway",
                r'"hosts": \["\*"\]',
                '"hosts": ["kubeflow.example.org"]',
            )
        ],
        effect=returns_status(INGRESS_URL, 404),
    ),
    Sabotage(
        name="virtual-service-port-wrong",
        fault="the VirtualService of Dex names a port that its Service does not have",
        chapter=AUTHSERVICE,
        scenario=FIRST_USE_OF_ENTRY_POINTS,
        expected_words=("destination.port.number of VirtualService dex in auth", "seen 5557"),
        steps=[edit("auth/VirtualService/dex", '"number": 5556', '"number": 5557')],
        effect=returns_status(DEX_URL, 503),
    ),
    Sabotage(
        name="service-selector-wrong",
        fault="the Service of Dex selects no pod",
        chapter=AUTHSERVICE,
        scenario=FIRST_USE_OF_ENTRY_POINTS,
        expected_words=("spec.selector of Service dex in auth", "seen app=other, which matches no pod"),
        steps=[edit("auth/Service/dex", r'"selector": \{[^}]*\}', '"selector": {"app": "other"}')],
        effect=returns_status(DEX_URL, 503),
    ),
    Sabotage(
        name="destination-rule-mtls",
        fault="a DestinationRule requires mutual TLS of Dex, whose pod has no sidecar",
        chapter=AUTHSERVICE,
        scenario=FIRST_USE_OF_ENTRY_POINTS,
        expected_words=("spec.trafficPolicy.tls.mode of DestinationRule sabotage in auth", "has no sidecar"),
        steps=[create(MUTUAL_TLS)],
        effect=returns_status(DEX_URL, 503),
    ),
    Sabotage(
        name="auth-filter-target-wrong",
        fault="the ext_authz filter names a port that the Service of authservice does not have",
        chapter=AUTHSERVICE,
        scenario=FIRST_USE_OF_ENTRY_POINTS,
        expected_words=("server_uri.cluster of EnvoyFilter authn-filter in istio-system", "seen 8081"),
        steps=[edit("istio-system/EnvoyFilter/authn-filter", r"outbound\|8080\|\|", "outbound|8081||")],
        effect=returns_status(INGRESS_URL, 403),
        explain_omission=requires_auth_proxy(OIDC_AUTHSERVICE),
    ),
    Sabotage(
        name="authorization-policy-denies",
        fault="an AuthorizationPolicy denies all requests at the gateway",
        chapter=AUTHSERVICE,
        scenario=FIRST_USE_OF_ENTRY_POINTS,
        expected_words=("spec.rules[0] of AuthorizationPolicy sabotage in istio-system", "action DENY"),
        steps=[create(DENIAL)],
        effect=returns_status(DEX_URL, 403),  # elsewhere, the ext_authz filter redirects first
    ),
)
