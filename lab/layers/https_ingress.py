"""HTTPS at Kubeflow's Ingress, with a certificate that cert-manager issues from an authority of the lab's own."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography import x509

from lab.config.entry_points import HTTPS_URL, INGRESS_URL, KUBEFLOW_HOST, port_of
from lab.context import Lab
from lab.errors import LabError
from lab.k8s import certificates
from lab.k8s.objects import Object, ObjectRef
from lab.k8s.server_side_apply import apply_objects
from lab.layers import gateway, ingress
from lab.layers.kubeflow_ingress import HTTPS_REDIRECTS, KubeflowIngress
from lab.layers.temporary_objects import LABELS, PREFIX, build_metadata
from lab.run.waiting import poll, wait_until
from lab.web import tls
from lab.web.http_client import is_served

AUTHORITY, CERTIFICATE = f"{PREFIX}ca", f"{PREFIX}tls"
"""The names of the certificate authority with its Issuer, and of the certificate. The Secrets have the same names."""
CLUSTER_ISSUER = "kubeflow-self-signing-issuer"
"""The ClusterIssuer of Kubeflow's manifests, which signs the certificate of the authority."""
API_VERSION = "cert-manager.io/v1"
SECRET_TEMPLATE = {"secretTemplate": {"labels": LABELS}}
"""The labels of the Secrets that cert-manager creates."""
CERTIFICATES_TIMEOUT = 60
SERVED_TIMEOUT = 30


class HttpsIngress:
    """HTTPS at kubeflow.example.it, for the time of a scenario.

    Args:
        lab: The lab.
    """

    def __init__(self, lab: Lab) -> None:
        self._lab, self._ingress = lab, KubeflowIngress(lab)
        self._namespace = gateway.find_service(lab.settings).namespace

    @contextmanager
    def enable(self) -> Iterator[None]:
        """Let cert-manager issue a certificate, use it in the Ingress, and trust its authority; revert this at the end.

        Raises:
            LabError: If the API server rejects an object.
            WaitTimeoutError: If the certificate is not issued, or the Ingress controller does not use it in time.
        """
        lab = self._lab
        with TemporaryDirectory(prefix="https-") as directory:
            try:
                self._issue_certificates()
                self._ingress.apply(tls_secret=CERTIFICATE)
                with lab.http.trust(self._save_authority(Path(directory))):
                    self._wait_until_served(HTTPS_URL)
                    yield
            finally:
                self._ingress.apply()
                for ref in self._list_objects():
                    lab.kube.delete(ref)
        self._wait_until_served(INGRESS_URL)

    def check_certificate(self) -> None:
        """Check that the Ingress controller serves the certificate in the Secret that the Ingress names.

        Raises:
            LabError: If it serves another certificate, even if its clients trust that one.
        """
        expected = x509.load_pem_x509_certificate(self._read_secret("tls.crt"))
        seen = self._lab.http.read_certificate(HTTPS_URL)
        if seen != expected:
            raise LabError(
                f"the Ingress controller serves another certificate for {KUBEFLOW_HOST} than that of the Secret "
                f"{CERTIFICATE}",
                expected=tls.describe_certificate(expected),
                seen=tls.describe_certificate(seen),
                remedy=ingress.READ_LOG,
            )

    def _issue_certificates(self) -> None:
        """Let cert-manager issue the certificate of the authority, and then the one for kubeflow.example.it.

        The Issuer is created when the Secret of the authority exists: without it, cert-manager waits for 5 s before it
        tries again.
        """
        authority, *others = self._build_objects()
        for name, objects in ((AUTHORITY, [authority]), (CERTIFICATE, others)):
            apply_objects(self._lab.kube, objects)
            certificates.wait_until_ready(
                self._lab.kube,
                [ObjectRef("Certificate", name, self._namespace)],
                CERTIFICATES_TIMEOUT,
                f"cert-manager to issue the certificate {name} for {KUBEFLOW_HOST}",
            )

    def _save_authority(self, directory: Path) -> Path:
        """Return a file with the certificate of the authority, as the Secret of the certificate has it."""
        file = directory / "ca.pem"
        file.write_bytes(self._read_secret("ca.crt"))
        return file

    def _read_secret(self, key: str) -> bytes:
        """Return a value of the Secret of the certificate; empty if it has none."""
        secret = self._lab.kube.get("Secret", CERTIFICATE, self._namespace) or {"data": {}}
        return base64.b64decode(secret["data"].get(key, ""))

    def _wait_until_served(self, url: str) -> None:
        first_page = self._lab.release.auth_proxy.first_page

        def get_statuses() -> set[int]:
            return {self._lab.http.get(url).status_code for _ in range(ingress.ANSWERS)}

        wait_until(
            # The Ingress controller serves a certificate of its own until it has read that of the Ingress.
            poll(get_statuses, every=0.1, transient=(OSError, LabError)),
            satisfied=lambda seen: all(is_served(each, first_page) and each not in HTTPS_REDIRECTS for each in seen),
            describe=lambda seen: f"{url} returns {' or '.join(map(str, sorted(seen)))}",
            timeout=SERVED_TIMEOUT,
            waiting_for=f"{url} to reach the auth proxy",
            journal=self._lab.journal,
            remedy=f"check the Ingress and its certificate: `kubectl describe ingresses,certificates -n "
            f"{self._namespace}`; check that the Service of the Ingress controller has the port {port_of(url)}: "
            f"`kubectl get service -n {ingress.NAMESPACE} {ingress.SERVICE}`; {ingress.READ_LOG}",
        )

    def _list_objects(self) -> list[ObjectRef]:
        kinds = {"Certificate": (CERTIFICATE, AUTHORITY), "Issuer": (AUTHORITY,), "Secret": (CERTIFICATE, AUTHORITY)}
        return [ObjectRef(kind, name, self._namespace) for kind, names in kinds.items() for name in names]

    def _build_objects(self) -> list[Object]:
        authority = {"isCA": True, "commonName": AUTHORITY, "issuerRef": _refer("ClusterIssuer", CLUSTER_ISSUER)}
        certificate = {"dnsNames": [KUBEFLOW_HOST], "issuerRef": _refer("Issuer", AUTHORITY)}
        return [
            self._build("Certificate", AUTHORITY, {**authority, "secretName": AUTHORITY, **SECRET_TEMPLATE}),
            self._build("Issuer", AUTHORITY, {"ca": {"secretName": AUTHORITY}}),
            self._build("Certificate", CERTIFICATE, {**certificate, "secretName": CERTIFICATE, **SECRET_TEMPLATE}),
        ]

    def _build(self, kind: str, name: str, spec: Object) -> Object:
        metadata = build_metadata(name, self._namespace)
        return {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": spec}


def _refer(kind: str, name: str) -> Object:
    return {"group": "cert-manager.io", "kind": kind, "name": name}
