"""lab/layers/port_forward.py: only a kubectl of the lab's own counts as the open port-forward."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.config.addresses import LOOPBACK
from lab.errors import UnrecoverableError, WaitTimeoutError
from lab.host import ports
from lab.k8s.objects import ObjectRef
from lab.layers.port_forward import PortForward
from lab.run.shell import Shell
from lab.run.waiting import poll, wait_until
from tests.conftest import REPOSITORY, Listener, WriteProgram

GATEWAY = ObjectRef("Service", "istio-ingressgateway", "istio-system")
LISTEN = "import signal, socket; server = socket.create_server(('127.0.0.1', {port})); signal.pause()"
KILLED_RUN = """
import os, pathlib, signal
from lab.k8s.objects import ObjectRef
from lab.config.addresses import LOOPBACK
from lab.config.settings import Settings
from lab.host import ports
from lab.layers import gateway
from lab.layers.port_forward import PortForward
from lab.run.shell import Shell
GATEWAY = gateway.find_service(Settings())
with PortForward(Shell(os.environ), LOOPBACK, GATEWAY, pathlib.Path({log!r}), {port}).open():
    assert ports.listen_addresses({port})
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def port() -> int:
    """A free port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.fixture
def log_file(tmp_path: Path) -> Path:
    """The file for kubectl's output."""
    return tmp_path / "port-forward.log"


@pytest.fixture(autouse=True)
def _no_supervisor_remains() -> Iterator[None]:
    """Check at the end of each test that the supervisor has ended."""
    yield
    assert not [thread for thread in threading.enumerate() if thread.name == "port-forward"]


@pytest.fixture
def port_forward(shell: Shell, log_file: Path, port: int) -> PortForward:
    """A port-forward on the free port."""
    return PortForward(shell, LOOPBACK, GATEWAY, log_file, port)


@pytest.fixture
def listening_kubectl(write_program: WriteProgram, port: int) -> None:
    """A kubectl that listens on the port."""
    write_program("kubectl", f'exec {sys.executable} -c "{LISTEN.format(port=port)}"')


def test_it_is_open_while_kubectl_listens(port_forward: PortForward, listening_kubectl: None, port: int) -> None:
    with port_forward.open():
        assert ports.listen_addresses(port) == ["127.0.0.1"]
        assert port_forward.list_addresses() == ["127.0.0.1"]
    assert ports.listen_addresses(port) == []


def test_a_killed_kubectl_is_started_again(port_forward: PortForward, listening_kubectl: None, port: int) -> None:
    with port_forward.open():
        port_forward.kill()
        port_forward.wait_until_open()
        assert ports.listen_addresses(port) == ["127.0.0.1"]


def test_it_ends_with_a_killed_run(listening_kubectl: None, shell: Shell, port: int, log_file: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", KILLED_RUN.format(port=port, log=str(log_file))],
        env={**shell.environment, "PYTHONPATH": str(REPOSITORY)},
        check=False,
    )
    assert run.returncode == -signal.SIGKILL
    wait_until(
        poll(lambda: ports.listen_addresses(port)),
        satisfied=lambda addresses: addresses == [],
        timeout=5,
        waiting_for="the port to be free",
        journal=shell.journal,
    )


def test_a_foreign_process_on_the_port_is_an_error(
    shell: Shell, log_file: Path, write_program: WriteProgram, listener: Listener
) -> None:
    write_program("kubectl", "echo unable to listen on port; exit 1")
    begin = time.monotonic()
    with (
        pytest.raises(UnrecoverableError) as caught,
        PortForward(shell, LOOPBACK, GATEWAY, log_file, listener.port).open(),
    ):
        pass
    assert time.monotonic() - begin < 5
    assert f"port {listener.port} is in use" in caught.value.seen
    assert f"process {listener.pid} (" in caught.value.seen
    assert "end that process" in caught.value.remedy


def test_a_kubectl_that_does_not_listen_is_a_timeout(
    shell: Shell, log_file: Path, write_program: WriteProgram, port: int
) -> None:
    write_program("kubectl", "exit 1")
    with (
        pytest.raises(WaitTimeoutError) as caught,
        PortForward(shell, LOOPBACK, GATEWAY, log_file, port, timeout=0.5).open(),
    ):
        pass
    assert caught.value.seen == f"no process listens on port {port} of 127.0.0.1"
    assert "port-forward.log" in caught.value.remedy


def test_a_missing_target_ends_the_wait(port_forward: PortForward, write_program: WriteProgram) -> None:
    write_program("kubectl", "echo 'error: Service gateway does not have a service port 80' >&2; exit 1")
    with pytest.raises(UnrecoverableError) as caught, port_forward.open():
        pass
    assert "kubectl reports: error: Service gateway does not have a service port 80" in caught.value.seen
    assert "`kubectl describe service" in caught.value.remedy


def test_a_missing_permission_ends_the_wait_and_is_named(
    port_forward: PortForward, write_program: WriteProgram
) -> None:
    denial = 'User "ada" cannot create resource "pods/portforward" in API group "" in the namespace "istio-system"'
    message = f'error: error upgrading connection: pods "gateway-1" is forbidden: {denial}'
    write_program("kubectl", f"echo '{message}' >&2; exit 1")
    with pytest.raises(UnrecoverableError) as caught, port_forward.open():
        pass
    assert (
        "the user ada lacks a permission of the cluster: create pods/portforward in istio-system" in caught.value.seen
    )
    assert "`kubeflow-lab preflight --lab existing`" in caught.value.remedy
