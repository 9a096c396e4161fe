"""The k3d cluster of the tutorial."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from lab.errors import LabError
from lab.kube import Kube, Object, UnreachableError, marked
from lab.readiness import is_ready, not_ready, wait_for_pods
from lab.site import Site
from lab.terminal import Terminal
from lab.waiting import wait_until

PORTS = {6443: "the Kubernetes API", 8080: "HTTP at the load balancer", 8443: "HTTPS at the load balancer"}
CREATE_TIMEOUT = 240
NODE_TIMEOUT, DNS_TIMEOUT = 60, 120
DNS_SELECTOR = "k8s-app=kube-dns"
DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"


class Cluster:
    """A cluster of one node in k3d, on the lab's network and without traefik and servicelb; or an existing one.

    Arguments:
        before_creation: is called before one is created, and not where there is one.
    """

    name = "cluster"

    def __init__(self, site: Site, before_creation: Callable[[], object] = lambda: None) -> None:
        self._before_creation = before_creation
        self.site, self.cluster_name = site, site.settings.cluster_name
        self._delete = ("k3d", "cluster", "delete", self.cluster_name)
        self.node = f"k3d-{self.cluster_name}-server-0"  # as k3d names the container

    @cached_property
    def kube(self) -> Kube:
        """The API of the cluster."""
        return Kube(Path(self.site.record.environment["KUBECONFIG"]))

    def wrong(self) -> str | None:
        """That there is no such cluster, or no ready node; None when it is right."""
        if self.site.settings.lab != "existing":
            running = self._in_k3d()
            if not running:
                return f"no k3d cluster {self.cluster_name}"
            if not running["serversRunning"]:
                return f"the k3d cluster {self.cluster_name} does not run"
        if not Path(self.site.record.environment["KUBECONFIG"]).is_file():
            return "no kubeconfig"
        try:
            return self.unready()
        except UnreachableError as error:
            if self.site.settings.lab == "existing":
                raise
            return error.what

    def install(self) -> None:
        """Creates it, as the tutorial does.

        What an interrupted run left of it is deleted first. Raises LabError when it is not this lab's.
        """
        if self.site.has_made(*self._delete):  # k3d lists a half-made cluster only sometimes, but always deletes it
            self.site.terminal.run(*self._delete)
        elif self._in_k3d():
            raise LabError(
                f"a k3d cluster {self.cluster_name} is there already and does not work; "
                "it is not this lab's and is left alone",
                expected=f"no cluster {self.cluster_name}, or one that is right",
                seen=str(self.wrong()),
                remedy=f"if nobody needs it: `k3d cluster delete {self.cluster_name}`; then run again",
            )
        self._before_creation()
        self.site.will_make(*self._delete)
        temporary = self.site.home / "k3d"  # where k3d leaves a file of host names with each cluster
        temporary.mkdir(parents=True, exist_ok=True)
        Terminal({**self.site.terminal.environment, "TMPDIR": str(temporary)}).run(
            *("k3d", "cluster", "create", *self._name_or_ports()),
            *("--k3s-arg", "--disable=traefik@server:0"),
            *("--k3s-arg", "--disable=servicelb@server:0"),
            *("--network", self.site.settings.network_name),
            *("--image", self.site.source.k3s_image, *self._registry_configuration()),
            timeout=CREATE_TIMEOUT,
            remedy=f"`python -m lab exec -- docker logs {self.node}` has the node's log",
        )

    def unready(self) -> str | None:
        """That a node or its DNS is not ready; None when both are."""
        nodes = self.nodes()
        if not nodes or not all(map(is_ready, nodes)):
            return "no ready node"
        return None if any(map(is_ready, self.dns_pods())) else "the cluster's DNS is not ready"

    def nodes(self) -> list[Object]:
        """Its nodes."""
        return self.kube.all("Node")

    def default_storage_classes(self) -> list[str]:
        """The names of the StorageClasses marked as default."""
        return marked(self.kube.all("StorageClass"), DEFAULT_CLASS)

    def dns_pods(self) -> list[Object]:
        """The pods of its DNS."""
        return self.kube.all("Pod", "kube-system", DNS_SELECTOR)

    def pods_named(self, prefix: str) -> list[str]:
        """The names of all pods, in any namespace, that begin with a prefix."""
        return [name for pod in self.kube.all("Pod") if (name := _name(pod)).startswith(prefix)]

    def context(self) -> str:
        """The context that kubectl uses."""
        return self.site.terminal.run("kubectl", "config", "current-context").output.strip()

    def _in_k3d(self) -> dict[str, Any] | None:
        listed = json.loads(self.site.terminal.run("k3d", "cluster", "list", "--output=json").output)
        return next((cluster for cluster in listed if cluster["name"] == self.cluster_name), None)

    def _name_or_ports(self) -> tuple[str, ...]:
        """A name of the lab's own; else the tutorial's ports, of which there is one set on a machine."""
        if self.site.settings.name:
            return (self.cluster_name,)
        return (*("--api-port", "6443"), *("--port", "8080:80@loadbalancer", "--port", "8443:443@loadbalancer"))

    def _registry_configuration(self) -> tuple[str, ...]:
        if not self.site.source.mirrors:
            return ()
        file = self.site.home / "registries.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(registry_configuration(self.site))
        return ("--registry-config", str(file))


class ClusterReadiness:
    """The nodes and the DNS of a cluster, ready. What is installed into it may be on its way meanwhile."""

    name = "cluster's readiness"

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def wrong(self) -> str | None:
        """What is not ready; None when all is."""
        return self._cluster.unready()

    def install(self) -> None:
        """Waits for it; raises LabError when time is up."""
        kube = self._cluster.kube
        wait_until(
            kube.watching("Node"),
            satisfied=lambda nodes: bool(nodes) and all(map(is_ready, nodes)),
            show=lambda nodes: ", ".join(not_ready(nodes)) or "no node",
            timeout=NODE_TIMEOUT,
            what="every node is Ready",
            remedy="`python -m lab exec -- kubectl describe nodes` says why",
        )
        wait_for_pods(kube, "kube-system", DNS_SELECTOR, 1, DNS_TIMEOUT, "the cluster's DNS is ready")


def registry_configuration(site: Site) -> str:
    """What k3d's --registry-config is to say: which mirrors the node asks in place of each registry."""
    gateway = site.settings.gateway
    mirrors = {
        host: {"endpoint": [endpoint.format(gateway=gateway) for endpoint in endpoints]}
        for host, endpoints in site.source.mirrors.items()
    }
    return str(yaml.safe_dump({"mirrors": mirrors}))


def _name(one: Object) -> str:
    return str(one["metadata"]["name"])
