"""lab/host/routes.py: real routes and rules of a network namespace, as VPN clients create them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import REPOSITORY

SCRIPT = """
import json, sys
from dataclasses import asdict
from ipaddress import IPv4Network
from pathlib import Path
from pyroute2 import IPRoute
from lab.host.routes import list_overlaps

resolv_conf, steps = sys.argv[1:]
with IPRoute() as kernel:
    kernel.link("add", ifname="vpn0", kind="bridge")
    index = kernel.link_lookup(ifname="vpn0")[0]
    kernel.addr("add", index=index, address="10.8.0.2", prefixlen=24)
    kernel.link("set", index=index, state="up")
    for operation, arguments in json.loads(steps):
        if operation == "address":
            kernel.addr("add", index=index, **arguments)
        else:
            getattr(kernel, operation)("add", **arguments)
print(json.dumps([asdict(overlap) for overlap in list_overlaps(IPv4Network("172.20.0.0/24"), Path(resolv_conf))]))
"""
"""Runs in a namespace of its own, so that this machine keeps its routes."""
VPN = {"gateway": "10.8.0.1"}
TABLE = "the routing table 52, which precedes the main one, has"
RULE = ("rule", {"table": 52, "priority": 5270})


def list_overlaps(tmp_path: Path, *steps: tuple[str, dict[str, Any]], resolv_conf: str = "") -> list[dict[str, Any]]:
    """Return the overlaps with 172.20.0.0/24 after the steps, in a network namespace with the interface vpn0."""
    (tmp_path / "resolv.conf").write_text(resolv_conf)
    arguments = [sys.executable, "-c", SCRIPT, str(tmp_path / "resolv.conf"), json.dumps(steps)]
    command = ["unshare", "--user", "--map-root-user", "--net", *arguments]
    result = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    overlaps: list[dict[str, Any]] = json.loads(result.stdout)
    return overlaps


def overlap(description: str, *, is_conflict: bool = False, comes_first: bool = False) -> dict[str, Any]:
    """Return an overlap as the script prints it."""
    return {"description": description, "is_conflict": is_conflict, "comes_first": comes_first}


def test_half_internet_routes_of_a_vpn_are_no_overlap(tmp_path: Path) -> None:
    """OpenVPN's redirect-gateway def1."""
    halves = [("route", {"dst": half, **VPN}) for half in ("0.0.0.0/1", "128.0.0.0/1")]
    assert list_overlaps(tmp_path, ("route", {"dst": "0.0.0.0/0", **VPN}), *halves) == []


def test_a_larger_network_of_a_vpn_is_no_conflict(tmp_path: Path) -> None:
    found = list_overlaps(tmp_path, ("route", {"dst": "172.16.0.0/12", **VPN}))
    assert found == [overlap("a route of this machine has 172.16.0.0/12 through vpn0")]


@pytest.mark.parametrize("destination", ["172.20.0.0/24", "172.20.0.128/25", "172.20.0.13/32"])
def test_a_route_to_the_network_or_a_part_of_it_is_a_conflict(tmp_path: Path, destination: str) -> None:
    found = list_overlaps(tmp_path, ("route", {"dst": destination, **VPN}))
    assert found == [overlap(f"a route of this machine has {destination} through vpn0", is_conflict=True)]


def test_an_address_of_the_machine_or_its_gateway_in_the_network_is_a_conflict(tmp_path: Path) -> None:
    """WSL 2 chooses a network such as 172.20.0.0/20 for its own interface, with the gateway 172.20.0.1."""
    own = ("address", {"address": "172.20.0.77", "prefixlen": 20})
    default = ("route", {"dst": "0.0.0.0/0", "gateway": "172.20.0.1"})
    assert list_overlaps(tmp_path, own, default) == [
        overlap("the gateway of 0.0.0.0/0 through vpn0 is 172.20.0.1", is_conflict=True),
        overlap("this machine itself has 172.20.0.77 in 172.20.0.0/20 through vpn0", is_conflict=True),
    ]


def test_a_name_server_in_the_network_is_a_conflict(tmp_path: Path) -> None:
    found = list_overlaps(tmp_path, resolv_conf="nameserver 10.8.0.1\nnameserver 172.20.0.53\nnameserver fd00::1\n")
    name_server = f"the name server 172.20.0.53 of {tmp_path}/resolv.conf"
    assert found == [overlap(name_server, is_conflict=True)]


def test_a_default_route_in_a_table_that_comes_first_may_be_a_conflict(tmp_path: Path) -> None:
    """Tailscale with an exit node."""
    default = ("route", {"dst": "0.0.0.0/0", "oif": 2, "table": 52})
    found = list_overlaps(tmp_path, default, RULE)
    assert [part["comes_first"] for part in found] == [True]
    assert found[0]["description"].startswith(f"{TABLE} 0.0.0.0/0")


def test_an_exception_in_a_table_that_comes_first_is_respected(tmp_path: Path) -> None:
    """Tailscale with an exit node and --exit-node-allow-lan-access."""
    default = ("route", {"dst": "0.0.0.0/0", "oif": 2, "table": 52})
    exception = ("route", {"dst": "172.20.0.0/16", "type": "throw", "table": 52})
    assert list_overlaps(tmp_path, default, exception, RULE) == []


def test_a_table_for_marked_packets_does_not_count(tmp_path: Path) -> None:
    default = ("route", {"dst": "172.20.0.0/24", "oif": 2, "table": 52})
    assert list_overlaps(tmp_path, default, ("rule", {"table": 52, "priority": 5270, "fwmark": 0x80000})) == []


def test_a_table_after_the_main_one_does_not_count(tmp_path: Path) -> None:
    route = ("route", {"dst": "172.20.0.0/24", "oif": 2, "table": 52})
    assert list_overlaps(tmp_path, route, ("rule", {"table": 52, "priority": 40000})) == []
