"""A source whose mirrors of image registries are a server of the test; everything else is the release's."""

from __future__ import annotations

import json
from pathlib import Path

from pytest_httpserver import HTTPServer

from lab import releases
from lab.config.source import from_release

UNREACHABLE = "http://127.0.0.1:1"


def write_source(file: Path, url: str, *hosts: str, release: str = "1.7") -> Path:
    """Write the file of a source whose mirrors of some registries have a URL, and return the file."""
    source = from_release(releases.load(release))
    lines = [f"k3s_image = {json.dumps(source.k3s_image)}"]
    for name, chart in source.charts.items():
        lines += [f"[charts.{name}]", *(f"{key} = {json.dumps(value)}" for key, value in chart)]
    lines += ["[manifests]", *(f"{key} = {json.dumps(value)}" for key, value in source.manifests)]
    lines += ["[mirrors]", *(f"{json.dumps(host)} = [{json.dumps(url)}]" for host in hosts)]
    file.write_text("\n".join(lines))
    return file


def serve_image(server: HTTPServer, reference: str) -> None:
    """Let a server have an image, as a mirror has it."""
    repository, _, tag = reference.partition("/")[2].rpartition(":")
    headers = {"Docker-Content-Digest": f"sha256:{'0' * 64}"}
    server.expect_request(f"/v2/{repository}/manifests/{tag}").respond_with_data("", headers=headers)


def url_of(server: HTTPServer) -> str:
    """Return the URL of a server, without a slash at its end."""
    return str(server.url_for("")).rstrip("/")
