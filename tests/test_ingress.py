"""lab/ingress.py: why an Ingress leads nobody to a pod is said in words."""

from __future__ import annotations

import pytest

from lab.ingress import unserved
from lab.kube import Object
from tests.test_diagnosis import Objects, thing

HOST = "site.example.it"


def ingress(host: str) -> Object:
    """An Ingress that leads a host's visitors to the Service of the site."""
    paths = [{"path": "/", "backend": {"service": {"name": "site", "port": {"number": 80}}}}]
    return thing("Ingress", "door", "default", {"rules": [{"host": host, "http": {"paths": paths}}]})


SERVICE = thing("Service", "site", "default", {"selector": {"app": "site"}})
POINTS: Object = {**thing("Endpoints", "site", "default"), "subsets": [{"addresses": [{"ip": "10.42.0.1"}]}]}
NO_POINTS: Object = {**POINTS, "subsets": [{"notReadyAddresses": [{"ip": "10.42.0.1"}]}]}


@pytest.mark.parametrize(
    ("there", "said"),
    [
        ([], ["there is no Ingress door in default"]),
        ([ingress("other.example.it")], [f"the Ingress door in default is for other.example.it, and not for {HOST}"]),
        ([ingress(HOST)], ["there is no Service site in default, which the Ingress leads to"]),
        (
            [ingress(HOST), SERVICE, NO_POINTS],
            ["the Service site in default has no endpoints: no pod that is ready has its labels (app=site)"],
        ),
        ([ingress(HOST), SERVICE, POINTS], []),
    ],
)
def test_what_keeps_visitors_from_the_pod_is_told(there: list[Object], said: list[str]) -> None:
    assert unserved(Objects(*there), "default", "door", HOST) == said
