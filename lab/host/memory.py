"""The memory that a lab and the suite use, as the kernel accounts for it.

All processes of an embedded lab are in one cgroup: those of its Docker Engine, its node and its pods. The kernel's
usage of a cgroup includes its page cache, which grows as long as memory is free. The working set is the usage without
the cached files that have not been used recently: what the lab needs, as the kubelet computes it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event

import psutil

from lab.run.background import on_cancel, run_in_background
from lab.run.state import CGROUPS

INTERVAL = 1.0
"""Seconds between two samples of the lab, of which one takes less than a millisecond."""
SUITE_INTERVAL = 5
"""The number of samples of the lab for one of the suite, which takes some ten milliseconds."""
ENGINE = "engine"
"""The cgroup of the Docker Engine's own processes below that of the lab: in cgroup v2, only leaves have processes."""
CONTROLLER = "memory"
"""The directory of the controller in cgroup v1; in v2, all controllers share one directory."""
USAGE = ("memory.usage_in_bytes", "memory.current")
PEAK = ("memory.max_usage_in_bytes", "memory.peak")
"""The files of cgroup v1 and v2; memory.peak exists from Linux 5.19 on."""
INACTIVE_FILE = re.compile(r"^(total_inactive_file|inactive_file) (\d+)$", re.MULTILINE)
"""The lines of memory.stat; in cgroup v1, only the one with the prefix includes the cgroups below."""
PROC = Path("/proc")
PSS = re.compile(r"^Pss:\s+(\d+) kB$", re.MULTILINE)


@dataclass(frozen=True)
class MemoryPeaks:
    """The highest values of a run, in bytes.

    Args:
        lab: The working set of the lab, sampled once a second.
        lab_with_cache: The usage of the lab with its page cache, as the kernel recorded it; the highest sample where
            the kernel records none. In a lab that was kept, it includes earlier runs.
        suite: The proportional set size of the suite and its programs, among them the browser, sampled every 5 s.
    """

    lab: int
    lab_with_cache: int
    suite: int


class MemoryRecorder:
    """Records the memory of a lab and of the suite while a lab is open.

    Args:
        cgroup: The name of the lab's cgroup.
        root: The directory in which the cgroup file systems are mounted.
        interval: Seconds between two samples.
    """

    def __init__(self, cgroup: str, root: Path = CGROUPS, interval: float = INTERVAL) -> None:
        self._cgroup, self._root, self._interval = cgroup, root, interval
        self._highest = MemoryPeaks(0, 0, 0)

    @property
    def peaks(self) -> MemoryPeaks | None:
        """The highest values until now; None if the lab has no cgroup with a memory controller."""
        return self._highest if self._highest.lab else None

    @contextmanager
    def record(self) -> Iterator[None]:
        """Take samples in the background during the block, and a last one at its end."""
        with run_in_background(self._take_samples):
            try:
                yield
            finally:
                self._sample_lab()

    def _take_samples(self) -> None:
        ended, number = Event(), 0
        with on_cancel(ended.set):
            while not ended.wait(self._interval):
                self._sample_lab()
                if number % SUITE_INTERVAL == 0:
                    self._add(suite=measure_programs(os.getpid(), self._cgroup))
                number += 1

    def _sample_lab(self) -> None:
        if directory := find_cgroup(self._cgroup, self._root):
            with suppress(FileNotFoundError):  # it was deleted since
                usage = _read_first(directory, USAGE) or 0
                found = dict(INACTIVE_FILE.findall((directory / "memory.stat").read_text()))
                inactive = int(found.get("total_inactive_file") or found.get("inactive_file") or 0)
                peak = _read_first(directory, PEAK) or usage
                self._add(lab=max(usage - inactive, 0), lab_with_cache=peak)

    def _add(self, **sample: int) -> None:
        higher = {name: value for name, value in sample.items() if value > getattr(self._highest, name)}
        self._highest = replace(self._highest, **higher)


def find_cgroup(name: str, root: Path = CGROUPS) -> Path | None:
    """Return the directory that accounts for the memory of a cgroup, or None if there is none.

    Args:
        name: The name of the cgroup.
        root: The directory in which the cgroup file systems are mounted.
    """
    for directory in (root / CONTROLLER / name, root / name):
        if _read_first(directory, USAGE) is not None:
            return directory
    return None


def get_engine_cgroup(name: str, root: Path = CGROUPS) -> Path:
    """Return the directory of the cgroup for the processes of the Docker Engine itself.

    Args:
        name: The name of the lab's cgroup.
        root: The directory in which the cgroup file systems are mounted.
    """
    controller = root / CONTROLLER
    return (controller if controller.is_dir() else root) / name / ENGINE


def measure_programs(pid: int, cgroup: str, proc: Path = PROC) -> int:
    """Return the proportional set size of a process and its descendants outside of a cgroup, in bytes.

    Args:
        pid: The process.
        cgroup: The name of the cgroup, that of the lab: its engine was started by the suite.
        proc: The directory in which the file system of processes is mounted.
    """
    process = psutil.Process(pid)
    processes = (process, *process.children(recursive=True))
    return sum(_measure_process(proc / str(each.pid), cgroup) for each in processes)


def _measure_process(directory: Path, cgroup: str) -> int:
    try:
        if re.search(rf"/{re.escape(cgroup)}(/|$)", (directory / "cgroup").read_text(), re.MULTILINE):
            return 0
        found = PSS.search((directory / "smaps_rollup").read_text())
    except OSError:  # it has ended
        return 0
    return int(found[1]) * 1024 if found else 0


def _read_first(directory: Path, files: Sequence[str]) -> int | None:
    for name in files:
        with suppress(FileNotFoundError):
            return int((directory / name).read_text())
    return None
