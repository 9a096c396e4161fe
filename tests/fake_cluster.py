"""A small Kubernetes API server over HTTP, whose lists, objects and watch events are set by the test."""

from __future__ import annotations

import json
import queue
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from lab.k8s.objects import Object
from lab.k8s.permissions import Permission

Handler = Callable[[Request], Response]

RESOURCES = {
    "/api/v1": [
        ("Pod", "pods", True),
        ("Node", "nodes", False),
        ("Service", "services", True),
        ("Endpoints", "endpoints", True),
        ("PersistentVolumeClaim", "persistentvolumeclaims", True),
        ("Event", "events", True),
        ("Secret", "secrets", True),
        ("ConfigMap", "configmaps", True),
        ("Namespace", "namespaces", False),
    ],
    "/apis/apps/v1": [
        ("Deployment", "deployments", True),
        ("StatefulSet", "statefulsets", True),
        ("DaemonSet", "daemonsets", True),
        ("ReplicaSet", "replicasets", True),
    ],
    "/apis/batch/v1": [("Job", "jobs", True)],
    "/apis/admissionregistration.k8s.io/v1": [
        ("MutatingWebhookConfiguration", "mutatingwebhookconfigurations", False),
        ("ValidatingWebhookConfiguration", "validatingwebhookconfigurations", False),
    ],
    "/apis/apiextensions.k8s.io/v1": [("CustomResourceDefinition", "customresourcedefinitions", False)],
    "/apis/cert-manager.io/v1": [("Certificate", "certificates", True)],
    "/apis/networking.k8s.io/v1": [
        ("Ingress", "ingresses", True),
        ("IngressClass", "ingressclasses", False),
        ("NetworkPolicy", "networkpolicies", True),
    ],
    "/apis/discovery.k8s.io/v1": [("EndpointSlice", "endpointslices", True)],
    "/apis/networking.istio.io/v1alpha3": [
        ("Gateway", "gateways", True),
        ("VirtualService", "virtualservices", True),
        ("DestinationRule", "destinationrules", True),
        ("ServiceEntry", "serviceentries", True),
        ("EnvoyFilter", "envoyfilters", True),
    ],
    "/apis/security.istio.io/v1beta1": [("AuthorizationPolicy", "authorizationpolicies", True)],
    "/apis/kubeflow.org/v1": [("Profile", "profiles", False), ("Notebook", "notebooks", True)],
    "/apis/metallb.io/v1beta1": [("IPAddressPool", "ipaddresspools", True)],
}
"""The served API versions; for each kind its resource name, and whether its objects have a namespace."""
VERSION = {
    "major": "1",
    "minor": "25",
    "gitVersion": "v1.25.4",
    "gitCommit": "",
    "gitTreeState": "",
    "buildDate": "",
    "goVersion": "",
    "compiler": "",
    "platform": "",
}
USER = "system:serviceaccount:default:reader"
"""The user of all requests, as the API server names it when it denies one."""
ACCESS_REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
MERGE_PATCH = {"Content-Type": "application/merge-patch+json"}
"""The header of patches that add labels; tests answer patches of server-side apply themselves."""
RESOURCE_VERSION = "100"
"""The resource version of all lists and objects."""


class FakeCluster:
    """An API server.

    Attributes:
        server: The HTTP server.
        groups: The paths of the served API groups; a test may remove and add some.
        objects: The objects that lists return, by kind.
        events: The pending watch events, by kind; None ends a watch.
        requests: The paths of all lists and watches.
        changes: The method, the path and the body of each request that changes an object.
        denied: The permissions that the user does not have.
    """

    def __init__(self, server: HTTPServer) -> None:
        self.server = server
        self.groups = [path for path in RESOURCES if path.startswith("/apis/")]
        self.objects: dict[str, list[Object]] = {}
        kinds = [kind for resources in RESOURCES.values() for kind, _, _ in resources]
        self.events: dict[str, queue.Queue[Object | None]] = {kind: queue.Queue() for kind in kinds}
        self.requests: list[str] = []
        self.changes: list[tuple[str, str, str]] = []
        self.denied: set[Permission] = set()
        self._statuses: dict[str, int] = {}
        self._hang_seconds: float | None = None
        self._add_routes()
        server.no_handler_status_code = 404  # as for an API version that is not served

    def set_status(self, path: str, status: int) -> None:
        """Answer requests for the kinds of an API version with an HTTP status, although the version is listed."""
        self._statuses[path] = status

    def write_kubeconfig(self, file: Path) -> Path:
        """Write a kubeconfig for this server."""
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "fake",
            "clusters": [{"name": "fake", "cluster": {"server": self.server.url_for("")}}],
            "users": [{"name": "anonymous", "user": {}}],
            "contexts": [{"name": "fake", "context": {"cluster": "fake", "user": "anonymous"}}],
        }
        file.write_text(yaml.safe_dump(content))
        return file

    def send_event(self, event_type: str, obj: Object) -> None:
        """Send an event through the current or the next watch of the object's kind (of Pods if it is unknown)."""
        self.events.get(obj["kind"], self.events["Pod"]).put({"type": event_type, "object": obj})

    def end_watch(self, kind: str = "Pod") -> None:
        """End the current or the next watch of a kind after its pending events."""
        self.events[kind].put(None)

    def end_all_watches(self) -> None:
        """End the watches of lab.k8s.watches; otherwise their last requests would reach the server of the next test."""
        for kind in self.events:
            self.end_watch(kind)
        for thread in threading.enumerate():
            if thread.name.startswith("watch "):
                thread.join()

    def hang(self, seconds: float) -> None:
        """Keep watches open without events for some seconds, whatever timeout they request; end_watch ends them."""
        self._hang_seconds = seconds

    def watches(self) -> list[str]:
        """Return the requests that were watches."""
        return [request for request in self.requests if "watch=" in request]

    def _add_routes(self) -> None:
        versions = {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}
        self._add_route("/version", lambda _: _respond_json(VERSION))
        self._add_route("/api", lambda _: _respond_json(versions))
        self._add_route("/apis", lambda _: _respond_json(_list_groups(self.groups)))
        self.server.expect_request(ACCESS_REVIEWS, method="POST").respond_with_handler(self._review_access)
        self._add_route("/kubeflow-lab", lambda _: _deny(f'User "{USER}" cannot get path "/kubeflow-lab"'))
        for path, resources in RESOURCES.items():
            self._add_route(path, self._list_kinds(path, resources))
            group = "" if path == "/api/v1" else path.split("/")[2]
            for kind, plural, namespaced in resources:
                for uri in (f"{path}/{plural}", re.compile(f"{re.escape(path)}/namespaces/[^/]+/{plural}$")):
                    self.server.expect_request(uri).respond_with_handler(self._list_or_watch(kind, group, plural))
                prefix = f"{re.escape(path)}/namespaces/([^/]+)" if namespaced else re.escape(path)
                pattern = re.compile(f"{prefix}/{plural}/([^/]+)")
                get = self._get(kind, pattern, Permission(group, plural, "get"))
                self.server.expect_request(pattern, method="GET").respond_with_handler(get)
                delete = self._change(kind, pattern, Permission(group, plural, "delete"))
                self.server.expect_request(pattern, method="DELETE").respond_with_handler(delete)
                patch = self._change(kind, pattern, Permission(group, plural, "patch"))
                self.server.expect_request(pattern, method="PATCH", headers=MERGE_PATCH).respond_with_handler(patch)

    def _add_route(self, path: str, handler: Handler) -> None:
        for uri in (path, f"{path}/"):
            self.server.expect_request(uri).respond_with_handler(handler)

    def _list_kinds(self, path: str, resources: list[tuple[str, str, bool]]) -> Handler:
        def answer(_: Request) -> Response:
            is_unknown = path.startswith("/apis/") and path not in self.groups
            if status := self._statuses.get(path, 404 if is_unknown else 0):
                return Response(status=status)
            return _respond_json(_list_resources(path, resources))

        return answer

    def _review_access(self, request: Request) -> Response:
        asked = json.loads(request.data)["spec"]["resourceAttributes"]
        resource = "/".join(filter(None, (asked["resource"], asked["subresource"])))
        permission = Permission(asked["group"], resource, asked["verb"], asked["namespace"])
        is_allowed = not self.denied if permission.verb == "*" else permission not in self.denied
        return _respond_json({"kind": "SelfSubjectAccessReview", "status": {"allowed": is_allowed}})

    def _change(self, kind: str, pattern: re.Pattern[str], permission: Permission) -> Handler:
        """Return a handler that records a change, and deletes a deleted object."""

        def answer(request: Request) -> Response:
            if permission in self.denied:
                return _deny_resource(permission)
            found = self._find(kind, pattern, request)
            if found is None:
                return Response(status=404)
            self.changes.append((request.method, request.path, request.get_data(as_text=True)))
            if request.method == "DELETE":
                self.objects[kind].remove(found)
            return _respond_json(found)

        return answer

    def _find(self, kind: str, pattern: re.Pattern[str], request: Request) -> Object | None:
        match = pattern.fullmatch(request.path)
        for obj in self.objects.get(kind, []):
            names = (obj["metadata"].get("namespace"), obj["metadata"]["name"])
            if match and names[-len(match.groups()) :] == match.groups():
                return obj
        return None

    def _get(self, kind: str, pattern: re.Pattern[str], permission: Permission) -> Handler:
        def answer(request: Request) -> Response:
            if permission in self.denied:
                return _deny_resource(permission)
            found = self._find(kind, pattern, request)
            return Response(status=404) if found is None else _respond_json(found)

        return answer

    def _list_or_watch(self, kind: str, group: str, plural: str) -> Handler:
        def answer(request: Request) -> Response:
            self.requests.append(request.full_path)
            verb = "watch" if request.args.get("watch") else "list"
            if (permission := Permission(group, plural, verb)) in self.denied:
                return _deny_resource(permission)
            if request.args.get("watch"):
                events = self._stream_events(kind, float(request.args["timeoutSeconds"]))
                return Response(events, content_type="application/json")
            listed = {"kind": f"{kind}List", "apiVersion": "v1", "metadata": {"resourceVersion": RESOURCE_VERSION}}
            items = self.objects.get(kind, [])
            metadata_only = "PartialObjectMetadataList" in request.headers["Accept"]
            # A real API server returns null for an empty list of metadata.
            return _respond_json({**listed, "items": items or None if metadata_only else items})

        return answer

    def _stream_events(self, kind: str, seconds: float) -> Iterator[str]:
        try:
            while (event := self.events[kind].get(timeout=self._hang_seconds or seconds)) is not None:
                yield json.dumps(event) + "\n"
        except queue.Empty:
            return


def _list_groups(paths: list[str]) -> Object:
    groups = []
    for path in paths:
        name, version = path.split("/")[2:]
        served = {"groupVersion": f"{name}/{version}", "version": version}
        groups.append({"name": name, "versions": [served], "preferredVersion": served})
    return {"kind": "APIGroupList", "groups": groups}


def _list_resources(path: str, resources: list[tuple[str, str, bool]]) -> Object:
    verbs = ["get", "list", "watch"]
    return {
        "kind": "APIResourceList",
        "groupVersion": path.removeprefix("/apis/").removeprefix("/api/"),
        "resources": [
            {"name": plural, "singularName": "", "namespaced": namespaced, "kind": kind, "verbs": verbs}
            for kind, plural, namespaced in resources
        ],
    }


def _deny_resource(permission: Permission) -> Response:
    resource, group, verb = permission.resource, permission.group, permission.verb
    words = f'User "{USER}" cannot {verb} resource "{resource}" in API group "{group}" at the cluster scope'
    return _deny(f"{permission.full_resource} is forbidden: {words}")


def _deny(message: str) -> Response:
    status = {"kind": "Status", "status": "Failure", "message": message, "reason": "Forbidden", "code": 403}
    return Response(json.dumps(status), status=403, content_type="application/json")


def _respond_json(content: Any) -> Response:
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
    """Return a pod.

    Args:
        name: The name of the pod.
        ready: Whether it is ready.
        waiting: The kubelet's reason why its container waits; empty if the container runs.
        unschedulable: The scheduler's message if it fits no node; empty otherwise.
        claim: The PersistentVolumeClaim that it uses; empty for none.
        namespace: The namespace of the pod.
    """
    scheduled = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": unschedulable}
    volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": claim}}]
    state = {"waiting": {"reason": waiting, "message": f"message about {name}"}} if waiting else {"running": {}}
    metadata = {"name": name, "namespace": namespace, "uid": f"uid-of-{name}", "resourceVersion": RESOURCE_VERSION}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": {"volumes": volumes} if claim else {},
        "status": {
            "phase": "Running" if ready else "Pending",
            "conditions": [{"type": "Ready", "status": str(ready)}, *([scheduled] if unschedulable else [])],
            "containerStatuses": [] if unschedulable else [{"name": "main", "state": state}],
        },
    }


def claim(name: str, phase: str = "Pending", namespace: str = "default", uid: str = "1") -> Object:
    """Return a PersistentVolumeClaim; it has a volume if its phase is Bound."""
    uid = f"uid-{uid}-of-{name}"
    metadata = {"name": name, "namespace": namespace, "uid": uid, "resourceVersion": RESOURCE_VERSION}
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "status": {"phase": phase}}


def claim_event(claim: Object, reason: str, message: str, minute: int = 0) -> Object:
    """Return an event about a PersistentVolumeClaim; events of a later minute are newer."""
    metadata = claim["metadata"]
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {
            "name": f"{metadata['name']}.{reason}.{minute}",
            "namespace": metadata["namespace"],
            "uid": f"{metadata['uid']}-{reason}-{minute}",
            "resourceVersion": RESOURCE_VERSION,
        },
        "involvedObject": {"kind": "PersistentVolumeClaim", "name": metadata["name"], "uid": metadata["uid"]},
        "reason": reason,
        "message": message,
        "lastTimestamp": f"2026-11-24T10:{minute:02}:00Z",
    }


def owned_by(obj: Object, controller: Object) -> Object:
    """Return an object with a reference to its controller."""
    metadata = controller["metadata"]
    reference = {"kind": controller["kind"], "name": metadata["name"], "uid": metadata["uid"], "controller": True}
    return {**obj, "metadata": {**obj["metadata"], "ownerReferences": [reference]}}


def replica_set(
    name: str, namespace: str = "default", *, owner: tuple[str, str], pods: int = 1, rejection: str = ""
) -> Object:
    """Return a ReplicaSet that should have one pod.

    Args:
        name: The name.
        namespace: The namespace.
        owner: Kind and name of the controller, whose uid is uid-of-NAME.
        pods: The number of pods that it has.
        rejection: The API server's message with which it rejects the pod; empty if it does not.
    """
    condition = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": rejection}
    obj = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "uid": f"uid-of-{name}",
            "resourceVersion": RESOURCE_VERSION,
        },
        "spec": {"replicas": 1},
        "status": {"replicas": pods, "conditions": [condition] if rejection else []},
    }
    kind, owner_name = owner
    return owned_by(obj, {"kind": kind, "metadata": {"name": owner_name, "uid": f"uid-of-{owner_name}"}})


def event_about(obj: Object, reason: str, message: str, minute: int = 0, container: str = "") -> Object:
    """Return a warning about an object; events of a later minute are newer.

    Args:
        obj: The object.
        reason: The reason.
        message: The message.
        minute: The minute of the last occurrence.
        container: The container that the event is about; empty if it is about the object as a whole.
    """
    event = claim_event(obj, reason, message, minute)
    event["involvedObject"] |= {
        "kind": obj["kind"],
        "namespace": obj["metadata"]["namespace"],
        "fieldPath": f"spec.containers{{{container}}}" if container else "",
    }
    return {**event, "type": "Warning"}
