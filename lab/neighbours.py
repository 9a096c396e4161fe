"""Who answers ARP for an address on a network that this machine is on."""

from __future__ import annotations

import contextlib
import socket
from ipaddress import IPv4Address

from pyroute2 import IPRoute, NetlinkError

from lab.waiting import polling, wait_until

TIMEOUT = 10


def forget(address: IPv4Address) -> None:
    """Makes this machine forget who answered ARP for an address, so that it must ask anew.

    Only root may; for others, what the kernel has learnt stays true for up to a minute.
    """
    with IPRoute() as routes, contextlib.suppress(NetlinkError):
        for known in routes.get_neighbours(dst=str(address)):
            routes.neigh("del", dst=str(address), ifindex=known["ifindex"])


def hardware_address(address: IPv4Address) -> str | None:
    """Asks by ARP, and gives the hardware address that answered.

    Raises LabError when nobody answers.
    """
    with IPRoute() as routes:

        def learnt() -> str | None:
            with contextlib.suppress(OSError), socket.socket() as visitor:  # a connection makes the kernel ask
                visitor.settimeout(1)
                visitor.connect((str(address), 80))
            found = routes.get_neighbours(dst=str(address))
            return next((mac for one in found if (mac := one.get_attr("NDA_LLADDR"))), None)

        forget(address)
        return wait_until(
            polling(learnt),
            satisfied=bool,
            show=lambda _: "nobody does",
            timeout=TIMEOUT,
            what=f"somebody answers ARP for {address}",
            remedy="MetalLB's speaker does so for addresses that an L2Advertisement announces: see its log",
        )
