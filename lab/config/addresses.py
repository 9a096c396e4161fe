"""Arithmetic on IPv4 addresses: ranges in MetalLB's notation, and their position in a network."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_network

LOOPBACK = IPv4Address("127.0.0.1")
ANY_ADDRESS = str(IPv4Address(0))
"""The address 0.0.0.0, at which k3d publishes its ports, and which its kubeconfig names as the server."""


@dataclass(frozen=True)
class AddressRange:
    """Consecutive IPv4 addresses, first and last included, in MetalLB's notation: 172.20.0.10-172.20.0.15."""

    first: IPv4Address
    last: IPv4Address

    @classmethod
    def parse(cls, text: str) -> AddressRange:
        """Return the range that a text describes.

        Raises:
            ValueError: If the text is not a range; its message is meant for users.
        """
        first, dash, last = text.partition("-")
        if not dash:
            raise ValueError(f"{text!r} does not have the form FIRST-LAST")
        addresses = cls(IPv4Address(first.strip()), IPv4Address(last.strip()))
        if addresses.last < addresses.first:
            raise ValueError(f"{text!r} ends before it begins")
        return addresses

    def __str__(self) -> str:
        return f"{self.first}-{self.last}"

    def __contains__(self, address: object) -> bool:
        return isinstance(address, IPv4Address) and self.first <= address <= self.last

    def __iter__(self) -> Iterator[IPv4Address]:
        return map(IPv4Address, range(int(self.first), int(self.last) + 1))

    def __len__(self) -> int:
        return int(self.last) - int(self.first) + 1

    def is_within(self, network: IPv4Network) -> bool:
        """Return whether hosts of the network can have all of the addresses."""
        return all(is_host_address(end, network) for end in (self.first, self.last))


def is_host_address(address: IPv4Address, network: IPv4Network) -> bool:
    """Return whether a host of the network can have the address: neither its network nor its broadcast address."""
    return address in network and address not in (network.network_address, network.broadcast_address)


def loopback_of(name: str) -> IPv4Address:
    """Return the loopback address of a lab: always the same for one name, and different for different names."""
    digest = hashlib.sha256(name.encode()).digest()
    return IPv4Address(bytes([127, 1 + digest[0] % 254, digest[1], 1 + digest[2] % 254]))


def parse_ipv4_addresses(texts: Iterable[str]) -> list[IPv4Address]:
    """Return the IPv4 addresses among texts, which may also be IPv6 addresses or host names."""
    addresses = []
    for text in texts:
        with suppress(ValueError):
            addresses.append(IPv4Address(text))
    return addresses


def parse_pool(texts: Iterable[str]) -> list[AddressRange]:
    """Return the IPv4 addresses of a pool of MetalLB in their shortest form: sorted ranges that do not touch.

    So two pools have the same addresses if their results are equal.

    Args:
        texts: Ranges such as 172.20.0.10-172.20.0.15, or networks such as 172.20.0.12/30. IPv6 addresses are ignored.

    Raises:
        ValueError: If a text is neither.
    """
    ranges = sorted((found for text in texts if (found := _parse_entry(text))), key=lambda each: each.first)
    merged: list[AddressRange] = []
    for each in ranges:
        if merged and int(each.first) <= int(merged[-1].last) + 1:
            merged[-1] = AddressRange(merged[-1].first, max(merged[-1].last, each.last))
        else:
            merged.append(each)
    return merged


def _parse_entry(text: str) -> AddressRange | None:
    """Return the range of one entry of a pool; None if it is for IPv6. MetalLB ignores the host bits of a network."""
    if "/" in text:
        network = ip_network(text.strip(), strict=False)
        if isinstance(network, IPv6Network):
            return None
        return AddressRange(network.network_address, network.broadcast_address)
    return None if ":" in text else AddressRange.parse(text)
