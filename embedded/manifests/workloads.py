"""What workloads.toml says, and the Kubernetes objects that follow from it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field

from lab.images import full_reference
from lab.source import STAND_IN

TABLE = Path(__file__).parent / "workloads.toml"
VERSION_LABEL = "app.kubernetes.io/version"
ITSELF = "itself"
"""The role of a container whose image is the program that it names."""
GATEWAY_ACCOUNT = "istio-system/istio-ingressgateway-service-account"
TRUST_DOMAIN = "cluster.local"

Object = dict[str, Any]
"""A Kubernetes object."""


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Probe(_Row):
    """How the kubelet asks a container, as `scheme://:port/path`; scheme is http, https or tcp."""

    ask: str
    delay: int = 0
    every: int = 10
    timeout: int = 1
    failures: int = 3

    @property
    def port(self) -> int:
        """The port that it asks."""
        return urlsplit(self.ask).port or 0

    def manifest(self) -> Object:
        """The probe of a container."""
        url = urlsplit(self.ask)
        get = {"path": url.path, "port": self.port, "scheme": url.scheme.upper()}
        return {
            **({"tcpSocket": {"port": self.port}} if url.scheme == "tcp" else {"httpGet": get}),
            **({"initialDelaySeconds": self.delay} if self.delay else {}),
            "periodSeconds": self.every,
            "timeoutSeconds": self.timeout,
            "failureThreshold": self.failures,
        }


class Container(_Row):
    """A container of a workload.

    Arguments:
        image: upstream's name of it.
        role: what runs in it; see workloads.toml.
        args: further arguments of that role.
        ports: by name; `port-N` is one without a name.
        env: variables whose values are keys of the component's params.env.
        settings: variables with their values.
        ready: when it is ready.
        live: when it is alive.
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
        """The full name of the image that runs."""
        return full_reference(self.image) + ("" if self.role == ITSELF else STAND_IN)

    def arguments(self, name: str) -> list[str]:
        """What the stand-in program is called with; an idle one listens wherever it may be asked."""
        if self.role != "idle":
            return [self.role, *self.args]
        probes = [probe for probe in (self.ready, self.live) if probe]
        ports = sorted({*self.ports.values(), *(probe.port for probe in probes)})
        secure = {probe.port for probe in probes if probe.ask.startswith("https:")}
        secure |= {port for called, port in self.ports.items() if "webhook" in called or called == "https"}
        return ["idle", name, *(f"{port}/https" if port in secure else str(port) for port in ports)]

    def manifest(self, name: str, workload: str, claimed: bool) -> Object:
        """The container of a pod."""
        probes = {"readinessProbe": self.ready, "livenessProbe": self.live}
        variables = self.settings | dict.fromkeys(self.env, "")
        ports = [_container_port(called, port) for called, port in self.ports.items()]
        # What is empty is left out: the API server drops it, and each further apply would call that a change.
        return {
            "name": name,
            "image": self.reference,
            **({} if self.role == ITSELF else {"args": self.arguments(workload)}),
            **({"ports": ports} if ports else {}),
            **({"env": [{"name": key, "value": value} for key, value in variables.items()]} if variables else {}),
            **{key: probe.manifest() for key, probe in probes.items() if probe},
            **({"volumeMounts": [{"name": "data", "mountPath": "/data"}]} if claimed else {}),
        }


class Rule(_Row):
    """What a workload's ServiceAccount may do in the whole cluster."""

    groups: tuple[str, ...]
    resources: tuple[str, ...]
    verbs: tuple[str, ...]

    def manifest(self) -> Object:
        """The rule of a ClusterRole."""
        return {"apiGroups": list(self.groups), "resources": list(self.resources), "verbs": list(self.verbs)}


class Workload(_Row):
    """A Deployment or StatefulSet, with its Services.

    Arguments:
        labels: of its pods, which are also what it selects them by.
        account: its ServiceAccount, if not the namespace's default one.
        rules: what that may do.
        claim: the PersistentVolumeClaim that it mounts.
        services: their ports by name, each with the port that it leads to.
    """

    kind: Literal["Deployment", "StatefulSet"] = "Deployment"
    replicas: int = 1
    labels: dict[str, str]
    account: str = ""
    rules: tuple[Rule, ...] = ()
    claim: str = ""
    containers: dict[str, Container]
    services: dict[str, dict[str, tuple[int, int]]] = {}

    def objects(self, name: str, namespace: str, labels: dict[str, str]) -> Iterator[Object]:
        """Its Services and itself, which has these labels."""
        for service, ports in self.services.items():
            yield {
                **head("v1", "Service", service, namespace),
                "spec": {
                    "selector": self.labels,
                    "ports": [
                        {"name": called, "port": port, "targetPort": target} for called, (port, target) in ports.items()
                    ],
                },
            }
        volume = {"name": "data", "persistentVolumeClaim": {"claimName": self.claim}}
        pod = {
            **({"serviceAccountName": self.account} if self.account else {}),
            "containers": [part.manifest(of, name, bool(self.claim)) for of, part in self.containers.items()],
            **({"volumes": [volume]} if self.claim else {}),
        }
        workload = head("apps/v1", self.kind, name, namespace)
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

    def access(self, namespace: str) -> Iterator[Object]:
        """The ClusterRole of its ServiceAccount, and its binding."""
        if not self.rules:
            return
        role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": self.account}
        yield {
            **head("rbac.authorization.k8s.io/v1", "ClusterRole", self.account),
            "rules": [rule.manifest() for rule in self.rules],
        }
        yield {
            **head("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", self.account),
            "roleRef": role,
            "subjects": [{"kind": "ServiceAccount", "name": self.account, "namespace": namespace}],
        }


class Crd(_Row):
    """A kind that the API server is taught; its objects may look like anything.

    Arguments:
        name: plural and group.
        versions: the first is the one that is stored.
    """

    name: str
    kind: str
    versions: tuple[str, ...]
    scope: Literal["Cluster", "Namespaced"] = "Namespaced"

    def manifest(self) -> Object:
        """The CustomResourceDefinition."""
        plural, group = self.name.split(".", 1)
        schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
        definition = head("apiextensions.k8s.io/v1", "CustomResourceDefinition", self.name)
        if group.endswith(".k8s.io"):  # the API server wants to know whether Kubernetes itself approves of such a group
            definition["metadata"]["annotations"] = {"api-approved.kubernetes.io": "unapproved, Metacontroller's"}
        return {
            **definition,
            "spec": {
                "group": group,
                "scope": self.scope,
                "names": {"kind": self.kind, "plural": plural, "singular": self.kind.lower()},
                "versions": [
                    {
                        "name": version,
                        "served": True,
                        "storage": version == self.versions[0],
                        "schema": schema,
                        "subresources": {"status": {}},
                    }
                    for version in self.versions
                ],
            },
        }


class Route(_Row):
    """A path of the gateway that leads to a Service.

    Arguments:
        name: of the VirtualService.
        prefix: what the path begins with.
        service: where it leads.
        port: the Service's.
        rewrite: what takes the prefix's place; the prefix itself by default.
        allowed: NAMESPACE/ACCOUNT that alone may call the Service, the ingress gateway's by default.
        policy: the name of the AuthorizationPolicy that says so, the VirtualService's by default.
    """

    name: str
    prefix: str
    service: str
    port: int = 80
    rewrite: str = ""
    allowed: str = Field(GATEWAY_ACCOUNT, alias="from")
    policy: str = ""

    def objects(self, labels: dict[str, str], namespace: str) -> Iterator[Object]:
        """The VirtualService, and the AuthorizationPolicy of the pods that have these labels."""
        host = f"{self.service}.{namespace}.svc.cluster.local"
        way = {
            "match": [{"uri": {"prefix": self.prefix}}],
            "rewrite": {"uri": self.rewrite or self.prefix},
            "route": [{"destination": {"host": host, "port": {"number": self.port}}}],
        }
        yield {
            **head("networking.istio.io/v1alpha3", "VirtualService", self.name, namespace),
            "spec": {"gateways": ["kubeflow-gateway"], "hosts": ["*"], "http": [way]},
        }
        source, account = self.allowed.split("/")
        principal = f"{TRUST_DOMAIN}/ns/{source}/sa/{account}"
        yield {
            **head("security.istio.io/v1beta1", "AuthorizationPolicy", self.policy or self.name, namespace),
            "spec": {
                "action": "ALLOW",
                "selector": {"matchLabels": labels},
                "rules": [{"from": [{"source": {"principals": [principal]}}]}],
            },
        }


class Certificate(_Row):
    """A certificate that cert-manager issues for a Service, by an Issuer of its own."""

    name: str
    issuer: str
    secret: str
    service: str

    def objects(self, namespace: str) -> Iterator[Object]:
        """The Issuer and the Certificate."""
        name = f"{self.service}.{namespace}.svc"
        yield {**head("cert-manager.io/v1", "Issuer", self.issuer, namespace), "spec": {"selfSigned": {}}}
        yield {
            **head("cert-manager.io/v1", "Certificate", self.name, namespace),
            "spec": {
                "commonName": name,
                "dnsNames": [name, f"{name}.cluster.local"],
                "issuerRef": {"kind": "Issuer", "name": self.issuer},
                "secretName": self.secret,
            },
        }


class Component(_Row):
    """What one folder of the tree installs.

    Arguments:
        folder: in the tree.
        version: what a label of its workloads reads, where upstream tells the version by one.
        gateway_folder: where its routes are, if not in the same folder; it then includes the other.
        params: the content of its params.env.
        claims: PersistentVolumeClaims, each with its size.
    """

    folder: str
    namespace: str
    version: str = ""
    gateway_folder: str = ""
    crds: tuple[Crd, ...] = ()
    routes: tuple[Route, ...] = ()
    certificate: Certificate | None = None
    claims: dict[str, str] = {}
    params: dict[str, str] = {}
    workloads: dict[str, Workload]

    def objects(self) -> list[Object]:
        """All but its kinds, its routes and its certificate."""
        accounts = sorted({workload.account for workload in self.workloads.values()} - {""})
        claims = [
            {
                **head("v1", "PersistentVolumeClaim", name, self.namespace),
                "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}},
            }
            for name, size in self.claims.items()
        ]
        labels = {VERSION_LABEL: self.version} if self.version else {}
        workloads = self.workloads.items()
        return [
            *(head("v1", "ServiceAccount", account, self.namespace) for account in accounts),
            *(part for workload in self.workloads.values() for part in workload.access(self.namespace)),
            *claims,
            *(part for name, workload in workloads for part in workload.objects(name, self.namespace, labels)),
        ]

    def route_objects(self) -> list[Object]:
        """What makes the gateway lead to it."""
        labels = {service: one.labels for one in self.workloads.values() for service in one.services}
        return [part for route in self.routes for part in route.objects(labels[route.service], self.namespace)]


def load(table: Path = TABLE) -> dict[str, Component]:
    """The components by name; raises pydantic's ValidationError where the table does not follow the schema."""
    rows = tomllib.loads(table.read_text())
    return {name: Component.model_validate(row) for name, row in rows.items()}


def stand_ins(components: dict[str, Component]) -> list[str]:
    """The full references of the images in whose seat the stand-in program sits."""
    workloads = [workload for component in components.values() for workload in component.workloads.values()]
    containers = [container for workload in workloads for container in workload.containers.values()]
    return sorted({container.reference for container in containers if container.role != ITSELF})


def head(version: str, kind: str, name: str, namespace: str = "") -> Object:
    """What every Kubernetes object begins with."""
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": version, "kind": kind, "metadata": metadata}


def _container_port(name: str, port: int) -> Object:
    return {"containerPort": port, **({} if name == f"port-{port}" else {"name": name})}
