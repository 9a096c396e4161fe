"""lab/config/proxies.py: programs reach the addresses of a lab directly, in spite of proxies."""

from __future__ import annotations

from ipaddress import IPv4Network

import pytest

from lab.config.kinds import KINDS
from lab.config.proxies import LOCAL_HOSTS, bypass_proxies

SUBNET = IPv4Network("172.20.0.0/24")
PROXY = "http://127.0.0.1:3128"


@pytest.mark.parametrize("name", ["http_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"])
def test_an_embedded_lab_uses_no_proxy(name: str) -> None:
    direct = bypass_proxies({name: PROXY, "no_proxy": "localhost"}, KINDS["embedded"], SUBNET)
    assert direct == {"no_proxy": "*", "NO_PROXY": "*"}


def test_a_lab_in_k3d_uses_the_proxy_for_the_internet_only() -> None:
    direct = bypass_proxies({"HTTPS_PROXY": PROXY, "NO_PROXY": ".corp.example"}, KINDS["k3d"], SUBNET)
    assert direct["no_proxy"] == direct["NO_PROXY"]
    assert {".corp.example", *LOCAL_HOSTS, "172.20.0.0/24"} == set(direct["NO_PROXY"].split(","))


def test_an_existing_cluster_is_reached_as_by_kubectl() -> None:
    assert bypass_proxies({"HTTPS_PROXY": PROXY}, KINDS["existing"], SUBNET) == {}


@pytest.mark.parametrize("environment", [{}, {"http_proxy": ""}, {"NO_PROXY": "localhost"}])
def test_nothing_changes_without_a_proxy(environment: dict[str, str]) -> None:
    assert bypass_proxies(environment, KINDS["embedded"], SUBNET) == {}
