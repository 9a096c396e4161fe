"""The two ways in to Kubeflow: a port-forward to the Istio gateway, and an Ingress at the lab's address."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from ipaddress import IPv4Address
from pathlib import Path

import requests

from lab import diagnosis, releases
from lab.cluster import Cluster
from lab.errors import LabError
from lab.ingress import Backend, expose, published_address, unserved
from lab.ports import REMEDY, addresses, described, listening
from lab.releases import FrontEnd
from lab.resolving import session
from lab.site import Site
from lab.terminal import TIED_TO_STARTER, Terminal
from lab.waiting import Hopeless, polling, root_of, wait_until

NAMESPACE, SERVICE, SERVICE_PORT = "istio-system", "istio-ingressgateway", 80
INGRESS, HOST = "svc-istio-ingressgateway", "kubeflow.example.it"
PORT = 7080
LOCAL, PUBLIC = f"http://localhost:{PORT}", f"http://{HOST}"
"""Where a person types to come by each of them."""
OPEN_TIMEOUT = 20
LASTING = ("not found", "does not have a service port")
"""Signs in kubectl's last words that what it is to forward to is not there. While a pod starts, it says others."""
SERVED_TIMEOUT = 30
KEYS, KEYS_TIMEOUT = "/dex/keys", 60
"""Where Dex publishes what it signs with. If it cannot make keys when it starts, it tries again half a minute later,
and is ready all the same."""


class PortForward:
    """A supervised `kubectl port-forward`: started again at once when it ends, because its pod has gone or somebody
    killed it.

    Arguments:
        terminal: where kubectl runs.
        address: where kubectl listens.
        log_file: where kubectl's output goes.
    """

    def __init__(self, terminal: Terminal, address: IPv4Address, log_file: Path) -> None:
        self._terminal, self._address, self._log_file = terminal, address, log_file
        self._closing = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._last_words = ""  # of the last kubectl that has ended
        self._pids: set[int] = set()  # of all kubectls so far: one that has just been killed is no stranger

    @contextmanager
    def open(self) -> Iterator[PortForward]:
        """Starts it, and keeps it open; raises LabError when it does not open."""
        supervisor = threading.Thread(target=self._supervise, name="port-forward")
        supervisor.start()
        try:
            self.wait_until_open()
            yield self
        finally:
            self._closing.set()
            self.kill()
            supervisor.join()

    def addresses(self) -> list[str]:
        """Where kubectl listens."""
        return addresses(PORT, self._process.pid) if self._process else []

    def kill(self) -> None:
        """Kills kubectl, as a person or the kernel might."""
        if self._process:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def wait_until_open(self) -> None:
        """Waits until kubectl listens at the port.

        Raises LabError at once when somebody else does, who would answer just as well, or when there is nothing to
        forward to, and when time is up.
        """
        wait_until(
            polling(self._listening, every=0.05),
            satisfied=lambda pids: self._process is not None and self._process.pid in pids,
            hopeless=self._lost,
            show=lambda pids: described(pids) if pids else f"nobody listens on port {PORT}",
            timeout=OPEN_TIMEOUT,
            what=f"the port-forward to {SERVICE} is open at {self._address}:{PORT}",
            remedy=f"kubectl's own words are in {self._log_file}",
        )

    def _listening(self) -> set[int | None]:
        """The processes that listen at the port; of others only where kubectl does not."""
        if self._process and str(self._address) in self.addresses():
            return {self._process.pid}
        return listening(PORT, str(self._address))

    def _lost(self, pids: set[int | None]) -> Hopeless | None:
        if pids - self._pids - {None}:
            return Hopeless(f"port {PORT} is in use", REMEDY)
        said = self._last_words
        remedy = f"`python -m lab exec -- kubectl describe service -n {NAMESPACE} {SERVICE}` shows what there is"
        return Hopeless(f"kubectl says: {said}", remedy) if any(sign in said for sign in LASTING) else None

    def _supervise(self) -> None:
        while not self._closing.is_set():
            self._process = self._terminal.start(
                *(*TIED_TO_STARTER, "kubectl", "port-forward", f"--address={self._address}", "--namespace", NAMESPACE),
                *(f"svc/{SERVICE}", f"{PORT}:{SERVICE_PORT}"),
                log_file=self._log_file,
            )
            self._pids.add(self._process.pid)
            if self._closing.is_set():  # only since it was started, so that nobody else has killed this one
                self.kill()
            self._process.wait()
            self._last_words = self._log_file.read_text(errors="replace").strip()
            self._closing.wait(0.1)  # a kubectl that cannot start at all must not keep a processor busy


def port_forward_log(site: Site) -> Path:
    """Where kubectl's output goes while the port-forward is open."""
    return site.home / "port-forward.log"


class KubeflowIngress:
    """The Ingress that exposes the gateway at kubeflow.example.it."""

    name = "kubeflow's Ingress"

    def __init__(self, site: Site, cluster: Cluster) -> None:
        self.site, self.kube, self.release = site, cluster.kube, releases.load(site.settings.release)

    def wrong(self) -> str | None:
        """That the Ingress is missing, or has no address or another one; None when it is right."""
        there = self.kube.one("Ingress", INGRESS, NAMESPACE)
        if there is None:
            return f"no Ingress {INGRESS}"
        address = published_address(there)
        if address != self.site.settings.ingress_address:
            return f"the Ingress's address is {address}"
        try:
            status = self._status()
        except OSError as error:
            return f"{PUBLIC} does not answer: {root_of(error)}"
        return None if is_served(status, self.release.front_end) else f"{PUBLIC} answers {status}"

    def install(self) -> None:
        """Applies it, and waits until the Ingress controller leads to the gateway, and Dex there can sign.

        Raises LabError when it is not led there, or when the gateway refuses everybody; then with the reason.
        """
        address, gateway = self.site.settings.ingress_address, Backend(NAMESPACE, SERVICE, SERVICE_PORT)
        expose(self.kube, INGRESS, HOST, gateway, address)
        try:
            wait_until(
                polling(self._status, every=0.1, passing=(OSError,)),
                satisfied=lambda status: is_served(status, self.release.front_end),
                show=lambda status: f"it answers {status}",
                timeout=SERVED_TIMEOUT,
                what=f"{PUBLIC} at {address} leads to the gateway, and it to a log-in",
                remedy="404 is the Ingress controller's, 503 its or the gateway's that reach nobody: see their logs",
            )
        except LabError as error:
            why = diagnosis.findings(self.kube, self.site.terminal, self.release)
            raise LabError(
                error.what, expected=error.expected, seen="\n".join([error.seen, *why]), remedy=error.remedy
            ) from None
        wait_until(
            polling(lambda: status(self.site, KEYS), every=0.1, passing=(OSError,)),
            satisfied=lambda status: status == requests.codes.ok,
            show=lambda status: f"{PUBLIC}{KEYS} answers {status}",
            timeout=KEYS_TIMEOUT,
            what="Dex has keys to sign with, without which no log-in ends well",
            remedy="`python -m lab exec -- kubectl logs -n auth deploy/dex` says why it cannot make them",
        )

    def _status(self) -> int:
        return status(self.site)

    def hosts(self) -> list[str]:
        """The hosts that it exposes."""
        there = self.kube.one("Ingress", INGRESS, NAMESPACE) or {"spec": {}}
        return [rule["host"] for rule in there["spec"].get("rules", [])]

    def unserved(self) -> list[str]:
        """What keeps the Ingress from leading visitors to the gateway, in words; empty when nothing does."""
        return unserved(self.kube, NAMESPACE, INGRESS, HOST)

    def address(self) -> IPv4Address | None:
        """The address that the controller has written into it."""
        return published_address(self.kube.one("Ingress", INGRESS, NAMESPACE))


def status(site: Site, path: str = "/", cookies: Mapping[str, str] | None = None) -> int:
    """The HTTP status with which kubeflow.example.it answers; raises OSError when it does not answer."""
    with session({HOST: site.settings.ingress_address}) as http:
        answer = http.get(f"{PUBLIC}{path}", cookies=dict(cookies or {}), timeout=5, allow_redirects=False)
        return int(answer.status_code)


def is_served(status: int, front_end: FrontEnd) -> bool:
    """Whether an answer is of who asks for a log-in or of what is behind it, and not of somebody who reaches neither.

    Arguments:
        status: the HTTP status.
        front_end: who asks; some show their first page with the very status by which a gateway refuses everybody.
    """
    refused = status == requests.codes.forbidden and front_end.first_page == "dex"
    return not refused and status != requests.codes.not_found and bool(status < requests.codes.server_error)
