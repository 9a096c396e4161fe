"""The suite compared with the tutorial by hand: each installs a new lab from the same kit, in turn, on this machine."""

from __future__ import annotations

import re
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

import psutil

from lab.context import Lab, RunContext
from lab.errors import LabError
from lab.host.netns import enter_network_namespace
from lab.run import state
from lab.run.state import LabState
from tools import REPORTS, REPOSITORY

TIMEOUT = 1500
METHODS = {
    "by hand": (sys.executable, "-m", "tools.bench.by_hand"),
    "the suite": (sys.executable, "-m", "pytest", "--keep-lab"),
}
NO_WORK = ("idle", "iowait", "steal", "guest", "guest_nice")
"""Fields of /proc/stat that are no work, or that another field includes already."""
REQUESTS = re.compile(r"^apiserver_request_total\{.*\} (\S+)$", re.MULTILINE)


@dataclass(frozen=True)
class Measurement:
    """The measurement of one installation.

    Args:
        method: How the lab was installed.
        seconds: The wall time of the program, which keeps the lab.
        cpu_seconds: The CPU time of the whole machine, which does nothing else.
        requests: The number of requests that the API server has answered, including those of Kubernetes and Kubeflow.
    """

    method: str
    seconds: float
    cpu_seconds: float
    requests: int


def compare(context: RunContext, times: int) -> list[Measurement]:
    """Measure each method a number of times, in turn.

    Raises:
        LabError: If an installation fails, or if there is a lab already.
    """
    if existing := state.load(context.paths):
        raise LabError(
            "there is a lab already",
            expected="no lab",
            seen=f"a lab of the kind {existing.kind}",
            remedy="remove it: `python -m lab down`",
        )
    measurements = []
    for number in range(1, times + 1):
        for method in METHODS:
            measurements.append(_measure(context, method))
            context.progress.print(f"{number} of {times}, {method}: {measurements[-1].seconds:.1f} s")
    return measurements


def median(measurements: Sequence[Measurement], method: str) -> Measurement:
    """Return the medians of the measurements of a method."""
    selected = [measurement for measurement in measurements if measurement.method == method]
    return Measurement(
        f"{method}, median",
        statistics.median(measurement.seconds for measurement in selected),
        statistics.median(measurement.cpu_seconds for measurement in selected),
        int(statistics.median(measurement.requests for measurement in selected)),
    )


def _measure(context: RunContext, method: str) -> Measurement:
    """Install a lab, and remove it after the measurement."""
    log_file = REPORTS / f"bench-{method.replace(' ', '-')}.log"
    log_file.parent.mkdir(exist_ok=True)
    shell = context.create_shell(directory=REPOSITORY)
    begin, cpu_begin = time.monotonic(), _read_cpu_seconds()
    try:
        shell.run(*METHODS[method], timeout=TIMEOUT, log_file=log_file, remedy=f"read {log_file}")
        seconds, cpu_seconds = time.monotonic() - begin, _read_cpu_seconds() - cpu_begin
        lab_state = state.load(context.paths)
        assert lab_state, f"{method} has not kept the lab"
        return Measurement(method, seconds, cpu_seconds, _count_requests(Lab.from_context(context, lab_state)))
    finally:
        if left := state.load(context.paths):
            _remove_lab(context, left)


def _read_cpu_seconds() -> float:
    """Return the CPU seconds for which the machine has worked since it was started."""
    times = psutil.cpu_times()._asdict()
    return float(sum(seconds for name, seconds in times.items() if name not in NO_WORK))


def _count_requests(lab: Lab) -> int:
    assert lab.state.first_process, "the lab is not an embedded one"
    with enter_network_namespace(lab.state.first_process.pid):
        metrics = lab.shell.run("kubectl", "get", "--raw", "/metrics").output
    return int(sum(float(count) for count in REQUESTS.findall(metrics)))


def _remove_lab(context: RunContext, lab_state: LabState) -> None:
    lab_state.remove(context.paths, context.create_shell(lab_state.environment))
