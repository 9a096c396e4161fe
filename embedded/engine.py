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
from lab.record import ProcessId
from lab.terminal import TIED_TO_STARTER, Terminal
from lab.waiting import polling, wait_until

REPOSITORY = Path(__file__).parent.parent
REGISTRY = "127.0.0.1:5000"
"""Where the kit's registry answers inside of the engine's network; Docker trusts a loopback registry without TLS."""
START_TIMEOUT = 120
LOG = "engine.log"
API_VERSION = "1.41"
"""Engine 20.10's; asking for it saves the negotiation."""
CAP_SYS_RESOURCE = 24
"""The capability's bit, from linux/capability.h."""


@dataclass(frozen=True)
class Engine:
    """A Docker Engine that runs in an enclosure.

    Arguments:
        first_process: the enclosure's first process; when it ends, all of the enclosure does.
        folder: where its root and data are, and what is shared with it, seen inside as /lab.
        sockets: the folder with its socket.
        cgroup: the parent of its containers' cgroups.
        gate: what lets it begin, by a byte.
    """

    first_process: ProcessId
    folder: Path
    sockets: Path
    cgroup: str
    gate: IO[bytes]

    @property
    def docker_host(self) -> str:
        """What DOCKER_HOST must say."""
        return f"unix://{self.sockets}/docker.sock"

    @property
    def docker_program(self) -> Path:
        """The docker command that belongs to the engine."""
        return self.folder / "root/usr/bin/docker"


def start(
    root: Path, bounded_runc: Path, folder: Path, sockets: Path, cgroup: str, *, outlives_run: bool = False
) -> Engine:
    """Starts the enclosure of an engine, which waits there to begin: see begin.

    Whoever is killed in between leaves nothing; so the first process can be noted before there is anything to be ended.

    Arguments:
        root: tar of its root file system.
        bounded_runc: the wrapper of runc for a machine that lacks a capability.
        folder: a folder for its root and data.
        sockets: a folder for its socket, with a short name, since a socket's is limited to 107 bytes.
        cgroup: the name of a cgroup below which its containers' are made.
        outlives_run: whether it goes on when this process has ended; else the kernel ends it then, however that was.
    """
    for directory in (folder / "root/lab", folder / "docker", folder / "shared", sockets):
        directory.mkdir(parents=True, exist_ok=True)
    Terminal().run("tar", "--extract", "--file", root, "--directory", folder / "root")
    sbin = folder / "root/usr/sbin"
    shutil.copy2(bounded_runc, sbin / "runc-bounded")
    for name in ("iptables", "ip6tables"):  # what update-alternatives would have done
        (sbin / name).symlink_to(f"{name}-nft")
    unshare = Terminal({"PYTHONPATH": str(REPOSITORY)}).start(
        *(() if outlives_run else TIED_TO_STARTER),
        *enclosure.UNSHARE,
        *(sys.executable, "-m", "embedded.enclosure", folder / "root"),
        *(f"{folder / 'docker'}:/var/lib/docker", f"{sockets}:/run", f"{folder / 'shared'}:/lab"),
        *("--", "tini", "--", "dockerd", "--host=unix:///run/docker.sock", f"--cgroup-parent={cgroup}"),
        *(f"--registry-mirror=http://{REGISTRY}", *_runtime()),
        log_file=folder / LOG,
        stdin=subprocess.PIPE,
    )
    assert unshare.stdin
    children = wait_until(
        polling(psutil.Process(unshare.pid).children, every=0.01, passing=(psutil.Error,)),
        satisfied=bool,
        timeout=5,
        what="the enclosure of the private Docker Engine has a first process",
        remedy=f"read {folder / LOG}",
    )
    return Engine(ProcessId.of(children[0].pid), folder, sockets, cgroup, unshare.stdin)


def begin(engine: Engine) -> None:
    """Lets an engine begin, and waits until it answers.

    Raises LabError with the end of its log when it ends instead.
    """
    with suppress(BrokenPipeError), engine.gate:
        engine.gate.write(b"\n")

    def state() -> str:
        if not engine.first_process.runs():
            return "ended"
        client = docker.DockerClient(engine.docker_host, version=API_VERSION)
        try:
            return "answers" if client.ping() else "silent"
        finally:
            client.close()

    log_file = engine.folder / LOG
    wait_until(
        polling(state, every=0.05, passing=(DockerException, OSError)),
        satisfied=lambda state: state == "answers",
        hopeless=lambda state: log_file.read_text()[-2000:] if state == "ended" else None,
        timeout=START_TIMEOUT,
        what="the private Docker Engine answers",
        remedy=f"read {log_file}",
    )


def _runtime() -> tuple[str, ...]:
    """The wrapped runtime, only where this machine lacks the capability that privileged containers ask for."""
    status = Path("/proc/self/status").read_text()
    bounding_set = int(next(line for line in status.splitlines() if line.startswith("CapBnd:")).split()[1], 16)
    if bounding_set >> CAP_SYS_RESOURCE & 1:
        return ()
    return ("--add-runtime=bounded=/usr/sbin/runc-bounded", "--default-runtime=bounded")
