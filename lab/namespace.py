"""Being inside of the lab's network: this process, and all that it starts, moves into a network namespace and back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pyroute2 import netns


@contextmanager
def inside_network_of(pid: int) -> Iterator[None]:
    """Moves the calling thread, and threads and programs it starts meanwhile, into the network namespace of a process.

    Call it from the main thread before others are started: a thread that already runs stays where it is.
    """
    netns.pushns(f"/proc/{pid}/ns/net")
    try:
        yield
    finally:
        netns.popns()
