"""The delay between the last pod becoming ready and the verdict, for the suite and for `kubectl wait`.

Both programs observe a simulated API server.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.context import RunContext
from lab.k8s.client import Kube
from lab.k8s.rollout import wait_until_ready
from lab.run.journal import Journal
from lab.run.shell import KILL_WITH_PARENT, Shell
from lab.run.waiting import poll, wait_until
from tools.bench.simulated import NAMESPACE

COUNTS = (200, 1000, 5000)
LIMIT = 300
"""Seconds after which a program without a verdict is killed."""
START_TIMEOUT = 30
"""Seconds for the simulated API server to start."""
KIB_PER_MIB = 1024


@dataclass(frozen=True)
class Verdict:
    """One verdict on readiness.

    Args:
        pods: The number of pods.
        program: The program that returned it.
        seconds: The time from the last change of a pod to the end of the program.
        cpu_seconds: The CPU time of the program.
        memory_mib: The peak of its resident memory in MiB.
        ended: Whether the program ended by itself; otherwise it was killed because it took too long.
    """

    pods: int
    program: str
    seconds: float
    cpu_seconds: float
    memory_mib: float
    ended: bool


def measure(context: RunContext, pods: int, kubectl: Path) -> list[Verdict]:
    """Return the verdicts of the suite and of kubectl, each on a simulated API server of its own.

    Args:
        context: The context of this process.
        pods: The number of pods.
        kubectl: The program kubectl.

    Raises:
        LabError: If a server does not start.
        CalledProcessError: If a program fails.
    """
    wait = ("wait", "pods", "--all", f"--namespace={NAMESPACE}", "--for=condition=Ready", f"--timeout={LIMIT}s")
    return [
        _measure_program(context, pods, "the suite", (sys.executable, "-m", "tools.bench.readiness")),
        _measure_program(context, pods, "kubectl wait", (str(kubectl), *wait)),
    ]


def _measure_program(context: RunContext, pods: int, name: str, command: Sequence[str]) -> Verdict:
    with tempfile.TemporaryDirectory() as temporary:
        directory = Path(temporary)
        serve = (*KILL_WITH_PARENT, sys.executable, "-m", "tools.bench.simulated", str(pods), temporary)
        server = context.create_shell().start(*serve, log_file=directory / "server.log")
        try:
            kubeconfig = directory / "kubeconfig"
            wait_until(
                poll(kubeconfig.exists),
                satisfied=bool,
                timeout=START_TIMEOUT,
                waiting_for="the simulated API server to start",
                journal=context.journal,
                describe=lambda _: (directory / "server.log").read_text() or "no output",
            )
            environment = {**context.environment, "KUBECONFIG": str(kubeconfig), "HOME": temporary}
            with (directory / "program.log").open("wb") as log:
                program = subprocess.Popen(command, env=environment, stdout=log)
                limit = threading.Timer(LIMIT, program.kill)
                limit.start()
                _, wait_status, usage = os.wait4(program.pid, 0)
                limit.cancel()
            end, exit_status = time.monotonic(), os.waitstatus_to_exitcode(wait_status)
            if exit_status not in (0, -signal.SIGKILL):
                raise subprocess.CalledProcessError(exit_status, list(command))
            last_change = float((directory / "last-change").read_text())
        finally:
            server.kill()
            server.wait()
    cpu_seconds, memory_mib = usage.ru_utime + usage.ru_stime, usage.ru_maxrss / KIB_PER_MIB
    return Verdict(pods, name, end - last_change, cpu_seconds, memory_mib, ended=not exit_status)


def main(environment: Mapping[str, str]) -> None:
    """Wait, as the suite does, until all pods in the cluster of KUBECONFIG are ready."""
    kube = Kube(Path(environment["KUBECONFIG"]), Journal())
    wait_until_ready(kube, Shell(environment), [NAMESPACE], [], LIMIT, lambda counts: None)


if __name__ == "__main__":
    main(os.environ)
