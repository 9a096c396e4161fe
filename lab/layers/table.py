"""The table of layers: the order of the tutorial, the chapters, what each layer needs, and when it may start.

To add a layer: write its module, add one entry to this table, and one fixture that returns `installation.get(ENTRY)`.

A layer starts as soon as everything that it needs is installed. Two layers wait for another one later than at their
start: the Ingress controller starts while MetalLB's pool is still being installed, and needs its address at the end,
and the nginx site starts its pods while the Ingress controller is being installed.
"""

from __future__ import annotations

from lab.config.entry_points import INGRESS_URL
from lab.config.selection import AUTHSERVICE
from lab.context import Lab
from lab.layers import image_homes, kubeflow_images, vendored_manifests
from lab.layers.authservice import Authservice
from lab.layers.cluster import Cluster, ClusterReadiness
from lab.layers.example import build_example
from lab.layers.ingress import IngressController
from lab.layers.kubeflow import Kubeflow
from lab.layers.kubeflow_ingress import KubeflowIngress
from lab.layers.kubeflow_readiness import KubeflowReadiness
from lab.layers.metallb import AddressPool, MetalLB, MetalLBReadiness
from lab.layers.network import DockerNetwork
from lab.layers.nginx_site import NginxSite
from lab.layers.runner import Installation, LayerSpec, Preparation


def _has_docker(lab: Lab) -> bool:
    return lab.settings.kind.has_docker


def _has_kubeflow_ingress(lab: Lab) -> bool:
    return INGRESS_URL in lab.settings.entry_points


def _uses_internet(lab: Lab) -> bool:
    return image_homes.is_checked(lab)


def _has_authservice(lab: Lab) -> bool:
    return lab.release.auth_proxy.name == AUTHSERVICE


def _create_network(installation: Installation) -> DockerNetwork:
    """Create the layer; if the images of a user's own manifests may be gone, find that out before anything exists."""
    lab = installation.lab
    is_early = _uses_internet(lab) and not image_homes.needs_network(lab)
    if lab.settings.manifests and is_early and installation.selects(KUBEFLOW):
        installation.wait_for(IMAGE_HOMES)
    return DockerNetwork(lab)


def _create_cluster(installation: Installation) -> Cluster:
    def start_prepull() -> None:
        if installation.is_started(KUBEFLOW):
            installation.start(IMAGE_PREPULL)

    return Cluster(installation.lab, start_prepull)


def _create_ingress_controller(installation: Installation) -> IngressController:
    return IngressController(installation.lab, lambda: installation.wait_for(ADDRESS_POOL))


def _create_nginx_site(installation: Installation) -> NginxSite:
    return NginxSite(installation.lab, lambda: installation.wait_for(INGRESS_CONTROLLER))


def _build_example(installation: Installation) -> str:
    return build_example(installation.wait_for(MANIFESTS), installation.lab)


def _has_rehearsal(lab: Lab) -> bool:
    return lab.rehearsal is not None


def _push_images(installation: Installation) -> None:
    assert installation.lab.rehearsal
    installation.lab.rehearsal.push_images()


def _import_images(installation: Installation) -> None:
    kubeflow_images.import_images(installation.lab)


def _prepull_images(installation: Installation) -> None:
    kubeflow_images.prepull_images(installation.lab, installation.wait_for(EXAMPLE))


def _check_image_homes(installation: Installation) -> None:
    if image_homes.needs_network(installation.lab):
        installation.wait_for(NETWORK)
    image_homes.check_image_homes(installation.wait_for(EXAMPLE), installation.lab)


def _create_kubeflow(installation: Installation) -> Kubeflow:
    return Kubeflow(installation.lab, installation.wait_for(MANIFESTS), installation.wait_for(EXAMPLE))


NETWORK = LayerSpec("Docker network", "network", (), _create_network, applies=_has_docker)
CLUSTER = LayerSpec("cluster", "cluster", (NETWORK,), _create_cluster)
CLUSTER_READINESS = LayerSpec("cluster readiness", "cluster", (CLUSTER,), lambda run: ClusterReadiness(run.lab))
METALLB = LayerSpec("MetalLB", "metallb", (CLUSTER,), lambda run: MetalLB(run.lab))
METALLB_READINESS = LayerSpec("MetalLB readiness", "metallb", (METALLB,), lambda run: MetalLBReadiness(run.lab))
ADDRESS_POOL = LayerSpec("address pool", "metallb", (METALLB,), lambda run: AddressPool(run.lab))
INGRESS_CONTROLLER = LayerSpec("Ingress controller", "ingress", (CLUSTER,), _create_ingress_controller)
NGINX_SITE = LayerSpec("nginx site", "ingress", (CLUSTER,), _create_nginx_site)
MANIFESTS = LayerSpec(
    "manifests", "kubeflow", (), lambda run: vendored_manifests.select_manifests(run.lab), is_local=True
)
EXAMPLE = Preparation("manifests build", "kubeflow", (MANIFESTS,), _build_example)
IMAGE_PUSH = Preparation("image push", "kubeflow", (EXAMPLE,), _push_images, applies=_has_rehearsal)
IMAGE_PREPULL = Preparation("image prepull", "kubeflow", (EXAMPLE, IMAGE_PUSH), _prepull_images, on_request=True)
"""Requested when a cluster is about to be created: an existing node has the images already."""
IMAGE_IMPORT = Preparation("image import", "kubeflow", (CLUSTER, IMAGE_PUSH), _import_images, applies=_has_rehearsal)
IMAGE_HOMES = Preparation("image homes", "kubeflow", (EXAMPLE,), _check_image_homes, applies=_uses_internet)
"""Finds images that have left their registries, before anything is applied."""
KUBEFLOW = LayerSpec("Kubeflow", "kubeflow", (CLUSTER, EXAMPLE, IMAGE_IMPORT, IMAGE_HOMES), _create_kubeflow)
KUBEFLOW_READINESS = LayerSpec(
    "Kubeflow readiness", "kubeflow", (KUBEFLOW,), lambda run: KubeflowReadiness(run.wait_for(KUBEFLOW))
)
OPENAPI = Preparation(
    "OpenAPI warm-up",
    "kubeflow",
    (KUBEFLOW_READINESS,),
    lambda run: run.lab.kube.warm_up_openapi(),
    only_for="changes",
)
"""kubectl asks for the OpenAPI before it applies a change, and the first request after new CRDs takes seconds."""
AUTHSERVICE_ROUTE = LayerSpec(
    "authservice",
    "kubeflow",
    (KUBEFLOW_READINESS,),
    lambda run: Authservice(run.lab),
    on_request=True,
    applies=_has_authservice,
)
KUBEFLOW_INGRESS = LayerSpec(
    "Kubeflow Ingress",
    "kubeflow",
    (KUBEFLOW_READINESS,),
    lambda run: KubeflowIngress(run.lab),
    only_for="login",
    applies=_has_kubeflow_ingress,
)

TABLE = (
    NETWORK,
    CLUSTER,
    CLUSTER_READINESS,
    METALLB,
    METALLB_READINESS,
    ADDRESS_POOL,
    INGRESS_CONTROLLER,
    NGINX_SITE,
    MANIFESTS,
    EXAMPLE,
    IMAGE_PUSH,
    IMAGE_PREPULL,
    IMAGE_IMPORT,
    IMAGE_HOMES,
    KUBEFLOW,
    KUBEFLOW_READINESS,
    OPENAPI,
    AUTHSERVICE_ROUTE,
    KUBEFLOW_INGRESS,
)
CHAPTERS = tuple(dict.fromkeys(spec.chapter for spec in TABLE))
"""The tags of the chapters, in the order of the tutorial."""
