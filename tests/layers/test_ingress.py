"""lab/layers/ingress.py: the hosts and the diagnosis of an Ingress, and default IngressClasses."""

from __future__ import annotations

import pytest

from lab.k8s.objects import Object
from lab.layers.ingress import DEFAULT_CLASS_ANNOTATION, IngressController, diagnose_ingress, list_hosts
from tests.conftest import MakeLab
from tests.layers.static_kube import StaticKube, make_object

HOST = "web.example.it"
SERVICE = make_object("Service", "web", "default", {"selector": {"app": "web"}})
READY: Object = {**make_object("Endpoints", "web", "default"), "subsets": [{"addresses": [{"ip": "10.42.0.1"}]}]}
UNREADY: Object = {**READY, "subsets": [{"notReadyAddresses": [{"ip": "10.42.0.1"}]}]}


def make_ingress(host: str) -> Object:
    """Return an Ingress that forwards requests for a host to the Service web."""
    paths = [{"path": "/", "backend": {"service": {"name": "web", "port": {"number": 80}}}}]
    return make_object("Ingress", "web", "default", {"rules": [{"host": host, "http": {"paths": paths}}]})


@pytest.mark.parametrize(
    ("objects", "problems"),
    [
        ([], ["there is no Ingress web in default"]),
        (
            [make_ingress("other.example.it")],
            [f"the Ingress web in default is for other.example.it, and not for {HOST}"],
        ),
        (
            [make_ingress(HOST)],
            ["the Ingress forwards requests to the Service web in default, which does not exist"],
        ),
        (
            [make_ingress(HOST), SERVICE, UNREADY],
            ["the Service web in default has no endpoints: no ready pod has its labels (app=web)"],
        ),
        ([make_ingress(HOST), SERVICE, READY], []),
    ],
    ids=["no Ingress", "other host", "no Service", "no endpoints", "intact"],
)
def test_the_diagnosis_names_the_missing_part(objects: list[Object], problems: list[str]) -> None:
    assert diagnose_ingress(StaticKube(*objects), "default", "web", HOST) == problems


BACKEND: Object = {"service": {"name": "web", "port": {"name": "http"}}}
PATHS: Object = {"paths": [{"pathType": "Prefix", "path": "/", "backend": BACKEND}]}
NO_SERVICE = "the Ingress forwards requests to the Service web in default, which does not exist"


@pytest.mark.parametrize(
    ("spec", "hosts"),
    [
        ({"rules": [{"http": PATHS}]}, ["*"]),
        ({"rules": [{"host": "", "http": PATHS}, {"host": HOST}]}, ["*", HOST]),
        ({"rules": [{"host": HOST, "http": PATHS}, {"host": HOST}]}, [HOST]),
        ({"defaultBackend": BACKEND}, ["*"]),
        ({"rules": None}, []),
        (None, []),
    ],
)
def test_ingress_without_a_host_exposes_every_host(spec: Object | None, hosts: list[str]) -> None:
    assert list_hosts(make_object("Ingress", "web", "default", spec)) == hosts
    assert list_hosts(None) == []


@pytest.mark.parametrize(
    ("spec", "problems"),
    [
        ({"rules": [{"http": PATHS}]}, [NO_SERVICE]),
        ({"defaultBackend": BACKEND}, [NO_SERVICE]),
        ({"rules": [{"host": HOST}], "defaultBackend": BACKEND}, [NO_SERVICE]),
        (
            {"rules": [{"host": HOST}]},
            [f"the Ingress web in default has no backend for {HOST}: no path, and no default backend"],
        ),
        (
            {"rules": [{"host": HOST, "http": {"paths": None}}, {"http": PATHS}]},
            [f"the Ingress web in default has no backend for {HOST}: no path, and no default backend"],
        ),
        (
            {"defaultBackend": {"resource": {"apiGroup": "example.com", "kind": "StorageBucket", "name": "icons"}}},
            ["the Ingress forwards requests to the StorageBucket icons, and not to a Service"],
        ),
        ({}, [f"the Ingress web in default is for no host, and not for {HOST}"]),
    ],
)
def test_unusual_ingresses_are_diagnosed(spec: Object, problems: list[str]) -> None:
    assert (
        diagnose_ingress(StaticKube(make_object("Ingress", "web", "default", spec)), "default", "web", HOST) == problems
    )


def make_class(name: str, created: str) -> Object:
    """Return an IngressClass that is marked as default."""
    metadata = {"name": name, "creationTimestamp": created, "annotations": {DEFAULT_CLASS_ANNOTATION: "true"}}
    return {"kind": "IngressClass", "metadata": {**metadata, "namespace": None}}


@pytest.mark.parametrize(
    ("version", "newest", "words"),
    [
        ("v1.25.4", "nginx", ""),
        (
            "v1.25.4",
            "traefik",
            "2 IngressClasses are marked as default (traefik, nginx): an Ingress without a class gets ",
        ),
        (
            "v1.24.17",
            "nginx",
            "this Kubernetes may reject an Ingress without a class; from 1.25 on, the newest is used",
        ),
        ("nonsense", "nginx", "this Kubernetes may reject an Ingress without a class"),
    ],
)
def test_of_two_default_classes_the_newest_counts(make_lab: MakeLab, version: str, newest: str, words: str) -> None:
    class VersionedKube(StaticKube):
        def get_server_version(self) -> str:
            return version

    times = {name: "2026-11-27T10:00:0" + ("2Z" if name == newest else "1Z") for name in ("nginx", "traefik")}
    lab = make_lab()
    lab.__dict__["kube"] = VersionedKube(*(make_class(name, created) for name, created in times.items()))
    problem = IngressController(lab, lambda: None).find_class_problem("nginx")
    assert words in problem if words else problem == ""
