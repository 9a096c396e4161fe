"""The workloads of Kubeflow that are applied before all others, and after them."""

from __future__ import annotations

FIRST = (
    "kube-system/istio-cni-node",
    "istio-system/istiod",
    "cert-manager/cert-manager-webhook",
    "cert-manager/cert-manager",
    "cert-manager/cert-manager-cainjector",
    "kubeflow/training-operator",
)
"""The workloads that are applied before all others, in every release, because others wait for them.

A pod that gets a sidecar before the agent of Istio's CNI plug-in is ready crashes until the agent repairs it.
Without cert-manager, no webhook has a certificate, and no object is accepted that a webhook checks.
istiod creates the ConfigMap istio-ca-root-cert, without which no gateway starts. training-operator is the slowest: for
each of its kinds it requests all groups of the API, five a second, which takes three quarters of a minute.
"""
LAST = ("auth/dex",)
"""The workloads that are applied after all others: while they all start, the API server may be too slow for Dex.

Dex then stops trying to create its signing keys, and is ready without any for half a minute.
"""
