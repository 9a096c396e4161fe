"""Explanations of the API server's rejections of pods: quota, policies, missing objects and webhooks."""

from __future__ import annotations

import re
from dataclasses import replace

from lab.k8s.explanations import Explanation, Rule, find_explanation

_NAMESPACE = "NAMESPACE"
"""The place for the namespace in a remedy."""
_WEBHOOK = r'failed calling webhook "[^"]+".*'
"""The beginning of the patterns of webhooks that do not answer: while an installation starts, they do so later."""
_LIST_WEBHOOKS = "`kubectl get mutatingwebhookconfigurations,validatingwebhookconfigurations` lists all webhooks"

POLICY_RULES: tuple[Rule, ...] = tuple(
    (re.compile(pattern), Explanation(summary, remedy))
    for pattern, summary, remedy in (
        (
            r"failed quota: .*must specify",
            "a ResourceQuota requires limits and requests that it does not have",
            "add a LimitRange with default limits and requests to the namespace, or remove the resource from the "
            "quota: `kubectl describe resourcequotas,limitranges -n NAMESPACE`",
        ),
        (
            "exceeded quota: ",
            "a ResourceQuota of the namespace is exhausted",
            "raise the quota, or remove pods: `kubectl describe resourcequotas -n NAMESPACE`",
        ),
        (
            "violates PodSecurity",
            "Pod Security of the namespace forbids it",
            "lower the level of the namespace: `kubectl label namespace NAMESPACE --overwrite "
            "pod-security.kubernetes.io/enforce=privileged`",
        ),
        (
            "unable to validate against any (security context constraint|pod security policy)",
            "no security context constraint (SCC) of OpenShift allows it",
            "allow one for its ServiceAccount: `oc adm policy add-scc-to-user anyuid -z SERVICEACCOUNT -n NAMESPACE`",
        ),
        (
            r"(maximum|minimum) \S+ usage per (Container|Pod) is|max limit to request ratio",
            "a LimitRange of the namespace forbids its resources",
            "change the LimitRange, or the resources of the workload: `kubectl describe limitranges -n NAMESPACE`",
        ),
    )
)
"""The rules about quotas and policies of a namespace, which forbid pods and other objects; their remedies may contain
NAMESPACE."""
_WEBHOOK_RULES: tuple[Rule, ...] = tuple(
    (re.compile(pattern), Explanation(summary, remedy, may_recover=pattern.startswith(_WEBHOOK)))
    for pattern, summary, remedy in (
        (
            _WEBHOOK + "x509: certificate has expired or is not yet valid",
            "the certificate of a webhook has expired, or a clock is wrong",
            "let cert-manager issue it again (delete its Secret; `kubectl get certificates -A` names it), restart the "
            "webhook's pod, and compare the clocks of the nodes",
        ),
        (
            _WEBHOOK + "x509: certificate (is (not )?valid for|relies on legacy Common Name)",
            "the certificate of a webhook is for another name",
            "the certificate must be for SERVICE.NAMESPACE.svc of the Service in the message: correct dnsNames of the "
            "Certificate (`kubectl get certificates -A`), and restart the webhook's pod",
        ),
        (
            _WEBHOOK + "(x509: |unable to load root certificates)",
            "the API server does not trust the certificate of a webhook",
            "the caBundle of the webhook's configuration must contain the CA of its certificate: check that "
            "`kubectl get pods -n cert-manager` lists a ready cainjector, delete the Secret of an earlier "
            f"installation, and restart the webhook's pod; {_LIST_WEBHOOKS}",
        ),
        (
            _WEBHOOK + "Address is not allowed",
            "the API server must not connect to the pod network (EKS with another CNI than its own)",
            "let the webhook's pod use hostNetwork, or use the VPC CNI of EKS",
        ),
        (
            _WEBHOOK
            + "(i/o timeout|context deadline exceeded|Client\\.Timeout exceeded|connection timed out|"
            + "TLS handshake timeout)",
            "a webhook does not answer in time, as behind a firewall",
            "allow the control plane to reach the nodes at the port of the webhook's pod (targetPort of its Service, "
            "often 4443, 8443, 9443 or 15017): private clusters of GKE allow only 443 and 10250; "
            f"without a firewall, see the log of the webhook's pod; {_LIST_WEBHOOKS}",
        ),
        (
            _WEBHOOK + "(no route to host|network is unreachable)",
            "the API server has no route to a webhook",
            "repair the network between the API server and the pods (CNI, a firewall such as ufw)",
        ),
        (
            _WEBHOOK + '(service "[^"]+" not found|no such host)',
            "the Service of a webhook does not exist",
            "install the component of the webhook again, or delete the configuration that an earlier installation has "
            f"left; {_LIST_WEBHOOKS}",
        ),
        (
            _WEBHOOK,
            "a webhook does not answer",
            "check that the pod of the Service in the message is ready (`kubectl get pods -A`); " + _LIST_WEBHOOKS,
        ),
        (
            'admission webhook "[^"]+" denied the request|ValidatingAdmissionPolicy .*denied request|image policy '
            "webhook backend denied",
            "a policy of the cluster forbids its pods",
            "change the policy that the message names, or exempt the namespace NAMESPACE from it",
        ),
    )
)
_POD_RULES: tuple[Rule, ...] = tuple(
    (re.compile(pattern), Explanation(summary, remedy))
    for pattern, summary, remedy in (
        (
            'error looking up service account|serviceaccounts? "[^"]+" not found',
            "its ServiceAccount does not exist",
            "apply the manifests of the component again; `kubectl get serviceaccounts -n NAMESPACE` lists those that "
            "exist (the Profile controller creates those of a Profile)",
        ),
        (
            "no PriorityClass with name",
            "its PriorityClass does not exist",
            "create it, or remove priorityClassName: `kubectl get priorityclasses` lists those that exist",
        ),
        (
            'RuntimeClass "[^"]+" not found',
            "its RuntimeClass does not exist",
            "create it, or remove runtimeClassName: `kubectl get runtimeclasses` lists those that exist",
        ),
        (
            "because it is being terminated",
            "its namespace is being deleted",
            "wait until the namespace is gone, and apply again; `kubectl get namespace NAMESPACE -o yaml` shows which "
            "finalizers remain",
        ),
        (
            " is invalid: ",
            "the template of its pods is invalid",
            "correct the field that the message names in the manifests",
        ),
    )
)
_OTHER = Explanation(
    "the API server rejects its pods",
    "correct what the message names; `kubectl get events -n NAMESPACE --field-selector reason=FailedCreate` lists all "
    "such messages",
)


def explain_rejection(message: str, namespace: str) -> Explanation:
    """Return the explanation of the message with which the API server rejects a pod.

    Args:
        message: The API server's message, in one line.
        namespace: The namespace of the pod, which the remedy names.
    """
    found = find_explanation(message, (*_WEBHOOK_RULES, *POLICY_RULES, *_POD_RULES)) or _OTHER
    return replace(found, remedy=found.remedy.replace(f" {_NAMESPACE}", f" {namespace}"))
