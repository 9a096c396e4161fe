"""The table of Kubeflow's components, workloads.toml, and the Kubernetes objects that are generated from it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import Field

from embedded.manifests.workloads import ITSELF, Row, Workload, object_header
from lab.k8s.objects import Object

TABLE = Path(__file__).parent / "workloads.toml"
VERSION_LABEL = "app.kubernetes.io/version"
GATEWAY_ACCOUNT = "istio-system/istio-ingressgateway-service-account"
TRUST_DOMAIN = "cluster.local"


class Crd(Row):
    """A custom resource whose schema accepts every object.

    Args:
        name: PLURAL.GROUP.
        kind: The kind of its objects.
        versions: Its versions; the first is the stored one.
        scope: The scope of its objects.
    """

    name: str
    kind: str
    versions: tuple[str, ...]
    scope: Literal["Cluster", "Namespaced"] = "Namespaced"

    def to_manifest(self) -> Object:
        """Return the CustomResourceDefinition."""
        plural, group = self.name.split(".", 1)
        schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
        definition = object_header("apiextensions.k8s.io/v1", "CustomResourceDefinition", self.name)
        if group.endswith(".k8s.io"):  # the API server requires a statement of whether Kubernetes approves such a group
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


class Route(Row):
    """A path of the gateway that is routed to a Service.

    Args:
        name: The name of the VirtualService.
        prefix: The beginning of the path.
        service: The Service.
        port: The port of the Service.
        rewrite: The replacement of the prefix; by default the prefix itself.
        allowed: The only ServiceAccount that may call the Service, as NAMESPACE/NAME; by default the ingress gateway's.
        policy: The name of the AuthorizationPolicy that enforces this; by default the name of the VirtualService.
    """

    name: str
    prefix: str
    service: str
    port: int = 80
    rewrite: str = ""
    allowed: str = Field(GATEWAY_ACCOUNT, alias="from")
    policy: str = ""

    def build_objects(self, labels: dict[str, str], namespace: str) -> Iterator[Object]:
        """Yield the VirtualService and the AuthorizationPolicy.

        Args:
            labels: The labels of the pods that the policy applies to.
            namespace: The namespace of the Service.
        """
        host = f"{self.service}.{namespace}.svc.cluster.local"
        http_route = {
            "match": [{"uri": {"prefix": self.prefix}}],
            "rewrite": {"uri": self.rewrite or self.prefix},
            "route": [{"destination": {"host": host, "port": {"number": self.port}}}],
        }
        yield {
            **object_header("networking.istio.io/v1alpha3", "VirtualService", self.name, namespace),
            "spec": {"gateways": ["kubeflow-gateway"], "hosts": ["*"], "http": [http_route]},
        }
        account_namespace, account = self.allowed.split("/")
        principal = f"{TRUST_DOMAIN}/ns/{account_namespace}/sa/{account}"
        yield {
            **object_header("security.istio.io/v1beta1", "AuthorizationPolicy", self.policy or self.name, namespace),
            "spec": {
                "action": "ALLOW",
                "selector": {"matchLabels": labels},
                "rules": [{"from": [{"source": {"principals": [principal]}}]}],
            },
        }


class Certificate(Row):
    """A certificate that cert-manager issues for a Service, with an Issuer of its own."""

    name: str
    issuer: str
    secret: str
    service: str

    def build_objects(self, namespace: str) -> Iterator[Object]:
        """Yield the Issuer and the Certificate."""
        name = f"{self.service}.{namespace}.svc"
        yield {**object_header("cert-manager.io/v1", "Issuer", self.issuer, namespace), "spec": {"selfSigned": {}}}
        yield {
            **object_header("cert-manager.io/v1", "Certificate", self.name, namespace),
            "spec": {
                "commonName": name,
                "dnsNames": [name, f"{name}.cluster.local"],
                "issuerRef": {"kind": "Issuer", "name": self.issuer},
                "secretName": self.secret,
            },
        }


class Component(Row):
    """A component of Kubeflow, which one directory of the tree installs.

    Args:
        folder: The directory in the tree.
        namespace: The namespace of its objects.
        version: The value of its workloads' version label, if upstream has one.
        gateway_folder: The directory of its routes, if they have one of their own; it then includes the other one.
        crds: Its custom resources.
        routes: The routes to its Services.
        certificate: The certificate of its webhook.
        claims: Its PersistentVolumeClaims, each with its size.
        params: The content of its params.env.
        workloads: Its workloads by name.
    """

    folder: str
    namespace: str
    version: str = ""
    gateway_folder: str = ""
    crds: tuple[Crd, ...] = ()
    routes: tuple[Route, ...] = ()
    certificate: Certificate | None = None
    claims: dict[str, str] = Field(default_factory=dict)
    params: dict[str, str] = Field(default_factory=dict)
    workloads: dict[str, Workload]

    def build_objects(self) -> list[Object]:
        """Return all of its objects except CRDs, routes and certificate."""
        accounts = sorted({workload.account for workload in self.workloads.values()} - {""})
        claims = [
            {
                **object_header("v1", "PersistentVolumeClaim", name, self.namespace),
                "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}},
            }
            for name, size in self.claims.items()
        ]
        labels = {VERSION_LABEL: self.version} if self.version else {}
        workloads = self.workloads.items()
        return [
            *(object_header("v1", "ServiceAccount", account, self.namespace) for account in accounts),
            *(obj for _, workload in workloads for obj in workload.build_access_objects(self.namespace)),
            *claims,
            *(obj for name, workload in workloads for obj in workload.build_objects(name, self.namespace, labels)),
        ]

    def build_route_objects(self) -> list[Object]:
        """Return the objects of its routes."""
        labels = {service: workload.labels for workload in self.workloads.values() for service in workload.services}
        return [obj for route in self.routes for obj in route.build_objects(labels[route.service], self.namespace)]


def load(table: Path = TABLE) -> dict[str, Component]:
    """Return the components in a table by name.

    Raises:
        pydantic.ValidationError: If the table does not follow the schema.
    """
    rows = tomllib.loads(table.read_text())
    return {name: Component.model_validate(row) for name, row in rows.items()}


def list_stand_in_images(components: dict[str, Component]) -> list[str]:
    """Return the full references of the images that the stand-in program implements, sorted."""
    workloads = [workload for component in components.values() for workload in component.workloads.values()]
    containers = [container for workload in workloads for container in workload.containers.values()]
    return sorted({container.reference for container in containers if container.role != ITSELF})
