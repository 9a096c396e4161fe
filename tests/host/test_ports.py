"""lab/host/ports.py: ports in use, and the processes that use them."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest

from lab.config.addresses import ANY_ADDRESS
from lab.host.ports import describe_listeners, find_used_ports, listener_pids
from tests.conftest import Listener


@pytest.fixture
def port() -> Iterator[int]:
    """A port that this process listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_used_port_is_reported_with_purpose_and_process(port: int) -> None:
    [finding] = find_used_ports({port: "the Kubernetes API"})
    assert finding.headline == f"port {port} is in use"
    assert "the Kubernetes API" in finding.expected
    assert f"process {os.getpid()} (" in finding.seen
    assert "python" in finding.seen


def test_used_port_is_reported_with_the_command_line(listener: Listener) -> None:
    [finding] = find_used_ports({listener.port: "HTTP"})
    assert f"process {listener.pid} (" in finding.seen
    assert "foreign-server" in finding.seen


def test_free_port_is_accepted() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        free = listener.getsockname()[1]
    assert list(find_used_ports({free: "HTTP"})) == []


def test_port_of_a_closed_connection_is_free() -> None:
    """Otherwise a run would be rejected for a minute after another one."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()
        with socket.create_connection(address) as client:
            accepted, _ = listener.accept()
            accepted.close()  # the side that closes first has to linger
            client.recv(1)
    assert list(find_used_ports({address[1]: "HTTP"})) == []


def test_listener_at_another_address_is_no_conflict(port: int) -> None:
    assert list(find_used_ports({port: "HTTP"}, "127.0.0.2")) == []
    assert listener_pids(port, "127.0.0.2") == set()
    assert listener_pids(port, "127.0.0.1") == {os.getpid()}


@pytest.mark.parametrize(("family", "any_address"), [(socket.AF_INET, ANY_ADDRESS), (socket.AF_INET6, "::")])
def test_listener_at_all_addresses_is_a_conflict(family: socket.AddressFamily, any_address: str) -> None:
    with socket.create_server((any_address, 0), family=family, dualstack_ipv6=family == socket.AF_INET6) as server:
        port = server.getsockname()[1]
        assert listener_pids(port, "127.0.0.1") == {os.getpid()}
        [finding] = find_used_ports({port: "HTTP"}, "127.0.0.1")
    assert f"process {os.getpid()} (" in finding.seen


def test_hidden_listener_is_described() -> None:
    assert (
        describe_listeners([None]) == describe_listeners([]) == "a process listens on it that this user may not inspect"
    )
