"""Figures in words."""

from __future__ import annotations

from collections.abc import Mapping

MINUTE = 60
MB, GB = 10**6, 10**9


def counted(counts: Mapping[str, int]) -> str:
    """As in `3 passed, 1 failed`."""
    return ", ".join(f"{count} {status}" for status, count in counts.items()) or "nothing was tried"


def duration(seconds: float) -> str:
    """As in `0.4 s`, or `3 min 12 s`."""
    if seconds < MINUTE:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), MINUTE)
    return f"{minutes} min {rest} s"


def size(count: int) -> str:
    """As in `12.3 MB`, or `3.3 GB`."""
    return f"{count / MB:.1f} MB" if count < GB else f"{count / GB:.1f} GB"
