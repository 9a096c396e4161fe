"""lab/k8s/images.py: the images that manifests contain, and checking that their registries have them."""

from __future__ import annotations

import socket
from contextlib import suppress
from threading import Thread

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
FOUND = {"Docker-Content-Digest": DIGEST}
"""The header with which a registry reports a manifest."""
INDEX = "application/vnd.oci.image.index.v1+json"


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
    httpserver.expect_request(MANIFEST_PATH, method="HEAD").respond_with_data("", headers=FOUND)
    assert find_missing_images([IMAGE], mirrors, journal) == []
    assert [entry.text for entry in journal.entries] == ["registries to report whether they have 1 images"]


@pytest.mark.parametrize("image", [f"{IMAGE}@{DIGEST}", f"registry.example/shop/web@{DIGEST}"])
def test_image_with_a_digest_is_requested_by_its_digest(
    httpserver: HTTPServer, mirrors: dict[str, list[str]], journal: Journal, image: str
) -> None:
    httpserver.expect_request(f"/v2/shop/web/manifests/{DIGEST}", method="HEAD").respond_with_data("", headers=FOUND)
    assert find_missing_images([image], mirrors, journal) == []


def test_manifest_lists_are_accepted(httpserver: HTTPServer, mirrors: dict[str, list[str]], journal: Journal) -> None:
    httpserver.expect_request(MANIFEST_PATH).respond_with_data("", headers=FOUND)
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
    httpserver.expect_ordered_request(MANIFEST_PATH).respond_with_data("", headers=FOUND)
    assert find_missing_images([IMAGE], {"registry.example": [url, url]}, journal) == []


def test_invalid_image_name_is_reported_and_not_queried(journal: Journal) -> None:
    [name] = list_images([{"containers": [{"image": "https://example.org/web:1"}]}])
    [missing] = find_missing_images([name], {}, journal)
    assert missing == MissingImage("https://example.org/web:1", "this is not a valid image name")


@pytest.mark.parametrize(
    ("text", "content_type", "reason"),
    [
        ("<html>Please log in</html>", "text/html", "returns no manifest of an image, but text/html"),
        ("{", "application/json", "returns no manifest of an image, but application/json"),
        ("[]", "application/json", "returns no manifest of an image, but application/json"),
        ('{"errors": []}', "application/json", "returns no manifest of an image, but application/json"),
        ("", "text/plain", "returns no manifest of an image, but text/plain"),
    ],
)
def test_answer_that_is_no_manifest_is_reported(
    httpserver: HTTPServer,
    mirrors: dict[str, list[str]],
    journal: Journal,
    text: str,
    content_type: str,
    reason: str,
) -> None:
    """A proxy, or the login page of a network, answers any request with status 200."""
    httpserver.expect_request(MANIFEST_PATH).respond_with_data(text, content_type=content_type)
    [missing] = find_missing_images([IMAGE], mirrors, journal)
    assert missing.reason == f"{httpserver.host}:{httpserver.port} {reason}"


def test_manifest_without_a_digest_is_accepted(
    httpserver: HTTPServer, mirrors: dict[str, list[str]], journal: Journal
) -> None:
    httpserver.expect_request(MANIFEST_PATH).respond_with_json({"schemaVersion": 2, "mediaType": INDEX})
    assert find_missing_images([IMAGE], mirrors, journal) == []


def test_redirect_loop_is_reported(httpserver: HTTPServer, mirrors: dict[str, list[str]], journal: Journal) -> None:
    httpserver.expect_request(MANIFEST_PATH).respond_with_data("", status=302, headers={"Location": MANIFEST_PATH})
    [missing] = find_missing_images([IMAGE], mirrors, journal)
    assert missing.reason == f"{httpserver.host}:{httpserver.port} redirects in a loop"


def test_answer_that_is_not_http_is_reported(journal: Journal) -> None:
    def answer(server: socket.socket) -> None:
        with suppress(OSError):
            while True:
                with server.accept()[0] as connection:
                    connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")

    with socket.create_server(("127.0.0.1", 0)) as server:
        Thread(target=answer, args=(server,), daemon=True).start()
        address = f"127.0.0.1:{server.getsockname()[1]}"
        for scheme in ("http", "https"):  # with https, the TLS handshake fails
            [missing] = find_missing_images([IMAGE], {"registry.example": [f"{scheme}://{address}"]}, journal)
            assert missing.reason.startswith(f"{address} cannot be queried: ")
        server.shutdown(socket.SHUT_RDWR)


def test_unexpected_error_of_the_client_library_is_reported(
    httpserver: HTTPServer, mirrors: dict[str, list[str]], journal: Journal
) -> None:
    """The client library raises exceptions of many types for answers that it does not expect."""
    httpserver.expect_request(MANIFEST_PATH).respond_with_data(b"\xff\xfe")
    [missing] = find_missing_images([IMAGE], mirrors, journal)
    assert "returns an answer that is not a registry's: UnicodeDecodeError: " in missing.reason


def test_image_that_is_no_text_is_listed() -> None:
    assert list_images([{"containers": [{"image": 123}]}]) == ["docker.io/library/123:latest"]


class TestProxies:
    """Registries of the internet are asked through the proxy of the environment, private mirrors directly."""

    @pytest.fixture(autouse=True)
    def _proxy(self, monkeypatch: pytest.MonkeyPatch, http_server: HTTPServer) -> None:
        """A proxy that answers 503 to everything."""
        for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
            monkeypatch.delenv(name.upper(), raising=False)
        monkeypatch.setenv("http_proxy", f"http://{http_server.host}:{http_server.port}/proxy")

    @pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
    def test_a_private_mirror_is_asked_directly(self, host: str, http_server: HTTPServer) -> None:
        http_server.expect_request(MANIFEST_PATH, "HEAD").respond_with_data(
            "", headers={"Docker-Content-Digest": DIGEST}
        )
        mirrors = {"registry.example": [f"http://{host}:{http_server.port}"]}
        assert find_missing_images([IMAGE], mirrors, Journal()) == []
        assert [request.host for request, _ in http_server.log] == [f"{host}:{http_server.port}"]

    def test_a_public_registry_is_asked_through_the_proxy(self, http_server: HTTPServer) -> None:
        mirrors = {"registry.example": ["http://192.0.2.1.example"]}
        [missing] = find_missing_images([IMAGE], mirrors, Journal())
        assert [request.host for request, _ in http_server.log] == ["192.0.2.1.example"]
        assert missing.reference == IMAGE
