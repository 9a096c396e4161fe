"""Numbers in words."""

from __future__ import annotations

from collections.abc import Mapping

from lab.host.memory import MemoryPeaks

MINUTE = 60
MB, GB = 10**6, 10**9
GIB = 2**30


def format_counts(numbers: Mapping[str, int]) -> str:
    """Return the numbers of scenarios by status, as in `3 passed, 1 failed`."""
    return ", ".join(f"{number} {status}" for status, number in numbers.items()) or "no scenarios"


def format_duration(seconds: float) -> str:
    """Return a duration, as in `0.4 s` or `3 min 12 s`."""
    if seconds < MINUTE:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), MINUTE)
    return f"{minutes} min {rest} s"


def format_size(count: int) -> str:
    """Return a number of bytes, as in `12.3 MB` or `3.3 GB`."""
    return f"{count / MB:.1f} MB" if count < GB else f"{count / GB:.1f} GB"


def format_memory(peaks: MemoryPeaks) -> str:
    """Return the highest memory of a run, with what each number includes."""
    return (
        f"peak memory of the lab: {format_gib(peaks.lab)} ({format_gib(peaks.lab_with_cache)} with its page cache); "
        f"of the suite with its browser: {format_gib(peaks.suite)}"
    )


def format_gib(count: int) -> str:
    """Return a number of bytes of memory, as in `3.1 GiB`."""
    return f"{count / GIB:.1f} GiB"
