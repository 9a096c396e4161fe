"""lab/k8s/rejections.py: each message of the API server about a rejected pod has its remedy."""

from __future__ import annotations

import pytest

from lab.k8s.rejections import explain_rejection

CALL = (
    'Internal error occurred: failed calling webhook "admission-webhook-deployment.kubeflow.org": failed to call '
    "webhook: "
    'Post "https://admission-webhook-service.kubeflow.svc:443/apply-poddefault?timeout=10s":'
)
PODS = 'pods "web-5c4b87f876-x2x8p" is forbidden:'


@pytest.mark.parametrize(
    ("message", "summary", "remedy"),
    [
        (f"{PODS} failed quota: kf-resource-quota: must specify cpu,memory", "requires limits", "LimitRange"),
        (f"{PODS} failed quota: q: must specify limits.cpu for: nginx", "requires limits", "LimitRange"),
        (
            f"{PODS} exceeded quota: q, requested: pods=1, used: pods=5, limited: pods=5",
            "is exhausted",
            "`kubectl describe resourcequotas -n team-a`",
        ),
        (
            f'{PODS} violates PodSecurity "restricted:v1.25": runAsNonRoot != true (pod or container "web" must set '
            "it)",
            "Pod Security",
            "`kubectl label namespace team-a --overwrite pod-security.kubernetes.io/enforce=privileged`",
        ),
        (
            f'{PODS} unable to validate against any security context constraint: [provider "anyuid": Forbidden: not '
            "usable by user or serviceaccount]",
            "SCC",
            "-n team-a`",
        ),
        (
            f'{PODS} error looking up service account team-a/web: serviceaccount "web" not found',
            "ServiceAccount does not exist",
            "`kubectl get serviceaccounts -n team-a`",
        ),
        (f"{PODS} maximum cpu usage per Container is 1, but limit is 2", "LimitRange", "`kubectl describe limitranges"),
        (f"{PODS} no PriorityClass with name urgent was found", "PriorityClass", "`kubectl get priorityclasses`"),
        (f'{PODS} pod rejected: RuntimeClass "kata" not found', "RuntimeClass", "`kubectl get runtimeclasses`"),
        (
            f"{PODS} unable to create new content in namespace team-a because it is being terminated",
            "is being deleted",
            "finalizers",
        ),
        (
            'admission webhook "validate.kyverno.svc-fail" denied the request: policy x: violates PodSecurity',
            "a policy of the cluster",
            "exempt the namespace team-a",
        ),
        (f"{CALL} x509: certificate has expired or is not yet valid: current time", "has expired", "clocks"),
        (f"{CALL} x509: certificate signed by unknown authority", "does not trust", "caBundle"),
        (
            f"{CALL} tls: failed to verify certificate: x509: certificate signed by unknown authority (possibly "
            "because "
            'of "crypto/rsa: verification error")',
            "does not trust",
            "caBundle",
        ),
        (f"{CALL} x509: certificate is valid for a.b.svc, not c.b.svc", "for another name", "dnsNames"),
        (f"{CALL} x509: certificate is not valid for any names, but wanted to match c", "for another name", "dnsNames"),
        (f"{CALL} Address is not allowed", "EKS", "hostNetwork"),
        (f"{CALL} dial tcp 10.0.3.7:4443: i/o timeout", "in time", "10250"),
        (f"{CALL} context deadline exceeded", "in time", "10250"),
        (f"{CALL} dial tcp 10.0.3.7:443: connect: no route to host", "no route", "CNI"),
        (f'{CALL} service "admission-webhook-service" not found', "Service of a webhook", "delete the configuration"),
        (f"{CALL} dial tcp 10.43.0.9:443: connect: connection refused", "does not answer", "`kubectl get pods -A`"),
        (f'{CALL} no endpoints available for service "w"', "does not answer", "`kubectl get pods -A`"),
        (f"{PODS} something new", "the API server rejects its pods", "`kubectl get events -n team-a"),
    ],
)
def test_each_rejection_has_its_own_remedy(message: str, summary: str, remedy: str) -> None:
    explanation = explain_rejection(message, "team-a")
    assert summary in explanation.summary
    assert remedy in explanation.remedy
    assert "NAMESPACE" not in explanation.remedy.replace("SERVICE.NAMESPACE.svc", "")


def test_only_a_webhook_that_does_not_answer_may_recover() -> None:
    assert explain_rejection(f"{CALL} EOF", "team-a").may_recover
    assert not explain_rejection(f"{PODS} exceeded quota: q", "team-a").may_recover
