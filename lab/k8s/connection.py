"""The connection to the API server that a kubeconfig names."""

from __future__ import annotations

from urllib.parse import urlsplit

from kubernetes import client, config, dynamic
from kubernetes.dynamic.discovery import LazyDiscoverer

from lab.config.addresses import ANY_ADDRESS, LOOPBACK
from lab.errors import LabError
from lab.k8s.kubeconfig import find_current_context

LOCAL_SERVERS = ("localhost", str(LOOPBACK), "::1", ANY_ADDRESS)
"""Hosts of API servers that are never reached through a proxy of the environment."""


def connect(kubeconfig: str) -> dynamic.DynamicClient:
    """Return a client of the cluster in the current context of a kubeconfig.

    Args:
        kubeconfig: The kubeconfig; several files are separated as in KUBECONFIG.

    Raises:
        LabError: If the kubeconfig names no cluster that can be used.
    """
    return dynamic.DynamicClient(
        client.ApiClient(_load_configuration(kubeconfig)),
        cache_file=f"{kubeconfig}.kinds",  # is never written; the default file may belong to another cluster
        discoverer=_Discoverer,
    )


class _Discoverer(LazyDiscoverer):
    """Keeps the discovered kinds in memory only; writing all of them after each new group takes 0.2 s."""

    def _write_cache(self) -> None:
        pass


def _load_configuration(kubeconfig: str) -> client.Configuration:
    configuration = client.Configuration()
    context = find_current_context(kubeconfig)
    try:
        config.load_kube_config(kubeconfig, context=context, client_configuration=configuration)
    except (config.ConfigException, KeyError, TypeError, AttributeError, ValueError) as error:
        raise LabError(
            "the kubeconfig does not name a cluster that can be used",
            expected="a current context with a cluster and a user",
            seen=f"{kubeconfig}: {error}",
            remedy="`kubectl config get-contexts` lists the contexts, `kubectl config use-context NAME` selects one",
        ) from None
    if urlsplit(configuration.host).hostname in LOCAL_SERVERS:  # as Go's programs do, which read the same variables
        configuration.proxy = None
    return configuration
