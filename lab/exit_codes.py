"""What an exit status says, beyond pytest's own, which are 0 to 5."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes of this suite's own."""

    UNFIT = 10
    """This machine, or what the run was to use, is not fit; nothing was tried and nothing was changed."""
    NOT_INSTALLED = 11
    """A layer of the lab could not be installed."""
