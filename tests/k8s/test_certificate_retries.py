"""lab/k8s/certificate_retries.py: failed Certificates are retried, as often as allowed, by a real patch command."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.k8s.certificate_retries import LOST_KEY, MAX_RETRIES, has_lost_key, retry_until_cancelled
from lab.k8s.client import Kube
from lab.k8s.objects import Object, ObjectRef
from lab.run.background import run_in_background
from lab.run.shell import Shell
from lab.run.waiting import poll, wait_until
from tests.conftest import WriteProgram
from tests.fake_cluster import FakeCluster

WEB = ObjectRef("Certificate", "web", "shop")


def make_certificate(message: str, *, status: str = "False", failed_at: str = "2026-11-28T06:36:46Z") -> Object:
    """Return a Certificate whose last issuance ended with a message."""
    condition = {"type": "Issuing", "status": status, "reason": "Failed", "message": message}
    return {
        "apiVersion": "cert-manager.io/v1",
        "kind": "Certificate",
        "metadata": {"name": "web", "namespace": "shop", "uid": "1"},
        "status": {"conditions": [condition]} | ({"lastFailureTime": failed_at} if failed_at else {}),
    }


LOST = make_certificate(f"Error generating certificate template: {LOST_KEY}")


@pytest.mark.parametrize(
    ("certificate", "expected"),
    [
        (LOST, True),
        (make_certificate(LOST_KEY, status="True"), False),
        (make_certificate(LOST_KEY, failed_at=""), False),
        (make_certificate("the issuer does not answer"), False),
        ({"kind": "Certificate"}, False),
    ],
)
def test_only_a_lost_private_key_is_a_reason_for_a_retry(certificate: Object, expected: bool) -> None:
    assert has_lost_key(certificate) is expected


@pytest.mark.parametrize(("required", "expected"), [([WEB], MAX_RETRIES), ([], 0)])
def test_required_certificates_are_retried_a_few_times(
    kube: Kube,
    cluster: FakeCluster,
    shell: Shell,
    write_program: WriteProgram,
    tmp_path: Path,
    required: list[ObjectRef],
    expected: int,
) -> None:
    calls, reports = tmp_path / "calls", list[str]()
    calls.touch()
    write_program("kubectl", f'echo "$@" >> {calls}')
    cluster.objects["Certificate"] = [LOST]
    with run_in_background(lambda: retry_until_cancelled(kube, shell, required, reports.append, interval=0.01)):
        wait_until(
            poll(lambda: sum("/certificates" in path for path in cluster.requests)),
            satisfied=lambda checks: checks > MAX_RETRIES + 2,  # in two of them, no further retry is allowed
            timeout=30,
            waiting_for="the Certificates to be checked more often than a retry is allowed",
            journal=kube.journal,
        )
    command = "patch certificates.cert-manager.io/web --namespace=shop --subresource=status"
    assert [line.startswith(command) for line in calls.read_text().splitlines()] == [True] * expected
    assert len(reports) == expected
