"""A lab with a fake cluster, and pods with logs."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from lab.context import Lab
from lab.k8s.objects import Object
from lab.run.state import LabState
from tests.conftest import MakeLab
from tests.fake_cluster import FakeCluster, pod

LOOPBACK = {  # no request leaves this machine
    "subnet": "127.20.0.0/24",
    "gateway": "127.20.0.1",
    "pool": "127.20.0.10-127.20.0.15",
    "ingress_address": "127.20.0.13",
}
TOKEN = "9f8c2e7ab41d6035"
TIMEOUT = 60.0
"""Seconds for an observation and a bundle: this machine may be busy."""


@pytest.fixture
def lab(cluster: FakeCluster, make_lab: MakeLab, tmp_path: Path) -> Lab:
    """A lab whose cluster is the fake one."""
    kubeconfig = cluster.write_kubeconfig(tmp_path / "kubeconfig")
    state = LabState(kind="existing", environment={"KUBECONFIG": str(kubeconfig)})
    lab = make_lab(state, lab="existing", **LOOPBACK)
    lab.home.mkdir(parents=True)
    return lab


@pytest.fixture
def logs(http_server: HTTPServer) -> None:
    """A log of each container, and of the one before its restart, except for the pod `gone`."""

    def answer(request: Request) -> Response:
        if "gone" in request.path:
            return Response("container not found", 404)
        name, container = request.path.split("/")[-2], request.args["container"]
        instance = "previous" if request.args.get("previous") == "true" else "current"
        return Response(f"{name}, {container}, {instance}: {TOKEN}")

    http_server.expect_request(re.compile("/api/v1/namespaces/[^/]+/pods/[^/]+/log")).respond_with_handler(answer)


def as_k3d(lab: Lab) -> Lab:
    """Return a lab as one with Docker; its addresses remain those of the loopback, which a k3d lab cannot have."""
    return replace(lab, settings=lab.settings.model_copy(update={"lab": "k3d"}))


def crashing_pod(name: str) -> Object:
    """Return an unready pod whose container has crashed and runs again."""
    crashing = pod(name)
    crashing["status"]["containerStatuses"][0]["restartCount"] = 3
    return crashing
