"""The exit statuses of a run, by which a program that has started it knows what happened."""

from __future__ import annotations

from enum import IntEnum


class ExitStatus(IntEnum):
    """How a run ended; 0 to 5 are pytest's own, and mean what they mean there."""

    GREEN = 0
    FAILED = 1
    INTERRUPTED = 2
    INTERNAL_ERROR = 3
    WRONG_OPTIONS = 4
    NOTHING_CHOSEN = 5
    NOT_FIT = 10
    """This machine, or what the run was to use, is not fit; nothing was tried and nothing was changed."""
    NO_LAB = 11
    """A layer of the lab could not be had."""
