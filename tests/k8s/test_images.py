"""lab/k8s/images.py: the images that manifests contain, and checking that their registries have them."""

from __future__ import annotations

import socket

import pytest
import yaml
from pytest_httpserver import HTTPServer

from lab.k8s.images import MissingImage, find_missing_images, full_reference, image_tag, list_images
from lab.run.journal import Journal

MANIFESTS = """
kind: Deployment
spec:
  template:
    spec:
      initContainers: [{name: init, image: busybox}]
      containers: [{name: main, image: "kserve/models-web-app:v0.10.0"}, {name: other}]
---
kind: CronJob
spec: {jobTemplate: {spec: {template: {spec: {containers: [{name: job, image: busybox}]}}}}}
---
kind: ConfigMap
data: {containers: "image: no-container"}
---
"""
IMAGE = "registry.example/shop/web:v1"
MANIFEST_PATH = "/v2/shop/web/manifests/v1"
DIGEST = "sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("image", "full"),
    [
        ("nginx", "docker.io/library/nginx:latest"),
        ("python:3.7", "docker.io/library/python:3.7"),
        ("docker.io/nginx:1.25", "docker.io/library/nginx:1.25"),
        ("kserve/models-web-app:v0.10.0", "docker.io/kserve/models-web-app:v0.10.0"),
        ("gcr.io/ml-pipeline/mysql:8.0.26", "gcr.io/ml-pipeline/mysql:8.0.26"),
        ("localhost:5000/web", "localhost:5000/web:latest"),
        ("localhost/web", "localhost/web:latest"),
        ("gcr.io/web@sha256:00", "gcr.io/web@sha256:00"),
        ("nginx:1.25@sha256:00", "docker.io/library/nginx:1.25@sha256:00"),
    ],
)
def test_reference_is_completed_as_by_a_container_runtime(image: str, full: str) -> None:
    assert full_reference(image) == full


@pytest.mark.parametrize(
    ("image", "tag"),
    [
        ("kserve/models-web-app:v0.10.0", "v0.10.0"),
        ("nginx", "latest"),
        ("localhost:5000/web", "latest"),
        ("localhost:5000/web:1.2", "1.2"),
        ("quay.io/shop/web:1.2@sha256:0123", "1.2"),
        ("quay.io/shop/web@sha256:0123", ""),
    ],
)
def test_image_tag(image: str, tag: str) -> None:
    assert image_tag(image) == tag


def test_images_of_containers_of_all_kinds_are_listed_once() -> None:
    images = list_images(yaml.safe_load_all(MANIFESTS))
    assert images == ["docker.io/kserve/models-web-app:v0.10.0", "docker.io/library/busybox:latest"]


@pytest.fixture
def mirrors(httpserver: HTTPServer) -> dict[str, list[str]]:
    """Return the mirrors of a node that uses the test's server instead of the registry."""
    return {"registry.example": [httpserver.url_for("").rstrip("/")]}


def test_available_image_is_not_missing(
    httpserver: HTTPServer, mirrors: dict[str, list[str]], journal: Journal
) -> None:
    httpserver.expect_request(MANIFEST_PATH, method="HEAD").respond_with_data("")
    assert find_missing_images([IMAGE], mirrors, journal) == []
    assert [entry.text for entry in journal.entries] == ["registries to report whether they have 1 images"]


@pytest.mark.parametrize("image", [f"{IMAGE}@{DIGEST}", f"registry.example/shop/web@{DIGEST}"])
def test_image_with_a_digest_is_requested_by_its_digest(
    httpserver: HTTPServer, mirrors: dict[str, list[str]], journal: Journal, image: str
) -> None:
    httpserver.expect_request(f"/v2/shop/web/manifests/{DIGEST}", method="HEAD").respond_with_data("")
    assert find_missing_images([image], mirrors, journal) == []


def test_manifest_lists_are_accepted(httpserver: HTTPServer, mirrors: dict[str, list[str]], journal: Journal) -> None:
    httpserver.expect_request(MANIFEST_PATH).respond_with_data("")
    find_missing_images([IMAGE], mirrors, journal)
    [(request, _)] = httpserver.log
    assert "application/vnd.oci.image.index.v1+json" in request.headers["Accept"]


@pytest.mark.parametrize("status", [401, 404, 500])
def test_missing_image_has_the_answer_of_the_registry(
    status: int, httpserver: HTTPServer, mirrors: dict[str, list[str]], journal: Journal
) -> None:
    httpserver.expect_request(MANIFEST_PATH).respond_with_data("", status=status)
    [missing] = find_missing_images([IMAGE], mirrors, journal)
    assert missing.reference == IMAGE
    assert missing.reason.startswith(f"{httpserver.host}:{httpserver.port}")
    if status != 401:  # the registry client does not authenticate over plain HTTP, and raises an error of its own
        assert missing.reason.endswith(f"returns {status}")


def test_unreachable_registry_is_reported(journal: Journal) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    [missing] = find_missing_images([IMAGE], {"registry.example": [url]}, journal)
    assert "cannot be queried" in missing.reason
    assert "refused" in missing.reason


def test_second_mirror_is_queried_if_the_first_has_no_image(
    httpserver: HTTPServer, mirrors: dict[str, list[str]], journal: Journal
) -> None:
    [url] = mirrors["registry.example"]
    httpserver.expect_ordered_request(MANIFEST_PATH).respond_with_data("", status=404)
    httpserver.expect_ordered_request(MANIFEST_PATH).respond_with_data("")
    assert find_missing_images([IMAGE], {"registry.example": [url, url]}, journal) == []


def test_invalid_image_name_is_reported_and_not_queried(journal: Journal) -> None:
    [name] = list_images([{"containers": [{"image": "https://example.org/web:1"}]}])
    [missing] = find_missing_images([name], {}, journal)
    assert missing == MissingImage("https://example.org/web:1", "this is not a valid image name")
