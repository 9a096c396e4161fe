"""Tests of the program behind each image, and of the roles that stand-ins play."""

from __future__ import annotations

import pytest

from embedded.pins import Image
from embedded.rehearsal import roles
from embedded.rehearsal.assignments import Status, assign, is_of_kit, split_reference
from embedded.rehearsal.containers import Container

DEX = Image(
    name="dex",
    reference="ghcr.io/dexidp/dex:v2.31.2-stand-in",
    component="Dex",
    serves=("ghcr.io/dexidp/dex",),
    release_version="2.31.2",
    number="2.41.1",
)
PROXY = Image(
    name="proxy",
    reference="docker.io/istio/proxyv2:1.22.1-kit",
    component="proxy",
    serves=("docker.io/istio/proxyv2",),
    release_version="1.22.1",
    number="1.22.1",
)
OPERATOR = Image(
    name="operator",
    reference="docker.io/kubeflow/operator:v1.7.0",
    serves=("docker.io/kubeflow/operator",),
    number="1.7.0",
)
CERT_MANAGER = Image(name="cert-manager", reference="quay.io/jetstack/controller:v1.10.1")
KIT = (DEX, PROXY, OPERATOR, CERT_MANAGER)
DIGEST = f"sha256:{'1' * 64}"


@pytest.mark.parametrize(
    ("reference", "status"),
    [
        ("quay.io/jetstack/controller:v1.10.1", Status.REAL),
        ("ghcr.io/dexidp/dex:v2.41.1", Status.REAL),
        ("ghcr.io/dexidp/dex:2.41.1", Status.REAL),
        ("ghcr.io/dexidp/dex:v2.36.0", Status.NEAR),
        ("docker.io/istio/proxyv2:1.22.1", Status.NEAR),
        ("docker.io/kubeflow/operator:v1-3f15cb8", Status.REAL),
        ("docker.io/kubeflow/operator:v1.6.0", Status.NEAR),
        ("docker.io/kubeflow/operator:v1.7.0-license-compliance", Status.REAL),
        (f"ghcr.io/dexidp/dex@{DIGEST}", Status.NEAR),
        ("ghcr.io/dexidp/dex-k8s-authenticator:v2.41.1", Status.STAND_IN),
        ("quay.io/jetstack/controller:v1.12.0", Status.STAND_IN),
        ("mirror.example/dexidp/dex:v2.41.1", Status.STAND_IN),
    ],
)
def test_the_program_behind_an_image(reference: str, status: Status) -> None:
    assert assign(reference, KIT).status == status


def test_an_image_under_its_own_name_is_served_as_it_is() -> None:
    own = assign(DEX.reference, KIT)
    assert (own.status, is_of_kit(own)) == (Status.NEAR, True)
    assert not is_of_kit(assign("ghcr.io/dexidp/dex:v2.41.1", KIT))


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("gcr.io/a/b:v1", ("a/b", "v1")),
        ("docker.io/library/mysql:8.0.29", ("library/mysql", "8.0.29")),
        (f"gcr.io/a/b@{DIGEST}", ("a/b", "")),
        (f"gcr.io/a/b:v1@{DIGEST}", ("a/b", "")),
        ("localhost:5000/a:v1", ("a", "v1")),
    ],
)
def test_repository_and_tag_of_a_reference(reference: str, expected: tuple[str, str]) -> None:
    assert split_reference(reference) == expected


@pytest.mark.parametrize(
    ("reference", "role"),
    [
        ("docker.io/kubeflownotebookswg/centraldashboard:v1.8.0", ("dashboard",)),
        ("ghcr.io/kubeflow/kubeflow/central-dashboard:v1.10.0", ("dashboard",)),
        ("registry.example:5000/team/jupyter-web-app", ("crud", "jupyter-web-app")),
        (f"gcr.io/arrikto/oidc-authservice@{DIGEST}", ("authservice",)),
        ("docker.io/library/mysql:8.0", ()),
    ],
)
def test_roles_are_found_by_the_name_of_the_image(reference: str, role: tuple[str, ...]) -> None:
    assert roles.find_role(reference).role == role


def test_the_profile_controller_creates_what_pipelines_creates_if_the_manifests_have_them() -> None:
    role = roles.find_role("profile-controller:v1")
    workloads = [roles.CREATED_BY, *roles.CREATED_FROM]
    containers = [
        Container(workload, "main", f"image-{number}:v1", "", [], ends=False)
        for number, workload in enumerate(workloads)
    ]
    assert roles.list_arguments(role, containers[1:]) == ["profiles"]
    assert roles.list_arguments(role, containers) == [
        "profiles",
        "docker.io/library/image-1:v1",
        "docker.io/library/image-2:v1",
    ]
