"""A simulated API server, whose pods become ready one after the other: `python -m tools.bench.simulated`.

It implements the requests of `kubectl wait` and of lab.k8s.rollout: discovery, lists, and watches that begin at a
version.
"""

from __future__ import annotations

import json
import sched
import sys
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import yaml

from lab.k8s.objects import Object

NAMESPACE = "kubeflow"
START_DELAY = 1.0
"""Seconds after the first list of pods until the first pod becomes ready."""
DURATION = 5.0
"""Seconds within which all pods become ready."""
PODS_PER_DEPLOYMENT = 50
RESOURCES = {
    "/api/v1": {"pods": "Pod", "persistentvolumeclaims": "PersistentVolumeClaim", "events": "Event"},
    "/apis/apps/v1": {
        "deployments": "Deployment",
        "statefulsets": "StatefulSet",
        "daemonsets": "DaemonSet",
        "replicasets": "ReplicaSet",
    },
    "/apis/batch/v1": {"jobs": "Job"},
}
API_VERSIONS = {plural: path for path, kinds in RESOURCES.items() for plural in kinds}
"""The path of each resource's API version, by the plural name of the resource."""
DEFAULT_WATCH_SECONDS = 600


class Simulation:
    """The simulated objects, and the changes of the pods.

    Args:
        count: The number of pods.
        last_change: The file for the time of the last change, in seconds of the monotonic clock.
    """

    def __init__(self, count: int, last_change: Path) -> None:
        pods = map(_build_pod, range(count))
        self.pods = {str(pod["metadata"]["name"]): pod for pod in pods}
        deployments = [_build_deployment(number) for number in range(0, count, PODS_PER_DEPLOYMENT)]
        self.others: dict[str, list[Object]] = {"deployments": deployments}
        self.events: list[str] = []
        self.changed = threading.Condition()
        self._last_change, self._has_started = last_change, False

    def start(self) -> None:
        """Start to make pods ready, at the first call."""
        with self.changed:
            if self._has_started:
                return
            self._has_started = True
        threading.Thread(target=self._make_all_ready, daemon=True).start()

    def _make_all_ready(self) -> None:
        changes = sched.scheduler(time.monotonic)
        begin = time.monotonic() + START_DELAY
        for number, pod in enumerate(self.pods.values()):
            changes.enterabs(begin + number * DURATION / len(self.pods), 0, self._make_ready, (pod,))
        changes.run()

    def _make_ready(self, pod: Object) -> None:
        with self.changed:
            if len(self.events) + 1 == len(self.pods):  # before anybody can observe the last change
                self._last_change.write_text(str(time.monotonic()))
            pod["metadata"]["resourceVersion"] = str(len(self.events) + 1)
            pod["status"] = _build_status(is_ready=True)
            self.events.append(json.dumps({"type": "MODIFIED", "object": pod}) + "\n")
            self.changed.notify_all()


def _build_pod(number: int) -> Object:
    container = {
        "name": "main",
        "image": "nginx:1",
        "env": [{"name": f"V{position}", "value": "x" * 20} for position in range(20)],
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"pod-{number:05}",
            "namespace": NAMESPACE,
            "uid": f"uid-{number}",
            "resourceVersion": "0",
            "labels": {"app": f"app-{number // PODS_PER_DEPLOYMENT}"},
        },
        "spec": {"containers": [container]},
        "status": _build_status(is_ready=False),
    }


def _build_status(*, is_ready: bool) -> Object:
    containers = [{"name": "main", "ready": is_ready, "restartCount": 0, "state": {"running": {}}}]
    conditions = [{"type": "Ready", "status": str(is_ready)}]
    return {"phase": "Running", "conditions": conditions, "containerStatuses": containers}


def _build_deployment(number: int) -> Object:
    counts = dict.fromkeys(("replicas", "readyReplicas", "updatedReplicas", "availableReplicas"), PODS_PER_DEPLOYMENT)
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": f"app-{number}", "namespace": NAMESPACE, "uid": f"uid-d-{number}", "generation": 1},
        "spec": {"replicas": PODS_PER_DEPLOYMENT},
        "status": {"observedGeneration": 1, **counts},
    }


class Handler(BaseHTTPRequestHandler):
    """Answers the requests of one client."""

    protocol_version = "HTTP/1.1"
    simulation: Simulation

    def do_GET(self) -> None:
        """Answer a request for discovery, an object, a list or a watch."""
        url = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(url.query).items()}
        name = url.path.rpartition("/")[2]
        if url.path in (discovery := _build_discovery()):
            self._answer(discovery[url.path])
        elif name in self.simulation.pods:
            self._answer(self.simulation.pods[name])
        elif query.get("watch") in ("1", "true"):
            self._watch(name, query)
        else:
            self._list(name, _selected_name(query))

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing: a client sends too many requests."""

    def _list(self, plural: str, selected: str) -> None:
        simulation = self.simulation
        if plural == "pods":
            simulation.start()
        with simulation.changed:
            objects = list(simulation.pods.values()) if plural == "pods" else simulation.others.get(plural, [])
            path = API_VERSIONS[plural]
            self._answer(
                {
                    "kind": f"{RESOURCES[path][plural]}List",
                    "apiVersion": _group_version(path),
                    "metadata": {"resourceVersion": str(len(simulation.events))},
                    "items": [obj for obj in objects if selected in ("", obj["metadata"]["name"])],
                }
            )

    def _watch(self, plural: str, query: Mapping[str, str]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        simulation, selected = self.simulation, _selected_name(query)
        version = int(query["resourceVersion"])
        end = time.monotonic() + float(query.get("timeoutSeconds", DEFAULT_WATCH_SECONDS))
        while (left := end - time.monotonic()) > 0:
            with simulation.changed:
                if plural != "pods" or len(simulation.events) <= version:
                    simulation.changed.wait(min(left, 1))
                events = simulation.events[version:] if plural == "pods" else []
            version += len(events)
            for event in events:
                if not selected or f'"name": "{selected}"' in event:
                    self._send_chunk(event.encode())  # one chunk for each event, as the real server sends them
        self._send_chunk(b"")

    def _send_chunk(self, content: bytes) -> None:
        self.wfile.write(f"{len(content):x}\r\n".encode() + content + b"\r\n")
        self.wfile.flush()

    def _answer(self, content: Object) -> None:
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _selected_name(query: Mapping[str, str]) -> str:
    """Return the name of the object that a field selector selects; empty if it selects all objects."""
    field, _, name = query.get("fieldSelector", "").partition("=")
    return name if field == "metadata.name" else ""


def _group_version(path: str) -> str:
    return path.removeprefix("/apis/").removeprefix("/api/")


def _build_discovery() -> dict[str, Object]:
    """Return the answers to discovery requests, by path."""
    groups = []
    for path in filter(lambda path: path.startswith("/apis/"), RESOURCES):
        name, version = _group_version(path).split("/")
        group_version = {"groupVersion": f"{name}/{version}", "version": version}
        groups.append({"name": name, "versions": [group_version], "preferredVersion": group_version})
    lists = {
        path: {
            "kind": "APIResourceList",
            "groupVersion": _group_version(path),
            "resources": [
                {
                    "name": plural,
                    "singularName": "",
                    "kind": kind,
                    "namespaced": True,
                    "verbs": ["get", "list", "watch"],
                }
                for plural, kind in kinds.items()
            ],
        }
        for path, kinds in RESOURCES.items()
    }
    return {
        "/api": {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []},
        "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups},
        "/version": {"major": "1", "minor": "25", "gitVersion": "v1.25.4"},
        **lists,
    }


def build_kubeconfig(port: int) -> str:
    """Return a kubeconfig for a server on a port of 127.0.0.1."""
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "simulated",
        "clusters": [{"name": "simulated", "cluster": {"server": f"http://127.0.0.1:{port}"}}],
        "users": [{"name": "anonymous", "user": {}}],
        "contexts": [{"name": "simulated", "context": {"cluster": "simulated", "user": "anonymous"}}],
    }
    return str(yaml.safe_dump(config))


def main(count: int, directory: Path) -> None:
    """Serve pods until the process is killed.

    Args:
        count: The number of pods.
        directory: Receives the file kubeconfig and, when all pods are ready, last-change.
    """
    Handler.simulation = Simulation(count, directory / "last-change")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    unfinished = directory / "kubeconfig.unfinished"
    unfinished.write_text(build_kubeconfig(server.server_port))
    unfinished.rename(directory / "kubeconfig")
    server.serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
