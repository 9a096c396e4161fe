"""lab/images.py: which images manifests name, and which of them no registry has."""

from __future__ import annotations

import socket

import pytest
import yaml
from pytest_httpserver import HTTPServer

from lab import images

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
HERE = "registry.example/part/app:v1"
DIGEST = "sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("image", "full"),
    [
        ("nginx", "docker.io/library/nginx:latest"),
        ("python:3.7", "docker.io/library/python:3.7"),
        ("kserve/models-web-app:v0.10.0", "docker.io/kserve/models-web-app:v0.10.0"),
        ("gcr.io/ml-pipeline/mysql:8.0.26", "gcr.io/ml-pipeline/mysql:8.0.26"),
        ("localhost:5000/a", "localhost:5000/a:latest"),
        ("localhost/a", "localhost/a:latest"),
        ("gcr.io/a@sha256:00", "gcr.io/a@sha256:00"),
    ],
)
def test_a_reference_is_completed_as_a_container_runtime_does_it(image: str, full: str) -> None:
    assert images.full_reference(image) == full


@pytest.mark.parametrize(
    ("image", "tag"),
    [
        ("kserve/models-web-app:v0.10.0", "v0.10.0"),
        ("nginx", "latest"),
        ("localhost:5000/a", "latest"),
        ("localhost:5000/a:1.2", "1.2"),
        ("quay.io/a/b:1.2@sha256:0123", "1.2"),
        ("quay.io/a/b@sha256:0123", ""),
    ],
)
def test_the_tag_is_what_follows_the_name(image: str, tag: str) -> None:
    assert images.tag(image) == tag


def test_the_images_of_containers_are_found_in_every_kind_of_object_and_named_once() -> None:
    named = images.named_in(yaml.safe_load_all(MANIFESTS))
    assert named == ["docker.io/kserve/models-web-app:v0.10.0", "docker.io/library/busybox:latest"]


def mirrors(server: HTTPServer) -> dict[str, list[str]]:
    """The node asks this server in the registry's place."""
    return {"registry.example": [server.url_for("").rstrip("/")]}


def test_an_image_that_a_registry_has_is_not_missing(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/v2/part/app/manifests/v1", method="HEAD").respond_with_data("")
    assert images.missing([HERE], mirrors(httpserver)) == []


def test_an_image_that_is_named_by_its_digest_is_asked_for_by_it(httpserver: HTTPServer) -> None:
    httpserver.expect_request(f"/v2/part/app/manifests/{DIGEST}", method="HEAD").respond_with_data("")
    assert images.missing([f"registry.example/part/app:v1@{DIGEST}"], mirrors(httpserver)) == []


def test_lists_of_manifests_for_several_platforms_are_accepted(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/v2/part/app/manifests/v1").respond_with_data("")
    images.missing([HERE], mirrors(httpserver))
    [(request, _)] = httpserver.log
    assert "application/vnd.oci.image.index.v1+json" in request.headers["Accept"]


@pytest.mark.parametrize("status", [401, 404, 500])
def test_an_image_that_is_refused_is_missing_with_what_the_registry_answers(
    status: int, httpserver: HTTPServer
) -> None:
    httpserver.expect_request("/v2/part/app/manifests/v1").respond_with_data("", status=status)
    [missing] = images.missing([HERE], mirrors(httpserver))
    assert missing.reference == HERE
    assert missing.because.startswith(f"{httpserver.host}:{httpserver.port}")
    if status != 401:  # to whom asks who is there over plain HTTP, nobody is told
        assert missing.because.endswith(f"answers {status}")


def test_a_registry_that_cannot_be_asked_is_said_to_be(httpserver: HTTPServer) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{closed.getsockname()[1]}"
    [missing] = images.missing([HERE], {"registry.example": [nobody]})
    assert "cannot be asked" in missing.because
    assert "refused" in missing.because


def test_a_second_mirror_is_asked_when_the_first_has_not_got_it(httpserver: HTTPServer) -> None:
    first = mirrors(httpserver)["registry.example"][0]
    httpserver.expect_ordered_request("/v2/part/app/manifests/v1").respond_with_data("", status=404)
    httpserver.expect_ordered_request("/v2/part/app/manifests/v1").respond_with_data("")
    assert images.missing([HERE], {"registry.example": [first, first]}) == []
