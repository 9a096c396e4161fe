"""Ports of this machine, or of the network that this process is in: which are in use, and by whom."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator, Mapping
from ipaddress import IPv4Address
from typing import Any

import psutil

from lab.errors import LabError

EVERYWHERE = str(IPv4Address(socket.INADDR_ANY))
"""Where k3d publishes its ports."""
REMEDY = "end that process, or remove the container that publishes the port"


def taken(wanted: Mapping[int, str], address: str = EVERYWHERE) -> Iterator[LabError]:
    """The ports that somebody listens on already, with the process that does.

    Arguments:
        wanted: what each port is for.
        address: where it is to be listened on.
    """
    for port, purpose in wanted.items():
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind((address, port))
            except OSError:
                yield LabError(
                    f"port {port} is in use",
                    expected=f"a free port {port}, for {purpose}",
                    seen=described(listening(port, address)),
                    remedy=REMEDY,
                )


def listening(port: int, address: str) -> set[int | None]:
    """The processes that keep others from listening on a TCP port at an address of this network.

    One that this user may not see, or that has begun in this moment, is None.
    """
    keeping_off = {address, EVERYWHERE, "::"}
    return {
        connection.pid for connection in _listeners(port) if address == EVERYWHERE or connection.laddr.ip in keeping_off
    }


def addresses(port: int, pid: int | None = None) -> list[str]:
    """The addresses of this network at which a TCP port is listened to, by anybody or by one process."""
    return [connection.laddr.ip for connection in _listeners(port, pid)]


def _listeners(port: int, pid: int | None = None) -> list[Any]:
    """Who listens on a port; one process is asked for in a hundredth of the time that it takes to look at all."""
    try:
        connections = psutil.Process(pid).net_connections("tcp") if pid else psutil.net_connections("tcp")
    except psutil.NoSuchProcess:
        return []
    return [
        connection
        for connection in connections
        if connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port
    ]


def described(pids: Iterable[int | None]) -> str:
    """Processes that listen, with their commands."""
    return ", ".join(map(_described, pids)) or _described(None)


def _described(pid: int | None) -> str:
    if pid is None:
        return "a process listens on it that this user may not see"
    try:
        command = " ".join(" ".join(psutil.Process(pid).cmdline()).split())  # a script may have several lines
    except psutil.NoSuchProcess:
        return f"process {pid}, which has ended meanwhile, listened on it"
    return f"process {pid} ({command}) listens on it"
