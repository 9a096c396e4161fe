"""Observing a cluster through its API: objects as they are now, and as they change."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from kubernetes import client, config, dynamic
from kubernetes.client.exceptions import ApiException
from kubernetes.dynamic.discovery import LazyDiscoverer
from kubernetes.dynamic.exceptions import (
    DynamicApiError,
    NotFoundError,
    ResourceNotFoundError,
    ServiceUnavailableError,
)
from kubernetes.dynamic.resource import Resource
from kubernetes.watch import Watch
from urllib3.exceptions import HTTPError

from lab.errors import LabError
from lab.waiting import Observations, Trouble, polling, root_of

Object = dict[str, Any]
"""A Kubernetes object as the API gives it."""

API_VERSIONS = {
    "Deployment": "apps/v1",
    "DaemonSet": "apps/v1",
    "StatefulSet": "apps/v1",
    "StorageClass": "storage.k8s.io/v1",
    "Ingress": "networking.k8s.io/v1",
    "IngressClass": "networking.k8s.io/v1",
    "IPAddressPool": "metallb.io/v1beta1",
    "L2Advertisement": "metallb.io/v1beta1",
    "VirtualService": "networking.istio.io/v1alpha3",
    "EnvoyFilter": "networking.istio.io/v1alpha3",
    "AuthorizationPolicy": "security.istio.io/v1beta1",
    "Notebook": "kubeflow.org/v1",
    "Tensorboard": "tensorboard.kubeflow.org/v1alpha1",
}
"""The API versions of the kinds that the lab looks at; what is not here is in v1."""

OPENAPI = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
"""The form in which kubectl asks for the OpenAPI; each form is made by itself."""


class UnreachableError(LabError):
    """The API server does not answer."""


PASSING = (ApiException, HTTPError, OSError, UnreachableError)
"""What a call may raise while the API server or a part of it is still coming up."""
REQUEST_TIMEOUT = 10
APPLY_TIMEOUT = 35
"""Seconds; longer than a webhook may take."""
FIELD_MANAGER = "kubeflow-lab"
SLICE = 10.0
"""Seconds after which a watch is begun anew, from where it was; whoever does not need it any more gets to say so."""
LOG_BYTES = 256 * 1024
"""How much of a log is read at most."""
NAMES_ONLY = {"Accept": "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"}
"""Asks for metadata without the objects; some, such as CRDs, are large."""


class _Discoverer(LazyDiscoverer):
    """Keeps in memory what it discovers. To write all of it, with each group anew, takes a fifth of a second."""

    def _write_cache(self) -> None:
        pass


class Kube:
    """The API of one cluster."""

    def __init__(self, kubeconfig: Path) -> None:
        self._kubeconfig = kubeconfig
        self._discovering = threading.Lock()  # of threads that discover at a time, some find nothing

    @cached_property
    def _client(self) -> dynamic.DynamicClient:
        return dynamic.DynamicClient(
            client.ApiClient(_configuration(self._kubeconfig)),
            cache_file=f"{self._kubeconfig}.kinds",  # which nobody writes; without a name, a file of another's is read
            discoverer=_Discoverer,
        )

    def server_version(self) -> str:
        """The version of the API server, as in v1.25.4."""
        with self._reached():
            return str(client.VersionApi(self._client.client).get_code(_request_timeout=REQUEST_TIMEOUT).git_version)

    def have_schemas_made(self) -> None:
        """Asks for the OpenAPI as kubectl does before it applies anything.

        The API server makes it anew when it is first asked for after a CRD has changed, which takes seconds.
        """
        with self._reached():
            self._client.request(
                *("get", "/openapi/v2"),
                header_params={"Accept": OPENAPI},
                serialize=False,
                _request_timeout=APPLY_TIMEOUT,
            )

    def one(self, kind: str, name: str, namespace: str | None = None) -> Object | None:
        """An object, or None when there is none of that name, or no such kind."""
        with self._reached():
            try:
                found = self._resource(kind).get(name=name, namespace=namespace, _request_timeout=REQUEST_TIMEOUT)
            except (NotFoundError, ResourceNotFoundError):
                return None
        return dict(found.to_dict())

    def apply(self, one: Object) -> str:
        """Applies an object on the server's side; gives the server's words where it refuses it, and else nothing."""
        with self._reached():
            try:
                self._discovered(one["apiVersion"], one["kind"]).server_side_apply(
                    body=one, field_manager=FIELD_MANAGER, force_conflicts=True, _request_timeout=APPLY_TIMEOUT
                )
            except ServiceUnavailableError:
                raise
            except DynamicApiError as error:
                return str(error.summary())
            except ResourceNotFoundError:
                return f"there is no kind {one['kind']} in {one['apiVersion']}"
        return ""

    def all(self, kind: str, namespace: str | None = None, selector: str = "") -> list[Object]:
        """All objects of a kind, in one namespace or all, by label selector; none when there is no such kind."""
        with self._reached():
            return self._list(kind, {"namespace": namespace, "label_selector": selector})[0]

    def names(self, api_version: str, kind: str) -> set[tuple[str, str]]:
        """Namespace, empty where there is none, and name of all objects of a kind; none when there is no such kind."""
        with self._reached():
            try:
                resource = self._discovered(api_version, kind)
            except ResourceNotFoundError:
                return set()
            listed = resource.get(serialize=False, header_params=dict(NAMES_ONLY), _request_timeout=REQUEST_TIMEOUT)
        every = [one["metadata"] for one in json.loads(listed.data)["items"] or []]  # null where there are none
        return {(metadata.get("namespace", ""), metadata["name"]) for metadata in every}

    def kinds(self, api_version: str) -> set[str]:
        """The kinds that the server serves in a version of the API, asked anew; none when it does not know that one."""
        path = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
        with self._reached():
            try:
                found = self._client.request("get", path, _request_timeout=REQUEST_TIMEOUT).to_dict()
            except NotFoundError:
                return set()
        return {resource["kind"] for resource in found["resources"] if "/" not in resource["name"]}

    def log(self, pod: Object, container: str, *, previous: bool, lines: int) -> str:
        """The last lines that a container of a pod has written, or those of the one before it, which has ended.

        Raises what PASSING names where there is no such log.
        """
        namespace, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
        query = [("container", container), ("previous", previous), ("tailLines", lines), ("limitBytes", LOG_BYTES)]
        answer = self._client.request(  # and not by the client's own class for that, which takes a second to load
            "get",
            f"/api/v1/namespaces/{namespace}/pods/{name}/log",
            query_params=query,
            serialize=False,
            _request_timeout=REQUEST_TIMEOUT,
        )
        return bytes(answer.data).decode(errors="replace")

    def watching(
        self, kind: str, namespace: str | None = None, selector: str = "", fields: str = ""
    ) -> Observations[list[Object]]:
        """Observes all objects of a kind, by one watch: gives them at first, after each change, and now and then.

        Arguments:
            selector, fields: which of them, by label selector and by field selector.
        """
        which = {"namespace": namespace, "label_selector": selector, "field_selector": fields or None}

        def observations(seconds: float) -> Iterator[list[Object] | Trouble]:
            end = time.monotonic() + seconds
            for listed in polling(lambda: self._list(kind, which), passing=PASSING)(seconds):
                if isinstance(listed, Trouble):
                    yield listed
                    continue
                yield listed[0]
                yield from self._changes(kind, which, *listed, end - time.monotonic())

        return observations

    @contextmanager
    def _reached(self) -> Iterator[None]:
        try:
            yield
        except (HTTPError, OSError, ServiceUnavailableError) as error:
            raise UnreachableError(
                "the API server of the cluster cannot be reached",
                expected=f"the server that {self._kubeconfig} names answers",
                seen=root_of(error),
                remedy="see that the cluster runs, and that KUBECONFIG names the right one",
            ) from None

    def _list(self, kind: str, which: Mapping[str, str | None]) -> tuple[list[Object], str]:
        """All objects, and the version of the list; read as they came: the client's classes are slow for thousands."""
        try:
            answer = self._resource(kind).get(**which, serialize=False, _request_timeout=REQUEST_TIMEOUT)
        except ResourceNotFoundError:
            return [], ""
        listed = json.loads(answer.data)
        of_each = {"apiVersion": listed["apiVersion"], "kind": listed["kind"].removesuffix("List")}
        return [{**of_each, **item} for item in listed["items"] or []], str(listed["metadata"]["resourceVersion"])

    def _changes(
        self, kind: str, which: Mapping[str, str | None], objects: list[Object], version: str, seconds: float
    ) -> Iterator[list[Object] | Trouble]:
        """The list after each change, and as it is every ten seconds, until there is trouble or time is up."""
        known = {_identity(one): one for one in objects}
        end = time.monotonic() + seconds
        try:
            while version and (left := end - time.monotonic()) > 0:
                slice_ = max(1, int(min(SLICE, left)))
                events = Watch().stream(
                    self._resource(kind).get,
                    **which,
                    resource_version=version,
                    serialize=False,
                    timeout_seconds=slice_,
                    _request_timeout=slice_ + 1,  # for a server that hangs, and does not end the watch itself
                )
                for event in events:
                    changed = event["raw_object"]
                    version = changed["metadata"]["resourceVersion"]
                    if event["type"] == "DELETED":
                        known.pop(_identity(changed), None)
                    else:
                        known[_identity(changed)] = changed
                    yield list(known.values())
                yield list(known.values())
        except PASSING as error:
            yield Trouble(str(error))

    def _resource(self, kind: str) -> Resource:
        return self._discovered(API_VERSIONS.get(kind, "v1"), kind)

    def _discovered(self, api_version: str, kind: str) -> Resource:
        """What the client asks for the objects of a kind; raises ResourceNotFoundError when there is no such kind.

        Without the prefix the client looks through all groups that have this version, and takes one that is listed and
        not served yet, as while CRDs come, for an answer about all of them. An answer of 503 it takes for no kinds.
        """
        prefix = "apis" if "/" in api_version else "api"
        with self._discovering:
            try:
                found: Resource = self._client.resources.get(prefix=prefix, api_version=api_version, kind=kind)
            except ResourceNotFoundError:
                if kind in self.kinds(api_version):
                    raise UnreachableError(
                        "the API server does not say what it serves",
                        expected=f"{kind} among the kinds of {api_version}",
                        seen="not there when the client looked, and there when it was asked again",
                        remedy="wait until the machine has less to do, and run again",
                    ) from None
                raise
        return found


def _configuration(kubeconfig: Path) -> client.Configuration:
    configuration = client.Configuration()
    config.load_kube_config(str(kubeconfig), client_configuration=configuration)
    return configuration


def _identity(one: Object) -> str:
    return str(one["metadata"]["uid"])


def named(objects: list[Object], name: str) -> Object | None:
    """The object of a name among others; None when it is not there."""
    return next((one for one in objects if one["metadata"]["name"] == name), None)


def marked(objects: list[Object], annotation: str) -> list[str]:
    """The names of the objects that an annotation marks as true."""
    return [
        str(one["metadata"]["name"])
        for one in objects
        if (one["metadata"].get("annotations") or {}).get(annotation) == "true"
    ]
