"""The first entry point of Kubeflow: a supervised `kubectl port-forward` to the gateway."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address
from pathlib import Path

from lab.config.entry_points import PORT_FORWARD_PORT
from lab.context import Lab
from lab.host.ports import REMEDY, describe_listeners, listen_addresses, listener_pids
from lab.k8s.objects import ObjectRef
from lab.k8s.permissions import DENIED, explain_denial
from lab.layers import gateway
from lab.run.shell import KILL_WITH_PARENT, Shell
from lab.run.waiting import Unrecoverable, poll, wait_until

OPEN_TIMEOUT = 20
PERMANENT_ERRORS = ("not found", "does not have a service port", "is forbidden")
"""Parts of kubectl's message if the target does not exist, or a permission is missing.

While a pod starts, kubectl prints other messages.
"""


class PortForward:
    """A `kubectl port-forward` that is started again whenever it ends, because its pod or its process was killed.

    Args:
        shell: The shell in which kubectl runs.
        address: The address on which kubectl listens.
        service: The Service that it forwards to.
        log_file: Receives the output of kubectl.
        port: The port on which kubectl listens.
        timeout: Seconds in which kubectl must start to listen.
    """

    def __init__(
        self,
        shell: Shell,
        address: IPv4Address,
        service: ObjectRef,
        log_file: Path,
        port: int = PORT_FORWARD_PORT,
        timeout: float = OPEN_TIMEOUT,
    ) -> None:
        self._shell, self._address, self._service, self._log_file = shell, address, service, log_file
        self._port, self._timeout = port, timeout
        self._closing = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._last_output = ""  # of the last kubectl that has ended
        self._pids: set[int] = set()  # of all kubectls: one that was just killed does not count as a foreign process

    @contextmanager
    def open(self) -> Iterator[PortForward]:
        """Start the port-forward, and keep it open until the end of the block.

        Raises:
            WaitError: If it does not open; see wait_until_open.
        """
        supervisor = threading.Thread(target=self._supervise, name="port-forward")
        supervisor.start()
        try:
            self.wait_until_open()
            yield self
        finally:
            self._closing.set()
            self.kill()
            supervisor.join()

    def list_addresses(self) -> list[str]:
        """Return the addresses on which kubectl listens."""
        return listen_addresses(self._port, self._process.pid) if self._process else []

    def kill(self) -> None:
        """Kill kubectl, as a user or the kernel might do."""
        if self._process:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def wait_until_open(self) -> None:
        """Wait until kubectl listens on the port.

        An answer at the port would not prove it: a foreign process could answer as well.

        Raises:
            UnrecoverableError: If a foreign process listens on the port, or the target does not exist.
            WaitTimeoutError: If kubectl does not listen in time.
        """
        wait_until(
            poll(self._find_listeners, every=0.05),
            satisfied=lambda pids: self._process is not None and self._process.pid in pids,
            unrecoverable=self._find_permanent_error,
            describe=lambda pids: (
                describe_listeners(pids) if pids else f"no process listens on port {self._port} of {self._address}"
            ),
            timeout=self._timeout,
            waiting_for=f"the port-forward to {self._service.name} to be open at {self._address}:{self._port}",
            journal=self._shell.journal,
            remedy=f"read the output of kubectl: {self._log_file}",
        )

    def _find_listeners(self) -> set[int | None]:
        """Return the processes that listen on the port; other processes only if kubectl does not listen."""
        if self._process and str(self._address) in self.list_addresses():
            return {self._process.pid}
        return listener_pids(self._port, str(self._address))

    def _find_permanent_error(self, pids: set[int | None]) -> Unrecoverable | None:
        if pids - self._pids - {None}:
            return Unrecoverable(f"port {self._port} is in use", REMEDY)
        output = self._last_output
        if not any(text in output for text in PERMANENT_ERRORS):
            return None
        if DENIED.search(output):
            denial = explain_denial(output)
            return Unrecoverable(denial.headline, denial.remedy)
        return Unrecoverable(
            f"kubectl reports: {output}",
            "check the ports of the Service: "
            f"`kubectl describe service -n {self._service.namespace} {self._service.name}`",
        )

    def _supervise(self) -> None:
        while not self._closing.is_set():
            self._process = self._shell.start(
                *KILL_WITH_PARENT,
                "kubectl",
                "port-forward",
                f"--address={self._address}",
                "--namespace",
                self._service.namespace,
                f"svc/{self._service.name}",
                f"{self._port}:{gateway.PORT}",
                log_file=self._log_file,
            )
            self._pids.add(self._process.pid)
            if self._closing.is_set():  # open() has ended since the last check, and killed only the previous process
                self.kill()
            self._process.wait()
            self._last_output = self._log_file.read_text(errors="replace").strip()
            self._closing.wait(0.1)  # a kubectl that cannot start at all must not keep a processor busy


def port_forward_log(lab: Lab) -> Path:
    """Return the file that receives the output of kubectl while the port-forward is open."""
    return lab.home / "port-forward.log"
