"""The exit statuses of a run, which tell the calling program how it ended."""

from __future__ import annotations

from enum import IntEnum


class ExitStatus(IntEnum):
    """The end of a run; 0 to 5 are pytest's own and keep their meaning."""

    PASSED = 0
    FAILED = 1
    INTERRUPTED = 2
    INTERNAL_ERROR = 3
    USAGE_ERROR = 4
    NO_SCENARIOS = 5
    PREFLIGHT_FAILED = 10
    """This machine, or the existing lab, does not meet the requirements; nothing was changed."""
    INSTALL_FAILED = 11
    """A layer of the lab could not be installed."""
    UPGRADE_BLOCKED = 20
    """Something must be done for an upgrade to succeed; see the plan."""
