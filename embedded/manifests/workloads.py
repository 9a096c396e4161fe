"""The rows of a workload in workloads.toml, and the Kubernetes objects that are generated from them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict

from lab.config.source import STAND_IN_SUFFIX
from lab.k8s.images import full_reference
from lab.k8s.objects import Object

ITSELF = "itself"
"""The role of a container that runs the program that the name of its image means."""


class Row(BaseModel):
    """A row of the table, which has no other fields than those of its class."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Probe(Row):
    """A probe of a container.

    Args:
        ask: The request of the kubelet, as `scheme://:port/path`; scheme is http, https or tcp.
        delay: Seconds before the first probe.
        every: Seconds between two probes.
        timeout: Seconds for an answer.
        failures: The number of failures in a row after which the container counts as failed.
    """

    ask: str
    delay: int = 0
    every: int = 10
    timeout: int = 1
    failures: int = 3

    @property
    def port(self) -> int:
        """The port of the request."""
        return urlsplit(self.ask).port or 0

    def to_manifest(self) -> Object:
        """Return the probe as it is written in the spec of a container."""
        url = urlsplit(self.ask)
        get = {"path": url.path, "port": self.port, "scheme": url.scheme.upper()}
        return {
            **({"tcpSocket": {"port": self.port}} if url.scheme == "tcp" else {"httpGet": get}),
            **({"initialDelaySeconds": self.delay} if self.delay else {}),
            "periodSeconds": self.every,
            "timeoutSeconds": self.timeout,
            "failureThreshold": self.failures,
        }


class Container(Row):
    """A container of a workload.

    Args:
        image: Upstream's name of its image.
        role: The program that runs in it; see workloads.toml.
        args: Further arguments for that role.
        ports: Its ports by name; a name `port-N` means a port without a name.
        env: For each environment variable, the key in the component's params.env that has its value.
        settings: Environment variables with their values.
        ready: The readiness probe.
        live: The liveness probe.
    """

    image: str
    role: str = "idle"
    args: tuple[str, ...] = ()
    ports: dict[str, int] = {}
    env: dict[str, str] = {}
    settings: dict[str, str] = {}
    ready: Probe | None = None
    live: Probe | None = None

    @property
    def reference(self) -> str:
        """The full reference of the image that runs."""
        return full_reference(self.image) + ("" if self.role == ITSELF else STAND_IN_SUFFIX)

    def arguments(self, name: str) -> list[str]:
        """Return the arguments of the stand-in program; an idle one listens on every port that a client may use."""
        if self.role != "idle":
            return [self.role, *self.args]
        probes = [probe for probe in (self.ready, self.live) if probe]
        ports = sorted({*self.ports.values(), *(probe.port for probe in probes)})
        return ["idle", name, *map(str, ports)]

    def to_manifest(self, name: str, workload: str, mounts_claim: bool) -> Object:
        """Return the container as it is written in the spec of a pod.

        Args:
            name: The name of the container.
            workload: The name of its workload.
            mounts_claim: Whether it mounts the volume of the workload's claim.
        """
        probes = {"readinessProbe": self.ready, "livenessProbe": self.live}
        variables = self.settings | dict.fromkeys(self.env, "")
        ports = [_container_port(port_name, port) for port_name, port in self.ports.items()]
        # Empty lists are omitted: the API server drops them, so each further apply would report a change.
        return {
            "name": name,
            "image": self.reference,
            **({} if self.role == ITSELF else {"args": self.arguments(workload)}),
            **({"ports": ports} if ports else {}),
            **({"env": [{"name": key, "value": value} for key, value in variables.items()]} if variables else {}),
            **{key: probe.to_manifest() for key, probe in probes.items() if probe},
            **({"volumeMounts": [{"name": "data", "mountPath": "/data"}]} if mounts_claim else {}),
        }


class Rule(Row):
    """A permission of a workload's ServiceAccount in the whole cluster."""

    groups: tuple[str, ...]
    resources: tuple[str, ...]
    verbs: tuple[str, ...]

    def to_manifest(self) -> Object:
        """Return the rule as it is written in a ClusterRole."""
        return {"apiGroups": list(self.groups), "resources": list(self.resources), "verbs": list(self.verbs)}


class Workload(Row):
    """A Deployment or StatefulSet, with its Services.

    Args:
        kind: Its kind.
        replicas: The number of its pods.
        labels: The labels of its pods, which are also its selector.
        account: Its ServiceAccount; empty for the default one of the namespace.
        rules: The permissions of the ServiceAccount.
        claim: The PersistentVolumeClaim that its containers mount; empty if they mount none.
        containers: Its containers by name.
        services: For each of its Services, the ports by name, each with its target port.
    """

    kind: Literal["Deployment", "StatefulSet"] = "Deployment"
    replicas: int = 1
    labels: dict[str, str]
    account: str = ""
    rules: tuple[Rule, ...] = ()
    claim: str = ""
    containers: dict[str, Container]
    services: dict[str, dict[str, tuple[int, int]]] = {}

    def build_objects(self, name: str, namespace: str, labels: dict[str, str]) -> Iterator[Object]:
        """Yield its Services and the workload itself.

        Args:
            name: The name of the workload.
            namespace: Its namespace.
            labels: The labels of the workload itself, not of its pods.
        """
        for service, ports in self.services.items():
            yield {
                **object_header("v1", "Service", service, namespace),
                "spec": {
                    "selector": self.labels,
                    "ports": [
                        {"name": port_name, "port": port, "targetPort": target}
                        for port_name, (port, target) in ports.items()
                    ],
                },
            }
        volume = {"name": "data", "persistentVolumeClaim": {"claimName": self.claim}}
        pod = {
            **({"serviceAccountName": self.account} if self.account else {}),
            "containers": [
                container.to_manifest(container_name, name, bool(self.claim))
                for container_name, container in self.containers.items()
            ],
            **({"volumes": [volume]} if self.claim else {}),
        }
        workload = object_header("apps/v1", self.kind, name, namespace)
        workload["metadata"] |= {"labels": labels} if labels else {}
        yield {
            **workload,
            "spec": {
                "replicas": self.replicas,
                "selector": {"matchLabels": self.labels},
                **({"serviceName": ""} if self.kind == "StatefulSet" else {}),
                "template": {"metadata": {"labels": self.labels}, "spec": pod},
            },
        }

    def build_access_objects(self, namespace: str) -> Iterator[Object]:
        """Yield the ClusterRole of its ServiceAccount and the binding, if it has rules."""
        if not self.rules:
            return
        role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": self.account}
        yield {
            **object_header("rbac.authorization.k8s.io/v1", "ClusterRole", self.account),
            "rules": [rule.to_manifest() for rule in self.rules],
        }
        yield {
            **object_header("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", self.account),
            "roleRef": role,
            "subjects": [{"kind": "ServiceAccount", "name": self.account, "namespace": namespace}],
        }


def object_header(version: str, kind: str, name: str, namespace: str = "") -> Object:
    """Return the fields that every Kubernetes object has."""
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": version, "kind": kind, "metadata": metadata}


def _container_port(name: str, port: int) -> Object:
    return {"containerPort": port, **({} if name == f"port-{port}" else {"name": name})}
