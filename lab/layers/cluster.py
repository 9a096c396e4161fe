"""The k3d cluster of the tutorial, or an existing cluster."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import yaml
from packaging.version import Version

from lab.config.settings import Settings
from lab.context import Lab, RunContext
from lab.errors import LabError, UnreachableError
from lab.k8s.client import Kube
from lab.k8s.objects import Object, names_with_annotation
from lab.k8s.readiness import describe_unready, is_ready, list_running_pods, wait_for_pods
from lab.k8s.version_numbers import is_in_range
from lab.run.waiting import wait_until

PORTS = {6443: "the Kubernetes API", 8080: "HTTP at the load balancer", 8443: "HTTPS at the load balancer"}
CREATE_TIMEOUT = 240
NODE_TIMEOUT, DNS_TIMEOUT = 60, 120
DNS_SELECTOR = "k8s-app=kube-dns"
NODE_ROLES = ("server", "agent")
"""The roles, in a label of k3d, of the containers that are nodes."""
DEFAULT_CLASS_ANNOTATION = "storageclass.kubernetes.io/is-default-class"
OLD_DEFAULT_CLASS_ANNOTATION = "storageclass.beta.kubernetes.io/is-default-class"
"""The annotation before it was stable; Kubernetes still respects it."""
MANY_DEFAULTS_ACCEPTED = ">=1.26"
"""The versions of Kubernetes that accept several default StorageClasses, and use the newest."""


class Cluster:
    """A cluster with one node in k3d, on the lab's network and without traefik and servicelb; or an existing cluster.

    Args:
        lab: The lab.
        before_creation: Called before a cluster is created; not called if it exists already.
    """

    name = "cluster"

    def __init__(self, lab: Lab, before_creation: Callable[[], object] = lambda: None) -> None:
        self.lab, self.cluster_name = lab, lab.settings.cluster_name
        self._before_creation = before_creation
        self._delete = ("k3d", "cluster", "delete", self.cluster_name)

    def problem(self) -> str | None:
        """Return why the cluster does not exist or is not ready, or None."""
        is_existing = not self.lab.settings.kind.is_installed
        if not is_existing:
            cluster = self._find_in_k3d()
            if not cluster:
                return f"there is no k3d cluster {self.cluster_name}"
            if not cluster["serversRunning"]:
                return f"the k3d cluster {self.cluster_name} does not run"
        # The kubeconfig of an existing cluster may be a list of files, which was checked when the lab was opened.
        if not is_existing and not Path(self.lab.state.environment["KUBECONFIG"]).is_file():
            return "there is no kubeconfig"
        try:
            return find_unready(self.lab.kube)
        except UnreachableError as error:
            if is_existing:
                raise
            return error.headline

    def install(self) -> None:
        """Create the cluster, as the tutorial does, after deleting what an interrupted run left of it.

        Raises:
            LabError: If a cluster of this name exists that does not belong to this lab.
        """
        # k3d does not always list a cluster whose creation was interrupted, but always deletes it.
        if self.lab.owns(*self._delete):
            self.lab.shell.run(*self._delete)
        elif self._find_in_k3d():
            raise LabError(
                f"a k3d cluster {self.cluster_name} exists that does not work and does not belong to this lab; "
                "it was not changed",
                expected=f"no cluster {self.cluster_name}, or one that works",
                seen=str(self.problem()),
                remedy=f"if it is not used: `k3d cluster delete {self.cluster_name}`; then run again",
            )
        self._before_creation()
        self.lab.register_undo(*self._delete)
        temporary = self.lab.home / "k3d"  # k3d leaves a file of host names here for each cluster
        temporary.mkdir(parents=True, exist_ok=True)
        self.lab.shell.with_environment(TMPDIR=str(temporary)).run(
            "k3d",
            "cluster",
            "create",
            *self._name_or_ports(),
            "--k3s-arg",
            "--disable=traefik@server:0",
            "--k3s-arg",
            "--disable=servicelb@server:0",
            "--network",
            self.lab.settings.network_name,
            "--image",
            self.lab.source.k3s_image,
            *self._registry_options(),
            timeout=CREATE_TIMEOUT,
            remedy=f"read the log of the node: `docker logs {node_name(self.lab.settings)}`",
        )
        self.lab.kube.reconnect()  # an earlier cluster of this name had other certificates

    def list_nodes(self) -> list[Object]:
        """Return the nodes."""
        return self.lab.kube.list_objects("Node")

    def list_default_storage_classes(self) -> list[str]:
        """Return the names of the StorageClasses that are marked as default."""
        return list_default_classes(self.lab.kube.list_objects("StorageClass"))

    def list_dns_pods(self) -> list[Object]:
        """Return the pods of the cluster DNS."""
        return _list_dns_pods(self.lab.kube)

    def list_pods_with_prefix(self, prefix: str) -> list[str]:
        """Return the names of all pods, in any namespace, that start with a prefix."""
        names = [str(pod["metadata"]["name"]) for pod in self.lab.kube.list_objects("Pod")]
        return [name for name in names if name.startswith(prefix)]

    def get_kubectl_context(self) -> str:
        """Return the current context of kubectl."""
        return self.lab.shell.run("kubectl", "config", "current-context").output.strip()

    def _find_in_k3d(self) -> dict[str, Any] | None:
        clusters = json.loads(self.lab.shell.run("k3d", "cluster", "list", "--output=json").output)
        return next((cluster for cluster in clusters if cluster["name"] == self.cluster_name), None)

    def _name_or_ports(self) -> tuple[str, ...]:
        """Return the name of a lab with a name; else the tutorial's ports, which only one lab of a machine can use."""
        if self.lab.settings.name:
            return (self.cluster_name,)
        return ("--api-port", "6443", "--port", "8080:80@loadbalancer", "--port", "8443:443@loadbalancer")

    def _registry_options(self) -> tuple[str, ...]:
        if not self.lab.source.mirrors:
            return ()
        file = self.lab.home / "registries.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(build_registry_config(self.lab))
        return ("--registry-config", str(file))


class ClusterReadiness:
    """The nodes and the DNS of the cluster, ready. Other layers can be installed into the cluster meanwhile.

    Args:
        lab: The lab.
    """

    name = "cluster readiness"

    def __init__(self, lab: Lab) -> None:
        self.lab = lab

    def problem(self) -> str | None:
        """Return what is not ready, or None."""
        return find_unready(self.lab.kube)

    def install(self) -> None:
        """Wait until nodes and DNS are ready; there is nothing to install.

        Raises:
            WaitError: If they do not become ready.
        """
        kube = self.lab.kube
        wait_until(
            kube.watch("Node"),
            satisfied=lambda nodes: bool(nodes) and all(map(is_ready, nodes)),
            describe=lambda nodes: ", ".join(describe_unready(nodes)) or "no node",
            timeout=NODE_TIMEOUT,
            waiting_for="every node to be Ready",
            journal=kube.journal,
            remedy="read the conditions of the nodes: `kubectl describe nodes`",
        )
        wait_for_pods(kube, "kube-system", DNS_SELECTOR, 1, DNS_TIMEOUT, "the cluster DNS to be ready")


def node_name(settings: Settings) -> str:
    """Return the name that k3d assigns to the container of the cluster's node."""
    return f"k3d-{settings.cluster_name}-server-0"


def list_node_containers(lab: Lab) -> list[str]:
    """Return the containers that are the nodes of the cluster that k3d has created."""
    cluster = f"label=k3d.cluster={lab.settings.cluster_name}"
    command = ("docker", "container", "ls", "--filter", cluster, '--format={{.Names}} {{.Label "k3d.role"}}')
    names = (line.split(" ") for line in lab.shell.run(*command).output.splitlines())
    return [name for name, role in names if role in NODE_ROLES]


def find_unready(kube: Kube) -> str | None:
    """Return which of a cluster's nodes and DNS is not ready, or None if both are."""
    nodes = kube.list_objects("Node")
    if not nodes or not all(map(is_ready, nodes)):
        return "there is no ready node"
    return None if any(map(is_ready, _list_dns_pods(kube))) else "the cluster DNS is not ready"


def list_default_classes(storage_classes: Iterable[Object]) -> list[str]:
    """Return the names of the StorageClasses that are marked as default by either of the two annotations."""
    classes = list(storage_classes)
    annotations = (DEFAULT_CLASS_ANNOTATION, OLD_DEFAULT_CLASS_ANNOTATION)
    return sorted({name for annotation in annotations for name in names_with_annotation(classes, annotation)})


def describe_default_classes(names: Sequence[str], version: Version | None) -> str:
    """Return why PersistentVolumeClaims without a class get no volume; empty if they get one.

    Args:
        names: The names of the default StorageClasses.
        version: The version of Kubernetes; None if it is not known.
    """
    if not names:
        return "no StorageClass is marked as default: PersistentVolumeClaims without a class stay Pending"
    if len(names) == 1 or (version and is_in_range(version, MANY_DEFAULTS_ACCEPTED)):
        return ""
    return (
        f"{len(names)} StorageClasses are marked as default ({', '.join(names)}): Kubernetes before 1.26 rejects "
        "PersistentVolumeClaims without a class; from 1.26 on, the newest of these StorageClasses is used"
    )


def build_registry_config(lab: Lab) -> str:
    """Return the content of the file for k3d's --registry-config: the mirrors that the node uses for each registry."""
    mirrors = {host: {"endpoint": endpoints} for host, endpoints in list_mirrors(lab).items()}
    return str(yaml.safe_dump({"mirrors": mirrors}))


def list_mirrors(context: RunContext) -> dict[str, list[str]]:
    """Return the URLs of the mirrors for each image registry, by the host of the registry."""
    gateway = context.settings.gateway
    return {host: [url.format(gateway=gateway) for url in urls] for host, urls in context.source.mirrors.items()}


def _list_dns_pods(kube: Kube) -> list[Object]:
    return list_running_pods(kube, "kube-system", DNS_SELECTOR)
