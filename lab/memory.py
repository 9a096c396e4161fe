"""How much memory lab and suite use together at their peak."""

from __future__ import annotations

import threading
from collections.abc import Iterable

import psutil

EVERY = 10.0
"""Seconds between two looks. One takes up to 0.3 s of CPU time, which is wanted elsewhere while all starts."""


class PeakMemory:
    """Looks every ten seconds at the memory of processes and all that they have started.

    What processes share is counted in parts (PSS), so that the sum is what they use together; and a process that one
    root has started for another is counted once.
    """

    def __init__(self, roots: Iterable[int]) -> None:
        self._roots = list(roots)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.bytes = 0

    def start(self) -> None:
        """Begins to look."""
        self._thread.start()

    def stop(self) -> None:
        """Looks no more."""
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(EVERY):
            processes = {process for root in self._roots for process in _with_all_it_started(root)}
            self.bytes = max(self.bytes, sum(map(_proportional, processes)))


def _with_all_it_started(root: int) -> list[psutil.Process]:
    try:
        process = psutil.Process(root)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _proportional(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return 0
