"""TCP ports of this machine, or of the network namespace of this process: which are in use, and by which process."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import psutil

from lab.config.addresses import ANY_ADDRESS
from lab.errors import LabError

REMEDY = "end that process, or remove the container that publishes the port"


def find_used_ports(purposes: Mapping[int, str], address: str = ANY_ADDRESS) -> Iterator[LabError]:
    """Yield an error for each port that another process listens on.

    Args:
        purposes: The purpose of each required port.
        address: The address at which the ports are required.
    """
    for port, purpose in purposes.items():
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind((address, port))
            except OSError:
                yield LabError(
                    f"port {port} is in use",
                    expected=f"a free port {port}, for {purpose}",
                    seen=describe_listeners(listener_pids(port, address)),
                    remedy=REMEDY,
                )


def listener_pids(port: int, address: str) -> set[int | None]:
    """Return the processes that prevent others from listening on a port at an address.

    A process that this user may not inspect, or that has just started, is None.
    """
    conflicting = {address, ANY_ADDRESS, "::"}
    return {
        connection.pid
        for connection in _find_listeners(port)
        if address == ANY_ADDRESS or connection.laddr.ip in conflicting
    }


def listen_addresses(port: int, pid: int | None = None) -> list[str]:
    """Return the addresses at which any process, or one process, listens on a port."""
    return [connection.laddr.ip for connection in _find_listeners(port, pid)]


def _find_listeners(port: int, pid: int | None = None) -> list[Any]:
    """Return the listening connections; asking for one process takes a hundredth of the time."""
    try:
        connections = psutil.Process(pid).net_connections("tcp") if pid else psutil.net_connections("tcp")
    except psutil.NoSuchProcess:
        return []
    return [
        connection
        for connection in connections
        if connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port
    ]


def describe_listeners(pids: Iterable[int | None]) -> str:
    """Return a description of listening processes, with their command lines."""
    return ", ".join(map(_describe, pids)) or _describe(None)


def _describe(pid: int | None) -> str:
    if pid is None:
        return "a process listens on it that this user may not inspect"
    try:
        command = " ".join(" ".join(psutil.Process(pid).cmdline()).split())  # a script may have several lines
    except psutil.NoSuchProcess:
        return f"process {pid}, which has ended since, listened on it"
    return f"process {pid} ({command}) listens on it"
