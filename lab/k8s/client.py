"""The API client for a cluster: reads, watches and applies objects."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path

from kubernetes import client, dynamic
from kubernetes.client.exceptions import ApiException
from kubernetes.dynamic.exceptions import (
    DynamicApiError,
    ForbiddenError,
    NotFoundError,
    ResourceNotFoundError,
    ServiceUnavailableError,
)
from kubernetes.dynamic.resource import Resource
from kubernetes.watch import Watch
from urllib3.exceptions import HTTPError

from lab.errors import KnownFailureId, LabError, UnreachableError
from lab.k8s.api_versions import API_VERSIONS
from lab.k8s.connection import connect
from lab.k8s.objects import Object, ObjectRef, get_nested
from lab.k8s.permissions import DENIED, DENIED_PATH, Permission, explain_denial
from lab.run.journal import Journal
from lab.run.waiting import Observations, Unobserved, poll, root_cause

OPENAPI = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
"""The content type in which kubectl requests the OpenAPI document; the API server builds each type separately."""

TRANSIENT_ERRORS = (ApiException, HTTPError, OSError, UnreachableError)
"""Exceptions that a call may raise while the API server or a part of it is still starting."""
REQUEST_TIMEOUT = 10
APPLY_TIMEOUT = 35
"""Seconds; longer than a webhook may take."""
FIELD_MANAGER = "kubeflow-lab"
MAX_WATCH_SECONDS = 10.0
"""Seconds after which a watch request is repeated from its last version, so that an abandoned watch can end."""
MAX_LOG_BYTES = 256 * 1024
FORBIDDEN = 403
ACCESS_REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
UNKNOWN_PATH = "/kubeflow-lab"
"""A path that no API server has; to a user without all permissions, the API server answers 403 with the user's name."""
QUESTION_TIMEOUT = 2
"""Seconds for a question about the user."""
METADATA_ONLY = {"Accept": "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"}
"""Requests the metadata without the objects; some objects, such as CRDs, are large."""


class Kube:
    """The API of one cluster.

    Args:
        kubeconfig: The kubeconfig of the cluster; several files are separated as in KUBECONFIG.
        journal: The journal of the run, in which waits for this cluster are recorded.
        read_only: Whether every request that would change the cluster is an error.
    """

    def __init__(self, kubeconfig: Path | str, journal: Journal, *, read_only: bool = False) -> None:
        self.journal, self._read_only = journal, read_only
        self._kubeconfig = str(kubeconfig)
        self._discovery_lock = threading.Lock()  # of several threads that discover at the same time, some find nothing

    @cached_property
    def _client(self) -> dynamic.DynamicClient:
        return connect(self._kubeconfig)

    def reconnect(self) -> None:
        """Drop the connection and everything known about the server; the next call reads the kubeconfig again."""
        self.__dict__.pop("_client", None)

    def get_server_version(self) -> str:
        """Return the version of the API server, as in v1.25.4."""
        with self._raise_unreachable():
            return str(client.VersionApi(self._client.client).get_code(_request_timeout=REQUEST_TIMEOUT).git_version)

    def is_allowed(self, permission: Permission) -> bool:
        """Return whether the user has a permission, by a SelfSubjectAccessReview, which changes nothing.

        Raises:
            UnreachableError: If the API server does not answer.
            PermissionDeniedError: If the user may not even ask.
        """
        resource, _, subresource = permission.resource.partition("/")
        attributes = {
            "group": permission.group,
            "resource": resource,
            "subresource": subresource,
            "verb": permission.verb,
            "namespace": permission.namespace,
        }
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": attributes},
        }
        with self._raise_unreachable():
            answer = self._client.request("post", ACCESS_REVIEWS, body=review, _request_timeout=QUESTION_TIMEOUT)
        return bool(get_nested(answer.to_dict(), "status", "allowed"))

    def find_user(self) -> str:
        """Return the name by which the API server knows a user who lacks permissions; empty if it is not known.

        Older API servers do not tell users their names, except when they deny a request.
        """
        with self._raise_unreachable():
            try:
                self._client.request("get", UNKNOWN_PATH, _request_timeout=QUESTION_TIMEOUT)
            except DynamicApiError as error:
                found = DENIED_PATH.search(str(error.body))
                return found["user"] if found else ""
        return ""

    def warm_up_openapi(self) -> None:
        """Request the OpenAPI document as kubectl does before it applies objects.

        The API server rebuilds the document at the first request after a CRD has changed, which takes seconds.
        """
        with self._raise_unreachable():
            self._client.request(
                "get",
                "/openapi/v2",
                header_params={"Accept": OPENAPI},
                serialize=False,
                _request_timeout=APPLY_TIMEOUT,
            )

    def get(self, kind: str, name: str, namespace: str | None = None) -> Object | None:
        """Return an object, or None if the object or its kind does not exist."""
        with self._raise_unreachable():
            try:
                found = self._discover_kind(kind).get(name=name, namespace=namespace, _request_timeout=REQUEST_TIMEOUT)
            except (NotFoundError, ResourceNotFoundError):
                return None
        return dict(found.to_dict())

    def apply(self, obj: Object, *, dry_run: bool = False) -> str:
        """Apply an object with server-side apply.

        Args:
            obj: The object.
            dry_run: Whether the API server only checks the object, with all webhooks, and changes nothing.

        Returns:
            The API server's reason if it rejects the object; empty if it accepts it.

        Raises:
            UnreachableError: If the API server does not answer.
            PermissionDeniedError: If the user may not apply it.
        """
        self._check_may_change(f"apply {obj['kind']} {obj['metadata']['name']}")
        with self._raise_unreachable():
            try:
                self._discover(obj["apiVersion"], obj["kind"]).server_side_apply(
                    body=obj,
                    field_manager=FIELD_MANAGER,
                    force_conflicts=True,
                    dry_run="All" if dry_run else None,
                    _request_timeout=APPLY_TIMEOUT,
                )
            except ServiceUnavailableError:
                raise
            except DynamicApiError as error:
                if DENIED.search(_read_message(error)):  # quotas and webhooks reject objects with the same status
                    raise
                return str(error.summary())
            except ResourceNotFoundError:
                return f"the API server does not serve the kind {obj['kind']} in {obj['apiVersion']}"
        return ""

    def delete(self, ref: ObjectRef) -> None:
        """Delete an object without waiting for its end; an object that does not exist is ignored.

        Raises:
            UnreachableError: If the API server does not answer.
            PermissionDeniedError: If the user may not delete it.
            DynamicApiError: If the API server rejects the request.
        """
        self._check_may_change(f"delete {ref}")
        with self._raise_unreachable(), suppress(NotFoundError, ResourceNotFoundError):
            self._discover_kind(ref.kind).delete(
                name=ref.name, namespace=ref.namespace or None, _request_timeout=REQUEST_TIMEOUT
            )

    def set_labels(self, ref: ObjectRef, labels: Mapping[str, str]) -> None:
        """Add labels to an object; an object that does not exist is ignored.

        Raises:
            UnreachableError: If the API server does not answer.
            PermissionDeniedError: If the user may not patch it.
            DynamicApiError: If the API server rejects the request.
        """
        self._check_may_change(f"label {ref}")
        with self._raise_unreachable(), suppress(NotFoundError, ResourceNotFoundError):
            self._discover_kind(ref.kind).patch(
                name=ref.name,
                namespace=ref.namespace or None,
                body={"metadata": {"labels": dict(labels)}},
                content_type="application/merge-patch+json",
                field_manager=FIELD_MANAGER,
                _request_timeout=REQUEST_TIMEOUT,
            )

    def list_objects(
        self, kind: str, namespace: str | None = None, selector: str = "", *, api_version: str = ""
    ) -> list[Object]:
        """Return the objects of a kind; none if the API server does not serve the kind.

        Args:
            kind: The kind.
            namespace: The namespace; None for all.
            selector: A label selector; empty for all objects.
            api_version: The API version of the kind; empty for the one in API_VERSIONS.
        """
        with self._raise_unreachable():
            return self._list(kind, {"namespace": namespace, "label_selector": selector}, api_version)[0]

    def list_names(self, api_version: str, kind: str) -> set[tuple[str, str]]:
        """Return namespace and name of all objects of a kind; none if the API server does not serve the kind.

        The namespace is empty for objects without a namespace.
        """
        with self._raise_unreachable():
            try:
                resource = self._discover(api_version, kind)
            except ResourceNotFoundError:
                return set()
            answer = resource.get(serialize=False, header_params=dict(METADATA_ONLY), _request_timeout=REQUEST_TIMEOUT)
        items = json.loads(answer.data)["items"] or []  # null if the list is empty
        return {(item["metadata"].get("namespace", ""), item["metadata"]["name"]) for item in items}

    def list_kinds(self, api_version: str) -> set[str]:
        """Return the kinds that the API server serves in an API version now, without a cache; none if it is unknown."""
        path = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
        with self._raise_unreachable():
            try:
                found = self._client.request("get", path, _request_timeout=REQUEST_TIMEOUT).to_dict()
            except NotFoundError:
                return set()
        return {resource["kind"] for resource in found["resources"] if "/" not in resource["name"]}

    def read_log(self, pod: Object, container: str, *, previous: bool, lines: int, max_age: int | None = None) -> str:
        """Return the last lines of a container's log.

        Args:
            pod: The pod.
            container: The name of the container.
            previous: Whether to read the log of the previous, ended instance of the container.
            lines: The maximum number of lines.
            max_age: Seconds; older lines are left out. None for lines of any age.

        Raises:
            ApiException: If there is no such log, or another of TRANSIENT_ERRORS.
        """
        namespace, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
        query = [("container", container), ("previous", previous), ("tailLines", lines), ("limitBytes", MAX_LOG_BYTES)]
        query += [("sinceSeconds", max_age)] if max_age else []
        answer = self._client.request(  # the client's own class for logs takes a second to load
            "get",
            f"/api/v1/namespaces/{namespace}/pods/{name}/log",
            query_params=query,
            serialize=False,
            _request_timeout=REQUEST_TIMEOUT,
        )
        return bytes(answer.data).decode(errors="replace")

    def watch(
        self, kind: str, namespace: str | None = None, selector: str = "", fields: str = ""
    ) -> Observations[list[Object]]:
        """Observe all objects of a kind with one watch.

        An observation is the list of all objects: initially, after each change, and periodically.

        Args:
            kind: The kind.
            namespace: The namespace; None for all.
            selector: A label selector; empty for all objects.
            fields: A field selector; empty for all objects.
        """
        query = {"namespace": namespace, "label_selector": selector, "field_selector": fields or None}

        def observations(seconds: float) -> Iterator[list[Object] | Unobserved]:
            end = time.monotonic() + seconds
            for listed in poll(lambda: self._list(kind, query), transient=TRANSIENT_ERRORS)(seconds):
                if isinstance(listed, Unobserved):
                    yield listed
                    continue
                objects, version = listed
                yield objects
                yield from self._watch_changes(kind, query, objects, version, end - time.monotonic())

        return observations

    def _check_may_change(self, change: str) -> None:
        """Raise LabError if nothing may be changed: a scenario lacks the marker by which it would be deselected."""
        if self._read_only:
            raise LabError(
                f"with --read-only nothing is changed, but the suite was about to {change}",
                remedy="report this as a fault of the suite; without --read-only, the scenario can run",
            )

    @contextmanager
    def _raise_unreachable(self) -> Iterator[None]:
        """Raise UnreachableError if the API server does not answer in the block; explain a denied request."""
        try:
            yield
        except ForbiddenError as error:
            raise explain_denial(_read_message(error)) from None
        except (HTTPError, OSError, ServiceUnavailableError) as error:
            raise UnreachableError(
                "the API server of the cluster cannot be reached",
                expected=f"an answer from the server in the kubeconfig {self._kubeconfig}",
                seen=root_cause(error),
                remedy="check that the cluster runs (`kubectl cluster-info`), and that KUBECONFIG names the right one",
                known_failure=KnownFailureId.API_SERVER_UNREACHABLE,
            ) from None

    def _list(self, kind: str, query: Mapping[str, str | None], api_version: str = "") -> tuple[list[Object], str]:
        """Return the objects and the version of the list, parsed here: the client's classes are slow for thousands."""
        try:
            resource = self._discover(api_version, kind) if api_version else self._discover_kind(kind)
            answer = resource.get(**query, serialize=False, _request_timeout=REQUEST_TIMEOUT)
        except ResourceNotFoundError:
            return [], ""
        except ForbiddenError as error:  # also while a watch is waited for, which ignores other errors
            raise explain_denial(_read_message(error)) from None
        listed = json.loads(answer.data)
        common = {"apiVersion": listed["apiVersion"], "kind": listed["kind"].removesuffix("List")}
        return [{**common, **item} for item in listed["items"] or []], str(listed["metadata"]["resourceVersion"])

    def _watch_changes(
        self, kind: str, query: Mapping[str, str | None], objects: list[Object], version: str, seconds: float
    ) -> Iterator[list[Object] | Unobserved]:
        """Yield the list after each change, and at least every ten seconds, until an error occurs or the time is up."""
        known = {_uid(obj): obj for obj in objects}
        end = time.monotonic() + seconds
        try:
            while version and (left := end - time.monotonic()) > 0:
                timeout = max(1, int(min(MAX_WATCH_SECONDS, left)))
                events = Watch().stream(
                    self._discover_kind(kind).get,
                    **query,
                    resource_version=version,
                    serialize=False,
                    timeout_seconds=timeout,
                    _request_timeout=timeout + 1,  # for a server that hangs, and does not end the watch itself
                )
                for event in events:
                    changed = event["raw_object"]
                    version = changed["metadata"]["resourceVersion"]
                    if event["type"] == "DELETED":
                        known.pop(_uid(changed), None)
                    else:
                        known[_uid(changed)] = changed
                    yield list(known.values())
                yield list(known.values())
        except TRANSIENT_ERRORS as error:
            if isinstance(error, ApiException) and error.status == FORBIDDEN:
                raise explain_denial(_read_message(error)) from None
            yield Unobserved(str(error))

    def _discover_kind(self, kind: str) -> Resource:
        return self._discover(API_VERSIONS.get(kind, "v1"), kind)

    def _discover(self, api_version: str, kind: str) -> Resource:
        """Return the client's resource for a kind.

        Without the prefix, the client searches all groups that have this version. While CRDs are created, a group may
        be listed that is not served yet, and the client takes the answer of that group as the answer for all of them.
        The client also takes an answer 503 to mean that there are no kinds.

        Raises:
            ResourceNotFoundError: If the API server does not serve the kind.
            UnreachableError: If the client does not find the kind, although the API server serves it.
        """
        prefix = "apis" if "/" in api_version else "api"
        with self._discovery_lock:
            try:
                found: Resource = self._client.resources.get(prefix=prefix, api_version=api_version, kind=kind)
            except ResourceNotFoundError:
                if kind in self.list_kinds(api_version):
                    raise UnreachableError(
                        "the API server does not list its kinds reliably",
                        expected=f"{kind} among the kinds of {api_version}",
                        seen="missing in the answer to the first request, present in the answer to the second one",
                        remedy="wait until the machine is less busy, and run again",
                    ) from None
                raise
        return found


def _read_message(error: ApiException) -> str:
    """Return the message in the API server's answer to a rejected request."""
    with suppress(ValueError, KeyError, TypeError):
        return str(json.loads(str(error.body))["message"])
    return str(error.body or error)


def _uid(obj: Object) -> str:
    return str(obj["metadata"]["uid"])
