"""Numbers in words."""

from __future__ import annotations

from collections.abc import Mapping

MINUTE = 60
MB, GB = 10**6, 10**9


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
