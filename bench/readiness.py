"""How soon after the last pod is ready the suite says so, beside `kubectl wait`, on a simulated API server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.simulated import NAMESPACE
from lab.kube import Kube
from lab.rollout import wait_until_ready
from lab.terminal import TIED_TO_STARTER, Terminal
from lab.waiting import polling, wait_until

COUNTS = (200, 1000, 5000)
LIMIT = 300
"""Seconds after which a program is ended that has not given its verdict."""
MIB = 1024


@dataclass(frozen=True)
class Verdict:
    """One verdict on readiness.

    Arguments:
        pods: how many pods there were.
        way: who gave it.
        seconds: from the last change of a pod to the end of the program that says so.
        cpu_seconds: of that program, from its start.
        memory_mib: its peak, resident.
        given: whether it was given at all, before the program was ended for the time that it took.
    """

    pods: int
    way: str
    seconds: float
    cpu_seconds: float
    memory_mib: float
    given: bool


def measure(pods: int, kubectl: Path) -> list[Verdict]:
    """The verdicts of the suite and of kubectl on so many pods, each on a server of its own.

    Raises LabError when a server does not come up, and CalledProcessError when a program fails.
    """
    wait = ("wait", "pods", "--all", f"--namespace={NAMESPACE}", "--for=condition=Ready", f"--timeout={LIMIT}s")
    return [
        _verdict(pods, "the suite", (sys.executable, "-m", "bench.readiness")),
        _verdict(pods, "kubectl wait", (str(kubectl), *wait)),
    ]


def _verdict(pods: int, way: str, command: Sequence[str]) -> Verdict:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        serve = (*TIED_TO_STARTER, sys.executable, "-m", "bench.simulated", str(pods), name)
        server = Terminal().start(*serve, log_file=folder / "server.log")
        try:
            kubeconfig = folder / "kubeconfig"
            wait_until(polling(kubeconfig.exists), bool, 30, "the simulated API server answers")
            environment = {**os.environ, "KUBECONFIG": str(kubeconfig), "HOME": name}
            with (folder / "program.log").open("wb") as log:
                program = subprocess.Popen(command, env=environment, stdout=log)
                limit = threading.Timer(LIMIT, program.kill)
                limit.start()
                _, status, usage = os.wait4(program.pid, 0)
                limit.cancel()
            end, code = time.monotonic(), os.waitstatus_to_exitcode(status)
            if code not in (0, -signal.SIGKILL):
                raise subprocess.CalledProcessError(code, list(command))
            last = float((folder / "last-change").read_text())
        finally:
            server.kill()
            server.wait()
    return Verdict(pods, way, end - last, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / MIB, given=not code)


def main() -> None:
    """Waits, as the suite does, until all is ready in the cluster of KUBECONFIG."""
    kube = Kube(Path(os.environ["KUBECONFIG"]))
    wait_until_ready(kube, Terminal(), [NAMESPACE], [], LIMIT, lambda counts: None)


if __name__ == "__main__":
    main()
