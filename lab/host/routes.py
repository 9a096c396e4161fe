"""The routes of this machine that overlap a network that is to be created, and whether they take its packets."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any

from pyroute2 import IPRoute

from lab.config.addresses import ANY_ADDRESS

RESOLV_CONF = Path("/etc/resolv.conf")
AF_INET = 2
UNICAST, THROW = 1, 9
"""Types of routes, from linux/rtnetlink.h: one with a destination, and one that ends the search in its table."""
MAIN, LOCAL = 254, 255
"""The numbers of the routing tables, from linux/rtnetlink.h."""
INVERT = 2
"""The flag FIB_RULE_INVERT of a routing rule, from linux/fib_rules.h: the mark must not match."""
LONGEST_DEFAULT = 1
"""VPN clients replace the default route by 0.0.0.0/1 and 128.0.0.0/1, which precede it and leave it as it is."""


@dataclass(frozen=True)
class Overlap:
    """A route of this machine that overlaps the network.

    Args:
        description: The route, for users.
        is_conflict: Whether the network cannot be used: the route takes its packets, or something that this machine
            needs is at one of its addresses.
        comes_first: Whether the route is searched before that of the network, and may take its packets, unless the
            program that has created it makes an exception. Otherwise the network's own, longer route takes them.
    """

    description: str
    is_conflict: bool = False
    comes_first: bool = False


def list_overlaps(network: IPv4Network, resolv_conf: Path = RESOLV_CONF) -> list[Overlap]:
    """Return the routes that overlap a network, those of conflicts first.

    A longer prefix precedes a shorter one within a table, so a default route, the two halves of the internet and a
    large network of a VPN are no conflicts: the route to the network itself is longer. Tables that precede the main one
    are searched before that route.

    Args:
        network: The network that is to be created.
        resolv_conf: The file with the name servers.
    """
    with IPRoute() as kernel:
        routes = [route for route in kernel.get_routes(family=AF_INET) if route["type"] in (UNICAST, THROW)]
        first_tables = _list_first_tables(kernel.get_rules(family=AF_INET))
        names = {link["index"]: link.get("ifname") for link in kernel.get_links()}
    overlaps = [
        *(found for table in first_tables for found in _check_first_table(table, routes, network, names)),
        *(found for route in routes for found in _check_main_route(route, network, names)),
        *_check_name_servers(network, resolv_conf),
    ]
    return sorted(overlaps, key=lambda overlap: not overlap.is_conflict)


def _check_main_route(route: Any, network: IPv4Network, names: dict[int, str]) -> Iterator[Overlap]:
    destination, gateway, own = _destination(route), _address(route.get("gateway")), _address(route.get("prefsrc"))
    if _table(route) != MAIN or route["type"] != UNICAST:
        return
    shown = _describe(route, names)
    if gateway and gateway in network:
        yield Overlap(f"the gateway of {shown} is {gateway}", is_conflict=True)
    elif destination.subnet_of(network):
        yield Overlap(f"a route of this machine has {shown}", is_conflict=True)
    elif network.subnet_of(destination):
        if own and own in network:
            yield Overlap(f"this machine itself has {own} in {shown}", is_conflict=True)
        elif destination.prefixlen > LONGEST_DEFAULT:
            yield Overlap(f"a route of this machine has {shown}")


def _check_first_table(
    table: int, routes: Sequence[Any], network: IPv4Network, names: dict[int, str]
) -> Iterator[Overlap]:
    """Yield what a table that precedes the main one does with packets to the network.

    A VPN client may add an exception for the network when it exists, so a route of more than the network is no
    conflict for certain.
    """
    containing = [route for route in routes if _table(route) == table and network.subnet_of(_destination(route))]
    longest = max(containing, key=lambda route: route["dst_len"], default=None)
    if longest is not None and longest["type"] == UNICAST and _destination(longest) != network:
        shown = _describe(longest, names)
        yield Overlap(f"the routing table {table}, which precedes the main one, has {shown}", comes_first=True)
    for route in routes:
        if _table(route) == table and route["type"] == UNICAST and _destination(route).subnet_of(network):
            shown = _describe(route, names)
            yield Overlap(f"the routing table {table}, which precedes the main one, has {shown}", is_conflict=True)


def _check_name_servers(network: IPv4Network, resolv_conf: Path) -> Iterator[Overlap]:
    text = resolv_conf.read_text() if resolv_conf.exists() else ""
    for name in re.findall(r"(?m)^nameserver\s+(\d+\.\d+\.\d+\.\d+)\s*$", text):
        if IPv4Address(name) in network:
            yield Overlap(f"the name server {name} of {resolv_conf}", is_conflict=True)


def _list_first_tables(rules: Sequence[Any]) -> list[int]:
    """Return the tables in which the kernel searches for all packets before it searches in the main one."""
    tables = []
    for rule in sorted(rules, key=lambda rule: rule.get("priority") or 0):
        table = rule.get("table") or rule["table"]
        is_for_all = not rule["src_len"] and not rule.get("iifname") and not rule.get("oifname")
        is_for_all = is_for_all and (not rule.get("fwmark") or bool(rule["flags"] & INVERT))
        if table == MAIN and is_for_all:
            break  # also if it ignores default routes: that of the network is longer
        if table != LOCAL and is_for_all:
            tables.append(table)
    return tables


def _table(route: Any) -> int:
    """Return the number of the table; the header has only 8 bits for it."""
    return int(route.get("table") or 0)


def _destination(route: Any) -> IPv4Network:
    return IPv4Network(f"{route.get('dst') or ANY_ADDRESS}/{route['dst_len']}")


def _address(text: str | None) -> IPv4Address | None:
    return IPv4Address(text) if text else None


def _describe(route: Any, names: dict[int, str]) -> str:
    interface = names.get(route.get("oif") or 0)
    return f"{_destination(route)}" + (f" through {interface}" if interface else "")
