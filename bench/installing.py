"""The suite beside the tutorial by hand: each builds a new lab from the same kit, in turn, on the same machine."""

from __future__ import annotations

import re
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

from lab import record
from lab.errors import LabError
from lab.namespace import inside_network_of
from lab.terminal import Terminal

PROJECT = Path(__file__).parent.parent
TIMEOUT = 1500
WAYS = {
    "by hand": (sys.executable, "-m", "bench.by_hand"),
    "the suite": (sys.executable, "-m", "pytest", "--keep-lab"),
}
IDLE = ("idle", "iowait", "steal", "guest", "guest_nice")
"""Fields of /proc/stat that are no work, or are counted in another one already."""
REQUESTS = re.compile(r"^apiserver_request_total\{.*\} (\S+)$", re.MULTILINE)


@dataclass(frozen=True)
class Measured:
    """What one installation took.

    Arguments:
        way: how it was done.
        seconds: wall time, from the start of the program to its end; the lab stays.
        cpu_seconds: CPU time of the whole machine, which does nothing else.
        requests: what the API server has answered, also to Kubernetes' and Kubeflow's own programs.
    """

    way: str
    seconds: float
    cpu_seconds: float
    requests: int


def compare(times: int, tell: Callable[[str], None]) -> list[Measured]:
    """Measures each way so many times, in turn.

    Raises LabError when one fails, or when there is a lab already.
    """
    if record.load():
        raise LabError(
            "there is a lab already", expected="none", seen="one", remedy="remove it first: `python -m lab down`"
        )
    found = []
    for number in range(1, times + 1):
        for way in WAYS:
            found.append(_measured(way))
            tell(f"{number} of {times}, {way}: {found[-1].seconds:.1f} s")
    return found


def medians(found: list[Measured], way: str) -> Measured:
    """The medians of a way."""
    of_way = [one for one in found if one.way == way]
    return Measured(
        way,
        statistics.median(one.seconds for one in of_way),
        statistics.median(one.cpu_seconds for one in of_way),
        int(statistics.median(one.requests for one in of_way)),
    )


def _measured(way: str) -> Measured:
    log = PROJECT / "reports" / f"bench-{way.replace(' ', '-')}.log"
    log.parent.mkdir(exist_ok=True)
    begin, busy = time.monotonic(), _busy()
    try:
        Terminal(directory=PROJECT).run(*WAYS[way], timeout=TIMEOUT, log_file=log, remedy=f"read {log}")
        seconds, cpu_seconds = time.monotonic() - begin, _busy() - busy
        return Measured(way, seconds, cpu_seconds, _requests())
    finally:
        if there := record.load():
            there.remove()


def _busy() -> float:
    """CPU seconds for which the machine has worked since it was started."""
    times = psutil.cpu_times()._asdict()
    return float(sum(seconds for name, seconds in times.items() if name not in IDLE))


def _requests() -> int:
    there = record.load()
    assert there, "the lab was to stay"
    assert there.first_process, "the lab was to be an embedded one"
    with inside_network_of(there.first_process.pid):
        metrics = there.terminal.run("kubectl", "get", "--raw", "/metrics").output
    return int(sum(float(count) for count in REQUESTS.findall(metrics)))
