"""A private Docker Engine, in an enclosure with its own network, mounts and processes."""

from __future__ import annotations

import shutil
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import docker
import psutil
from docker.errors import DockerException

from embedded import enclosure
from lab.host.memory import get_engine_cgroup
from lab.run.journal import Journal
from lab.run.shell import KILL_WITH_PARENT, Shell
from lab.run.state import ProcessId
from lab.run.waiting import poll, wait_until

REPOSITORY = Path(__file__).parent.parent
REGISTRY = "127.0.0.1:5000"
"""The address of the kit's registry in the engine's network; Docker trusts a loopback registry without TLS."""
START_TIMEOUT = 120
LOG = "engine.log"
API_VERSION = "1.41"
"""The version of Engine 20.10; requesting it saves the negotiation."""
CAP_SYS_RESOURCE = 24
"""The bit of the capability, from linux/capability.h."""


@dataclass(frozen=True)
class Engine:
    """A Docker Engine in an enclosure.

    Args:
        first_process: The first process of the enclosure; when it ends, the whole enclosure ends.
        directory: The directory with its root file system, its data and its log; inside, `shared` is /lab.
        socket_dir: The directory with its socket.
        cgroup: The parent of its containers' cgroups.
        start_signal: The standard input of the enclosure, which waits for a byte.
    """

    first_process: ProcessId
    directory: Path
    socket_dir: Path
    cgroup: str
    start_signal: IO[bytes]

    @property
    def docker_host(self) -> str:
        """The value of DOCKER_HOST for this engine."""
        return f"unix://{self.socket_dir}/docker.sock"

    @property
    def docker_program(self) -> Path:
        """The docker command that belongs to the engine."""
        return self.directory / "root/usr/bin/docker"

    def start(self, journal: Journal) -> None:
        """Start the engine, and wait until it responds.

        Args:
            journal: Records the wait.

        Raises:
            LabError: If the engine ends instead, with the end of its log, or does not respond in time.
        """
        with suppress(BrokenPipeError), self.start_signal:
            self.start_signal.write(b"\n")
        log_file = self.directory / LOG
        wait_until(
            poll(self._observe, every=0.05, transient=(DockerException, OSError)),
            satisfied=lambda state: state == "responds",
            unrecoverable=lambda state: log_file.read_text()[-2000:] if state == "ended" else None,
            timeout=START_TIMEOUT,
            waiting_for="the private Docker Engine to respond",
            remedy=f"read {log_file}",
            journal=journal,
        )

    def _observe(self) -> str:
        if not self.first_process.is_running():
            return "ended"
        client = docker.DockerClient(self.docker_host, version=API_VERSION)
        try:
            return "responds" if client.ping() else "does not respond"
        finally:
            client.close()


def create(
    shell: Shell,
    root: Path,
    bounded_runc: Path,
    directory: Path,
    socket_dir: Path,
    cgroup: str,
    *,
    outlives_run: bool = False,
) -> Engine:
    """Start the enclosure of an engine, which waits for Engine.start.

    If this process is killed before Engine.start, nothing remains. So the first process can be saved before there is
    anything that must be removed.

    Args:
        shell: The shell on this machine.
        root: The tar file of the engine's root file system.
        bounded_runc: The wrapper of runc for a machine that lacks a capability.
        directory: The directory for its root file system and its data.
        socket_dir: The directory for its socket; the path of a socket is limited to 107 bytes.
        cgroup: The name of the cgroup below which those of its containers and of its own processes are created. It is
            a cgroup of the first level: a relative one would be below that of this process, where nothing finds it.
        outlives_run: Whether it continues when this process has ended; otherwise the kernel kills it then, for
            whatever reason this process ended.
    """
    for path in (directory / "root/lab", directory / "docker", directory / "shared", socket_dir):
        path.mkdir(parents=True, exist_ok=True)
    shell.run("tar", "--extract", "--file", root, "--directory", directory / "root")
    sbin = directory / "root/usr/sbin"
    shutil.copy2(bounded_runc, sbin / "runc-bounded")
    for name in ("iptables", "ip6tables"):  # as update-alternatives would do
        (sbin / name).symlink_to(f"{name}-nft")
    prefix = () if outlives_run else KILL_WITH_PARENT
    binds = (f"{directory / 'docker'}:/var/lib/docker", f"{socket_dir}:/run", f"{directory / 'shared'}:/lab")
    dockerd = ("dockerd", "--host=unix:///run/docker.sock", f"--cgroup-parent=/{cgroup}")
    log_file = directory / LOG
    unshare = shell.with_environment(PYTHONPATH=str(REPOSITORY)).start(
        *prefix,
        *enclosure.UNSHARE,
        *(sys.executable, "-m", enclosure.__name__, get_engine_cgroup(cgroup), directory / "root", *binds, "--"),
        *("tini", "--", *dockerd, f"--registry-mirror=http://{REGISTRY}", *_runtime_options()),
        log_file=log_file,
        stdin=subprocess.PIPE,
    )
    assert unshare.stdin
    children = wait_until(
        poll(psutil.Process(unshare.pid).children, every=0.01, transient=(psutil.Error,)),
        satisfied=bool,
        timeout=5,
        waiting_for="the enclosure of the private Docker Engine to have a first process",
        remedy=f"read {log_file}",
        journal=shell.journal,
    )
    return Engine(ProcessId.from_pid(children[0].pid), directory, socket_dir, cgroup, unshare.stdin)


def _runtime_options() -> tuple[str, ...]:
    """Return options for the wrapped runtime if this machine lacks the capability that privileged containers need."""
    status = Path("/proc/self/status").read_text()
    bounding_set = int(next(line for line in status.splitlines() if line.startswith("CapBnd:")).split()[1], 16)
    if bounding_set >> CAP_SYS_RESOURCE & 1:
        return ()
    return ("--add-runtime=bounded=/usr/sbin/runc-bounded", "--default-runtime=bounded")
