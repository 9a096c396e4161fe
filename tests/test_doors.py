"""lab/doors.py: the port-forward is the lab's own, or it is none; and what counts as an answer of Kubeflow's."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab import doors, ports, releases
from lab.addresses import LOOPBACK
from lab.doors import PortForward, is_served
from lab.errors import LabError
from lab.terminal import Terminal
from lab.waiting import polling, wait_until
from tests.conftest import REPOSITORY, Listener, WriteProgram

LISTENS = "import signal, socket; server = socket.create_server(('127.0.0.1', {port})); signal.pause()"


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> int:
    """A free port, which is the port-forward's in this test."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        free = int(server.getsockname()[1])
    monkeypatch.setattr(doors, "PORT", free)
    return free


@pytest.fixture
def forward(terminal: Terminal, tmp_path: Path) -> Iterator[PortForward]:
    """A port-forward; when the test has ended, nothing of it goes on."""
    yield PortForward(terminal, LOOPBACK, tmp_path / "port-forward.log")
    assert not [thread for thread in threading.enumerate() if thread.name == "port-forward"]


@pytest.fixture
def kubectl(write_program: WriteProgram, port: int) -> None:
    """A kubectl that listens on the port."""
    write_program("kubectl", f'exec {sys.executable} -c "{LISTENS.format(port=port)}"')


def test_it_is_open_when_kubectl_listens_and_closed_afterwards(forward: PortForward, kubectl: None, port: int) -> None:
    with forward.open():
        assert ports.addresses(port) == ["127.0.0.1"]
    assert ports.addresses(port) == []


def test_one_that_was_killed_is_waited_for_until_another_listens(
    forward: PortForward, kubectl: None, port: int
) -> None:
    with forward.open():
        forward.kill()
        forward.wait_until_open()
        assert ports.addresses(port) == ["127.0.0.1"]


KILLED = """
import os, pathlib, signal
from lab import doors, ports
from lab.addresses import LOOPBACK
from lab.terminal import Terminal
doors.PORT = {port}
with doors.PortForward(Terminal(), LOOPBACK, pathlib.Path({log!r})).open():
    assert ports.addresses(doors.PORT)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_it_does_not_outlive_a_run_that_is_killed(kubectl: None, terminal: Terminal, port: int, tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", KILLED.format(port=port, log=str(tmp_path / "log"))],
        env={**os.environ, **terminal.environment, "PYTHONPATH": str(REPOSITORY)},
        check=False,
    )
    assert run.returncode == -signal.SIGKILL
    wait_until(polling(lambda: ports.addresses(port)), lambda seen: seen == [], 5, "nobody listens")


def test_somebody_else_s_server_at_the_port_is_not_taken_for_the_door(
    forward: PortForward, write_program: WriteProgram, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doors, "PORT", listener.port)
    write_program("kubectl", "echo unable to listen on port; exit 1")
    begin = time.monotonic()
    with pytest.raises(LabError) as caught, forward.open():
        pass
    assert time.monotonic() - begin < 5
    assert f"port {listener.port} is in use" in caught.value.seen
    assert f"process {listener.pid} (" in caught.value.seen
    assert "end that process" in caught.value.remedy


def test_a_kubectl_that_does_not_listen_is_told_with_where_its_words_are(
    forward: PortForward, write_program: WriteProgram, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doors, "OPEN_TIMEOUT", 0.5)
    write_program("kubectl", "exit 1")
    with pytest.raises(LabError, match="in vain") as caught, forward.open():
        pass
    assert caught.value.seen == f"nobody listens on port {port}"
    assert "port-forward.log" in caught.value.remedy


def test_a_kubectl_that_has_nothing_to_forward_to_ends_the_wait_with_its_words(
    forward: PortForward, write_program: WriteProgram, port: int
) -> None:
    write_program("kubectl", "echo 'error: Service gateway does not have a service port 80' >&2; exit 1")
    with pytest.raises(LabError, match="cannot come true") as caught, forward.open():
        pass
    assert "kubectl says: error: Service gateway does not have a service port 80" in caught.value.seen
    assert "describe service" in caught.value.remedy


@pytest.mark.parametrize(
    ("status", "where_dex_is_first", "behind_a_button"),
    [
        (200, True, True),
        (302, True, True),
        (401, True, True),
        (403, False, True),  # a refusal of everybody, or the page with the button
        (404, False, False),
        (500, False, False),
        (503, False, False),
    ],
)
def test_what_counts_as_an_answer(status: int, where_dex_is_first: bool, behind_a_button: bool) -> None:
    assert is_served(status, releases.load("1.7").front_end) is where_dex_is_first
    assert is_served(status, releases.load("1.9").front_end) is behind_a_button
