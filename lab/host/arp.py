"""ARP on the networks of this machine: the hardware address that answers for an IP address."""

from __future__ import annotations

import contextlib
import socket
from ipaddress import IPv4Address

from pyroute2 import IPRoute, NetlinkError

from lab.run.journal import Journal
from lab.run.waiting import poll, wait_until

TIMEOUT = 10


def forget_mac(address: IPv4Address) -> None:
    """Delete the ARP entry of an address, so that the kernel asks again.

    Only root may do this; for other users, an entry stays valid for up to a minute.
    """
    with IPRoute() as routes, contextlib.suppress(NetlinkError):
        for entry in routes.get_neighbours(dst=str(address)):
            routes.neigh("del", dst=str(address), ifindex=entry["ifindex"])


def resolve_mac(address: IPv4Address, journal: Journal) -> str | None:
    """Return the hardware address that answers ARP for an address.

    Args:
        address: An address on a network of this machine.
        journal: Records the wait.

    Raises:
        WaitTimeoutError: If nothing answers.
    """
    with IPRoute() as routes:

        def read_entry() -> str | None:
            # A connection attempt makes the kernel ask.
            with contextlib.suppress(OSError), socket.socket() as client:
                client.settimeout(1)
                client.connect((str(address), 80))
            entries = routes.get_neighbours(dst=str(address))
            return next((str(mac) for entry in entries if (mac := entry.get_attr("NDA_LLADDR"))), None)

        forget_mac(address)
        return wait_until(
            poll(read_entry),
            satisfied=bool,
            describe=lambda _: "no answer",
            timeout=TIMEOUT,
            waiting_for=f"an ARP answer for {address}",
            journal=journal,
            remedy="MetalLB's speaker answers for addresses that an L2Advertisement announces; read its log: "
            "`kubectl logs -n metallb-system -l app.kubernetes.io/component=speaker`",
        )
