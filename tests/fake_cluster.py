"""A small API server that speaks HTTP: it answers lists and watches, and is told by the test what is the case."""

from __future__ import annotations

import json
import queue
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

Object = dict[str, Any]

RESOURCES = {
    "/api/v1": [
        ("Pod", "pods", True),
        ("Node", "nodes", False),
        ("Service", "services", True),
        ("PersistentVolumeClaim", "persistentvolumeclaims", True),
        ("Event", "events", True),
        ("Secret", "secrets", True),
        ("Namespace", "namespaces", False),
    ],
    "/apis/apps/v1": [("Deployment", "deployments", True), ("StatefulSet", "statefulsets", True)],
    "/apis/networking.k8s.io/v1": [("Ingress", "ingresses", True)],
    "/apis/metallb.io/v1beta1": [("IPAddressPool", "ipaddresspools", True)],
}
VERSION = {"major": "1", "minor": "25", "gitVersion": "v1.25.4", "gitCommit": "", "gitTreeState": "", "buildDate": ""}
SEEN = "100"
"""The version of all lists and objects."""


class FakeCluster:
    """What the API server has, and what it will say to whoever watches."""

    def __init__(self, server: HTTPServer) -> None:
        self.server = server
        self.groups = [path for path in RESOURCES if path.startswith("/apis/")]
        self.status: dict[str, int] = {}
        self.objects: dict[str, list[Object]] = {}
        kinds = [kind for resources in RESOURCES.values() for kind, _, _ in resources]
        self.events: dict[str, queue.Queue[Object | None]] = {kind: queue.Queue() for kind in kinds}
        self.requests: list[str] = []
        self.seconds_of_silence: float | None = None
        self._offer("/version", lambda: VERSION | {"goVersion": "", "compiler": "", "platform": ""})
        self._offer("/api", lambda: {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []})
        self._offer("/apis", lambda: {"kind": "APIGroupList", "groups": [_group(path) for path in self.groups]})
        for path, resources in RESOURCES.items():
            for spelt in (path, f"{path}/"):
                server.expect_request(spelt).respond_with_handler(self._version(path, resources))
            for kind, plural, _ in resources:
                for place in (f"{path}/{plural}", re.compile(f"{re.escape(path)}/namespaces/[^/]+/{plural}$")):
                    server.expect_request(place).respond_with_handler(self._list_or_watch(kind))
                one = re.compile(f"{re.escape(path)}/namespaces/([^/]+)/{plural}/([^/]+)")
                server.expect_request(one, method="GET").respond_with_handler(self._get(kind, one))

        server.no_handler_status_code = 404  # as of a version of the API that is not served

    def will_answer(self, path: str, status: int) -> None:
        """Answers what a version of the API has with an HTTP status, although the version is listed."""
        self.status[path] = status

    def write_kubeconfig(self, file: Path) -> Path:
        """Writes a kubeconfig that leads here."""
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "here",
            "clusters": [{"name": "here", "cluster": {"server": self.server.url_for("")}}],
            "users": [{"name": "nobody", "user": {}}],
            "contexts": [{"name": "here", "context": {"cluster": "here", "user": "nobody"}}],
        }
        file.write_text(yaml.safe_dump(content))
        return file

    def will_say(self, kind: str, one: Object) -> None:
        """Has the next watch of the object's kind, or the one that goes on, tell of a change; of Pods by default."""
        self.events.get(one["kind"], self.events["Pod"]).put({"type": kind, "object": one})

    def will_end_watch(self, of: str = "Pod") -> None:
        """Has the watch of a kind end after what it was told to say."""
        self.events[of].put(None)

    def end_all_watches(self) -> None:
        """Ends the watches of lab.gathering; else a last request of theirs would come to the next test's server."""
        for of in self.events:
            self.will_end_watch(of)
        for thread in threading.enumerate():
            if thread.name.startswith("watch "):
                thread.join()

    def will_hang(self, seconds: float) -> None:
        """Has watches stay open without a word for so long, whatever end was asked for; will_end_watch ends them."""
        self.seconds_of_silence = seconds

    def watches(self) -> list[str]:
        """The requests that were watches."""
        return [request for request in self.requests if "watch=" in request]

    def _offer(self, path: str, content: Any) -> None:
        for spelt in (path, f"{path}/"):
            self.server.expect_request(spelt).respond_with_handler(lambda _: _json(content()))

    def _version(self, path: str, resources: list[tuple[str, str, bool]]) -> Any:
        def answer(_: Request) -> Response:
            unknown = path.startswith("/apis/") and path not in self.groups
            if status := self.status.get(path, 404 if unknown else 0):
                return Response(status=status)
            return _json(_resources(path, resources))

        return answer

    def _get(self, kind: str, pattern: re.Pattern[str]) -> Any:
        def answer(request: Request) -> Response:
            found = pattern.fullmatch(request.path)
            for one in self.objects.get(kind, []):
                if found and (one["metadata"].get("namespace"), one["metadata"]["name"]) == found.groups():
                    return _json(one)
            return Response(status=404)

        return answer

    def _list_or_watch(self, kind: str) -> Any:
        def answer(request: Request) -> Response:
            self.requests.append(request.full_path)
            if request.args.get("watch"):
                return Response(
                    self._stream(kind, float(request.args["timeoutSeconds"])), content_type="application/json"
                )
            listed = {"kind": f"{kind}List", "apiVersion": "v1", "metadata": {"resourceVersion": SEEN}}
            items = self.objects.get(kind, [])
            names_only = "PartialObjectMetadataList" in request.headers["Accept"]
            return _json({**listed, "items": items or None if names_only else items})  # Go's empty list, as served

        return answer

    def _stream(self, kind: str, seconds: float) -> Iterator[str]:
        try:
            while (event := self.events[kind].get(timeout=self.seconds_of_silence or seconds)) is not None:
                yield json.dumps(event) + "\n"
        except queue.Empty:
            return


def _group(path: str) -> Object:
    name, version = path.split("/")[2:]
    served = {"groupVersion": f"{name}/{version}", "version": version}
    return {"name": name, "versions": [served], "preferredVersion": served}


def _resources(path: str, resources: list[tuple[str, str, bool]]) -> Object:
    verbs = ["get", "list", "watch"]
    return {
        "kind": "APIResourceList",
        "groupVersion": path.removeprefix("/apis/").removeprefix("/api/"),
        "resources": [
            {"name": plural, "singularName": "", "namespaced": namespaced, "kind": kind, "verbs": verbs}
            for kind, plural, namespaced in resources
        ],
    }


def _json(content: Object) -> Response:
    return Response(json.dumps(content), content_type="application/json")


def pod(
    name: str,
    *,
    ready: bool = False,
    waiting: str = "",
    unschedulable: str = "",
    claim: str = "",
    namespace: str = "default",
) -> Object:
    """A pod, ready or not, or with something that keeps it from it.

    Arguments:
        waiting: the reason for which the kubelet keeps its container waiting.
        unschedulable: what the scheduler says of why no node takes it.
        claim: the PersistentVolumeClaim that it uses.
    """
    no_node = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": unschedulable}
    volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": claim}}]
    state = {"waiting": {"reason": waiting, "message": f"said of {name}"}} if waiting else {"running": {}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "uid": f"uid-of-{name}", "resourceVersion": SEEN},
        "spec": {"volumes": volumes} if claim else {},
        "status": {
            "phase": "Running" if ready else "Pending",
            "conditions": [{"type": "Ready", "status": str(ready)}, *([no_node] if unschedulable else [])],
            "containerStatuses": [] if unschedulable else [{"name": "main", "state": state}],
        },
    }


def claim(name: str, phase: str = "Pending", namespace: str = "default", uid: str = "1") -> Object:
    """A PersistentVolumeClaim, with a volume or not."""
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name, "namespace": namespace, "uid": f"uid-{uid}-of-{name}", "resourceVersion": SEEN},
        "status": {"phase": phase},
    }


def event_of(claim: Object, reason: str, message: str, minute: int = 0) -> Object:
    """What was said of a claim, at a minute."""
    metadata = claim["metadata"]
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {
            "name": f"{metadata['name']}.{reason}.{minute}",
            "namespace": metadata["namespace"],
            "uid": f"{metadata['uid']}-{reason}-{minute}",
            "resourceVersion": SEEN,
        },
        "involvedObject": {"kind": "PersistentVolumeClaim", "name": metadata["name"], "uid": metadata["uid"]},
        "reason": reason,
        "message": message,
        "lastTimestamp": f"2026-11-24T10:{minute:02}:00Z",
    }
