"""Arithmetic on IPv4 addresses: ranges in MetalLB's notation, and their position in a network."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

LOOPBACK = IPv4Address("127.0.0.1")


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
