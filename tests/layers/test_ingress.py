"""lab/layers/ingress.py: the diagnosis of an Ingress that does not forward requests to a pod."""

from __future__ import annotations

import pytest

from lab.k8s.objects import Object
from lab.layers.ingress import diagnose_ingress
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
