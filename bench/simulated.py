"""A simulated API server, which has many pods that become ready one after the other: `python -m bench.simulated`.

It answers what `kubectl wait` and lab.rollout ask: discovery, lists, and watches that begin at a version.
"""

from __future__ import annotations

import json
import sched
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import yaml

NAMESPACE = "kubeflow"
BEGIN_AFTER = 1.0
"""Seconds after the first list of pods until the first one becomes ready."""
SPREAD = 5.0
"""Seconds in which all of them become ready."""
PODS_OF_DEPLOYMENT = 50
RESOURCES = {
    "/api/v1": {"pods": "Pod", "persistentvolumeclaims": "PersistentVolumeClaim", "events": "Event"},
    "/apis/apps/v1": {"deployments": "Deployment", "statefulsets": "StatefulSet"},
}
Object = dict[str, Any]


class Simulation:
    """The pods, and every change of one.

    Arguments:
        count: how many pods there are.
        told: the file to which the time of the last change is written, in seconds of the monotonic clock.
    """

    def __init__(self, count: int, told: Path) -> None:
        self.pods = {f"pod-{number:05}": _pod(number) for number in range(count)}
        deployments = [_deployment(number) for number in range(0, count, PODS_OF_DEPLOYMENT)]
        self.others: dict[str, list[Object]] = {"deployments": deployments}
        self.changes: list[str] = []
        self.changed, self._told, self._began = threading.Condition(), told, False

    def begin(self) -> None:
        """Begins to make pods ready, at the first call."""
        with self.changed:
            if self._began:
                return
            self._began = True
        threading.Thread(target=self._make_ready, daemon=True).start()

    def _make_ready(self) -> None:
        changes = sched.scheduler(time.monotonic)
        begin = time.monotonic() + BEGIN_AFTER
        for number, pod in enumerate(self.pods.values()):
            changes.enterabs(begin + number * SPREAD / len(self.pods), 0, self._change, (pod,))
        changes.run()
        self._told.write_text(str(time.monotonic()))

    def _change(self, pod: Object) -> None:
        with self.changed:
            pod["metadata"]["resourceVersion"] = str(len(self.changes) + 1)
            pod["status"] = _status("True")
            self.changes.append(json.dumps({"type": "MODIFIED", "object": pod}) + "\n")
            self.changed.notify_all()


def _pod(number: int) -> Object:
    container = {
        "name": "main",
        "image": "an-image:1",
        "env": [{"name": f"V{n}", "value": "x" * 20} for n in range(20)],
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"pod-{number:05}",
            "namespace": NAMESPACE,
            "uid": f"uid-{number}",
            "resourceVersion": "0",
            "labels": {"app": f"app-{number // PODS_OF_DEPLOYMENT}"},
        },
        "spec": {"containers": [container]},
        "status": _status("False"),
    }


def _status(ready: str) -> Object:
    containers = [{"name": "main", "ready": ready == "True", "restartCount": 0, "state": {"running": {}}}]
    return {"phase": "Running", "conditions": [{"type": "Ready", "status": ready}], "containerStatuses": containers}


def _deployment(number: int) -> Object:
    counts = dict.fromkeys(("replicas", "readyReplicas", "updatedReplicas", "availableReplicas"), PODS_OF_DEPLOYMENT)
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": f"app-{number}", "namespace": NAMESPACE, "uid": f"uid-d-{number}", "generation": 1},
        "spec": {"replicas": PODS_OF_DEPLOYMENT},
        "status": {"observedGeneration": 1, **counts},
    }


class Handler(BaseHTTPRequestHandler):
    """What is answered to one client."""

    protocol_version = "HTTP/1.1"
    simulation: Simulation

    def do_GET(self) -> None:
        """Answers discovery, lists and watches."""
        url = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(url.query).items()}
        if url.path in (discovery := _discovery()):
            self._answer(discovery[url.path])
            return
        plural = url.path.rpartition("/")[2]
        if plural in self.simulation.pods:
            self._answer(self.simulation.pods[plural])
        elif query.get("watch") in ("1", "true"):
            self._watch(plural, query)
        else:
            self._list(plural, _name_in(query))

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing: a client's requests would be too many."""

    def _list(self, plural: str, name: str) -> None:
        simulation = self.simulation
        if plural == "pods":
            simulation.begin()
        with simulation.changed:
            there = list(simulation.pods.values()) if plural == "pods" else simulation.others.get(plural, [])
            items = [one for one in there if name in ("", one["metadata"]["name"])]
            kind = next(kinds[plural] for kinds in RESOURCES.values() if plural in kinds)
            self._answer(
                {
                    "kind": f"{kind}List",
                    "apiVersion": "v1" if plural not in RESOURCES["/apis/apps/v1"] else "apps/v1",
                    "metadata": {"resourceVersion": str(len(simulation.changes))},
                    "items": items,
                }
            )

    def _watch(self, plural: str, query: dict[str, str]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        simulation, name = self.simulation, _name_in(query)
        at, end = int(query["resourceVersion"]), time.monotonic() + float(query.get("timeoutSeconds", 600))
        while (left := end - time.monotonic()) > 0:
            with simulation.changed:
                if plural != "pods" or len(simulation.changes) <= at:
                    simulation.changed.wait(min(left, 1))
                new = simulation.changes[at:] if plural == "pods" else []
            at += len(new)
            for line in new:
                if not name or f'"name": "{name}' in line:
                    self._chunk(line.encode())  # one a change, as the real server does
        self._chunk(b"")

    def _chunk(self, content: bytes) -> None:
        self.wfile.write(f"{len(content):x}\r\n".encode() + content + b"\r\n")
        self.wfile.flush()

    def _answer(self, content: Object) -> None:
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _name_in(query: dict[str, str]) -> str:
    """The one object that is asked for by a field selector; empty for all."""
    return query.get("fieldSelector", "").removeprefix("metadata.name=") if "metadata.name=" in str(query) else ""


def _discovery() -> dict[str, Object]:
    group_version = {"groupVersion": "apps/v1", "version": "v1"}
    group = {"name": "apps", "versions": [group_version], "preferredVersion": group_version}
    lists = {
        path: {
            "kind": "APIResourceList",
            "groupVersion": path.removeprefix("/apis/").removeprefix("/api/"),
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
        "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": [group]},
        "/version": {"major": "1", "minor": "25", "gitVersion": "v1.25.4"},
        **lists,
    }


def kubeconfig(port: int) -> str:
    """A kubeconfig that leads to the simulation."""
    return str(
        yaml.safe_dump(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": "simulated",
                "clusters": [{"name": "simulated", "cluster": {"server": f"http://127.0.0.1:{port}"}}],
                "users": [{"name": "nobody", "user": {}}],
                "contexts": [{"name": "simulated", "context": {"cluster": "simulated", "user": "nobody"}}],
            }
        )
    )


def main(count: int, folder: Path) -> None:
    """Serves so many pods; writes kubeconfig and, when all are ready, last-change into the folder."""
    Handler.simulation = Simulation(count, folder / "last-change")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    unfinished = folder / "kubeconfig.unfinished"
    unfinished.write_text(kubeconfig(server.server_port))
    unfinished.rename(folder / "kubeconfig")
    server.serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
