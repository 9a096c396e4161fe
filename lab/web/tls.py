"""TLS of the entry points: the certificate authorities that clients trust, and what is wrong with a certificate."""

from __future__ import annotations

import base64
import hashlib
import socket
import ssl
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from lab.config.entry_points import origin_of, port_of
from lab.errors import LabError

TIMEOUT = 5
"""Seconds to connect."""
X509_V_ERR_CERT_NOT_YET_VALID, X509_V_ERR_CERT_HAS_EXPIRED = 9, 10
X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH = 62, 64
UNKNOWN_AUTHORITY = (2, 18, 19, 20, 21)
"""OpenSSL's codes for a chain that ends at no trusted authority (`man openssl-verification-options`)."""
REPLACE_CERTIFICATE = (
    "replace the certificate; `kubectl get certificates.cert-manager.io -A` lists those that cert-manager issues, and "
    "`kubectl get ingress -A -o yaml` names the Secret that the Ingress controller uses (tls)"
)


@cache
def create_context(ca_file: Path | None) -> ssl.SSLContext:
    """Return a TLS context for clients that verifies certificates.

    Args:
        ca_file: A PEM file with the trusted authorities; None for those of the system.
    """
    return ssl.create_default_context(cafile=ca_file)


def read_certificate(url: str, address: str, context: ssl.SSLContext) -> x509.Certificate:
    """Return the certificate of a server, after it was verified.

    Args:
        url: A URL of the server, whose host the certificate must be valid for.
        address: The address to connect to.
        context: The context that verifies the certificate.

    Raises:
        OSError: If there is no answer, or the certificate is not trusted.
    """
    return x509.load_der_x509_certificate(_read_certificate(url, address, context))


def compute_key_pin(certificate: x509.Certificate) -> str:
    """Return the pin of a certificate's public key.

    Args:
        certificate: The certificate.

    Returns:
        The SHA-256 of the key (SubjectPublicKeyInfo) in base64, as Chromium expects it.
    """
    key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(key).digest()).decode()


def find_problem(url: str, address: str, ca_file: Path | None) -> LabError | None:
    """Return the error if a server does not answer with TLS or its certificate is not trusted; otherwise None.

    Args:
        url: A URL of the server.
        address: The address to connect to.
        ca_file: The file with the trusted authorities; None for those of the system.

    Raises:
        OSError: If there is no answer at all.
    """
    try:
        _read_certificate(url, address, create_context(ca_file))
    except ssl.SSLCertVerificationError as error:
        return _describe_untrusted(url, address, error, ca_file)
    except ssl.SSLError as error:
        host, port = str(urlsplit(url).hostname), port_of(url)
        return LabError(
            f"{origin_of(url)} does not answer with TLS",
            expected=f"a server that uses TLS at port {port}",
            seen=str(error),
            remedy=f"check the scheme and the port of the URL; `openssl s_client -connect {host}:{port}` shows the "
            "handshake",
        )
    return None


def _describe_untrusted(url: str, address: str, error: ssl.SSLCertVerificationError, ca_file: Path | None) -> LabError:
    certificate = _load_unverified(url, address)
    authorities = f"those of {ca_file}" if ca_file else "those of the system"
    reason, expected, remedy = _explain(error, str(urlsplit(url).hostname), authorities)
    return LabError(
        f"the certificate of {origin_of(url)} is not trusted: {reason}",
        expected=expected,
        seen=describe_certificate(certificate) if certificate else error.verify_message,
        remedy=remedy,
    )


def _explain(cause: ssl.SSLCertVerificationError, host: str, authorities: str) -> tuple[str, str, str]:
    """Return the reason, the expectation and the remedy for a certificate that was rejected."""
    code = cause.verify_code
    if code == X509_V_ERR_CERT_HAS_EXPIRED:
        return "it has expired", "a certificate that is valid now", REPLACE_CERTIFICATE
    if code == X509_V_ERR_CERT_NOT_YET_VALID:
        return "it is not valid yet", "a certificate that is valid now", "check the clock of this machine: `date`"
    if code in (X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH):
        return (
            f"it is not valid for {host}",
            f"a certificate with the name {host}",
            f"use a host of the certificate in --url, or {REPLACE_CERTIFICATE}",
        )
    if code in UNKNOWN_AUTHORITY:
        return (
            "its certificate authority is unknown",
            f"an authority among {authorities}",
            "give the certificate of this authority, in PEM format, with --ca-file; for a private one of cert-manager: "
            "`kubectl get secret -n NAMESPACE NAME -o jsonpath='{.data.ca\\.crt}' | base64 -d > ca.pem`",
        )
    return cause.verify_message, "a trusted certificate", REPLACE_CERTIFICATE


def describe_certificate(certificate: x509.Certificate) -> str:
    """Return the names, the issuer and the validity of a certificate."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        shown = ", ".join(str(name.value) for name in names) or "no host"
    except x509.ExtensionNotFound:
        shown = "no host"
    return (
        f"a certificate for {shown}, issued by {certificate.issuer.rfc4514_string() or 'an authority without a name'}, "
        f"valid from {certificate.not_valid_before_utc:%Y-%m-%d %H:%M} to "
        f"{certificate.not_valid_after_utc:%Y-%m-%d %H:%M} UTC"
    )


def _load_unverified(url: str, address: str) -> x509.Certificate | None:
    """Return the certificate of a server without verifying it, for a message about it; None if it cannot be read."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        return read_certificate(url, address, context)
    except (OSError, ValueError):
        return None


def _read_certificate(url: str, address: str, context: ssl.SSLContext) -> bytes:
    """Return the certificate of a server in DER format; an empty one if it presents none."""
    with (
        socket.create_connection((address, port_of(url)), timeout=TIMEOUT) as connection,
        context.wrap_socket(connection, server_hostname=urlsplit(url).hostname) as server,
    ):
        return server.getpeercert(binary_form=True) or b""
