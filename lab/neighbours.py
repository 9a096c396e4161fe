"""Who answers ARP for an address on a network that this machine is on."""

from __future__ import annotations

import contextlib
import socket
from ipaddress import IPv4Address

from pyroute2 import IPRoute

from lab.waiting import polling, wait_until

TIMEOUT = 10


def hardware_address(address: IPv4Address) -> str | None:
    """Asks by ARP, anew, and gives the hardware address that answered.

    Raises LabError when nobody answers.
    """
    with IPRoute() as routes:

        def learnt() -> str | None:
            with contextlib.suppress(OSError), socket.socket() as visitor:  # a connection makes the kernel ask
                visitor.settimeout(1)
                visitor.connect((str(address), 80))
            found = routes.get_neighbours(dst=str(address))
            return next((mac for one in found if (mac := one.get_attr("NDA_LLADDR"))), None)

        for old in routes.get_neighbours(dst=str(address)):
            routes.neigh("del", dst=str(address), ifindex=old["ifindex"])
        return wait_until(
            polling(learnt),
            satisfied=bool,
            timeout=TIMEOUT,
            what=f"somebody answers ARP for {address}",
            remedy="MetalLB's speaker does so for addresses that an L2Advertisement announces: see its log",
        )
