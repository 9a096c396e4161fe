"""Network namespaces: this process and everything that it starts can enter the network of another process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from pyroute2 import netns


@contextmanager
def enter_network_namespace(pid: int, *, with_other_threads: bool = False) -> Iterator[None]:
    """Move the calling thread into the network namespace of a process during the block.

    Threads and programs that are started meanwhile are in that namespace, too. Threads that run already would stay
    outside, so it must be called before any other thread is started.

    Args:
        pid: The process whose network namespace is entered.
        with_other_threads: Whether other threads may run already, because they do not need that network.
    """
    is_safe = with_other_threads or threading.active_count() == 1
    assert is_safe, f"threads outside the lab's network: {threading.enumerate()}"
    netns.pushns(f"/proc/{pid}/ns/net")
    try:
        yield
    finally:
        netns.popns()
