"""lab/ports.py: ports that are in use, and by whom."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest

from lab.ports import EVERYWHERE, described, listening, taken
from tests.conftest import Listener


@pytest.fixture
def port() -> Iterator[int]:
    """A port that this process listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_port_in_use_is_named_with_its_purpose_and_the_process_that_listens(port: int) -> None:
    [finding] = taken({port: "the Kubernetes API"})
    assert finding.what == f"port {port} is in use"
    assert "the Kubernetes API" in finding.expected
    assert f"process {os.getpid()} (" in finding.seen
    assert "python" in finding.seen


def test_a_port_in_use_by_another_process_is_named_with_its_command(listener: Listener) -> None:
    [finding] = taken({listener.port: "HTTP"})
    assert f"process {listener.pid} (" in finding.seen
    assert "somebody-s-server" in finding.seen


def test_a_free_port_is_fine() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        free = listener.getsockname()[1]
    assert list(taken({free: "HTTP"})) == []


def test_a_port_that_only_a_closed_connection_still_has_is_free() -> None:
    """Else a run right after another one would be refused for a minute."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()
        with socket.create_connection(address) as client:
            accepted, _ = listener.accept()
            accepted.close()  # the side that closes first has to linger
            client.recv(1)
    assert list(taken({address[1]: "HTTP"})) == []


def test_who_listens_at_another_address_is_not_in_the_way(port: int) -> None:
    assert list(taken({port: "HTTP"}, "127.0.0.2")) == []
    assert listening(port, "127.0.0.2") == set()
    assert listening(port, "127.0.0.1") == {os.getpid()}


@pytest.mark.parametrize(("family", "everywhere"), [(socket.AF_INET, EVERYWHERE), (socket.AF_INET6, "::")])
def test_who_listens_at_every_address_is_in_the_way_of_each(family: socket.AddressFamily, everywhere: str) -> None:
    with socket.create_server((everywhere, 0), family=family, dualstack_ipv6=family == socket.AF_INET6) as server:
        port = server.getsockname()[1]
        assert listening(port, "127.0.0.1") == {os.getpid()}
        [finding] = taken({port: "HTTP"}, "127.0.0.1")
    assert f"process {os.getpid()} (" in finding.seen


def test_who_cannot_be_seen_is_told_so() -> None:
    assert described([None]) == described([]) == "a process listens on it that this user may not see"
