"""A cluster that is reached by HTTPS only: its certificate is of a private CA, and HTTP redirects to HTTPS."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path

from lab.config.entry_points import HTTPS_URL, KUBEFLOW_HOST
from lab.context import Lab
from lab.k8s.objects import get_nested
from lab.layers.kubeflow_ingress import INGRESS
from tests.clusters.changes import apply, patch, run
from tests.clusters.shape import Shape, find_sabotage
from tools.variants.objects import build_object

NAME = "team-ca"
TLS = "kubeflow-tls"
CERT_MANAGER = "cert-manager.io/v1"
NAMESPACE = "istio-system"
AUTHORITY = {
    "isCA": True,
    "commonName": NAME,
    "secretName": NAME,
    "issuerRef": {"kind": "ClusterIssuer", "name": "kubeflow-self-signing-issuer"},
}
LEAF = {"dnsNames": [KUBEFLOW_HOST], "secretName": TLS, "issuerRef": {"name": NAME}}
OBJECTS = (
    build_object("Certificate", CERT_MANAGER, name=NAME, namespace=NAMESPACE, spec=AUTHORITY),
    build_object("Issuer", CERT_MANAGER, name=NAME, namespace=NAMESPACE, spec={"ca": {"secretName": NAME}}),
    build_object("Certificate", CERT_MANAGER, name=TLS, namespace=NAMESPACE, spec=LEAF),
)


def write_settings(lab: Lab, directory: Path) -> Mapping[str, str]:
    """Write the certificate of the CA, and return the settings that trust it."""
    file = directory / "ca.crt"
    file.write_bytes(base64.b64decode(get_nested(lab.kube.get("Secret", TLS, NAMESPACE), "data", "ca.crt")))
    return {"url": HTTPS_URL, "ca_file": str(file), "ingress_address": str(lab.settings.ingress_address)}


PRIVATE_CA = Shape(
    name="private-ca",
    description="HTTPS only, with a certificate of a private CA, and a redirect from HTTP",
    changes=(
        apply(*OBJECTS),
        run(f"kubectl wait certificate/{TLS} --namespace={NAMESPACE} --for=condition=Ready --timeout=60s"),
        patch(f"{NAMESPACE}/Ingress/{INGRESS}", {"spec": {"tls": [{"hosts": [KUBEFLOW_HOST], "secretName": TLS}]}}),
    ),
    settings=write_settings,
    sabotages=tuple(
        map(
            find_sabotage,
            (
                "authorization-policy-deleted",
                "authservice-stopped",
                "owner-password-differs",
                "service-selector-wrong",
                "ext-authz-filter-without-gateway",
            ),
        )
    ),
)
