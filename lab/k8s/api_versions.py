"""The API versions of the kinds that the suite uses."""

from __future__ import annotations

API_VERSIONS = {
    "Deployment": "apps/v1",
    "DaemonSet": "apps/v1",
    "ReplicaSet": "apps/v1",
    "Job": "batch/v1",
    "StatefulSet": "apps/v1",
    "StorageClass": "storage.k8s.io/v1",
    "CustomResourceDefinition": "apiextensions.k8s.io/v1",
    "MutatingWebhookConfiguration": "admissionregistration.k8s.io/v1",
    "ValidatingWebhookConfiguration": "admissionregistration.k8s.io/v1",
    "Ingress": "networking.k8s.io/v1",
    "IngressClass": "networking.k8s.io/v1",
    "NetworkPolicy": "networking.k8s.io/v1",
    "EndpointSlice": "discovery.k8s.io/v1",
    "IPAddressPool": "metallb.io/v1beta1",
    "L2Advertisement": "metallb.io/v1beta1",
    "Gateway": "networking.istio.io/v1alpha3",
    "VirtualService": "networking.istio.io/v1alpha3",
    "DestinationRule": "networking.istio.io/v1alpha3",
    "ServiceEntry": "networking.istio.io/v1alpha3",
    "EnvoyFilter": "networking.istio.io/v1alpha3",
    "AuthorizationPolicy": "security.istio.io/v1beta1",
    "RequestAuthentication": "security.istio.io/v1beta1",
    "Certificate": "cert-manager.io/v1",
    "Issuer": "cert-manager.io/v1",
    "Notebook": "kubeflow.org/v1",
    "Profile": "kubeflow.org/v1",
    "Tensorboard": "tensorboard.kubeflow.org/v1alpha1",
}
"""The API versions of the kinds that the lab reads; all other kinds are in v1."""
