"""Where the value of a setting comes from, and which of several values has priority."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Any

from lab.config.entry_points import hide_credentials
from lab.config.settings_file import NAME as FILE_NAME

ENVIRONMENT_PREFIX = "KUBEFLOW_LAB_"
"""The beginning of the environment variables of the settings."""


class Origin(Enum):
    """Where the value of a setting comes from."""

    OPTION = "the command line"
    ENVIRONMENT = "the environment"
    FILE = FILE_NAME
    SEPARATE_FILE = "a separate file"
    PROMPT = "the prompt"
    DEFAULT = "the defaults"

    def locate(self, name: str) -> str:
        """Return where a setting is set, as a user would look for it."""
        match self:
            case Origin.ENVIRONMENT:
                return f"in the environment variable {ENVIRONMENT_PREFIX}{name.upper()}"
            case Origin.FILE:
                return f"{name.replace('_', '-')} in {FILE_NAME}"
        return f"--{name.replace('_', '-')}"


PRECEDENCE = (Origin.OPTION, Origin.ENVIRONMENT, Origin.FILE)
"""The origins that a user can choose for a setting, the one with the highest priority first."""


def show_value(value: object) -> str:
    """Return a value as a user has written it, without the credentials that a URL may contain."""
    return hide_credentials(",".join(map(str, value)) if isinstance(value, list | tuple) else str(value))


def describe_value(origin: Origin, name: str, value: Any) -> str:
    """Return a setting with its value, as it is written at its origin; without the value if that is None."""
    shown = show_value(value)
    match origin:
        case Origin.ENVIRONMENT:
            variable = f"{ENVIRONMENT_PREFIX}{name.upper()}"
            return variable if value is None else f"{variable}={shown}"
        case Origin.FILE:
            return f"{name.replace('_', '-')} = {shown} in {FILE_NAME}"
    option = f"--{name.replace('_', '-')}"
    return option if isinstance(value, bool) else f"{option} {shown}"


def describe_priority(winner: str, losers: Sequence[str]) -> str:
    """Return which of several different values of a setting has priority, and why."""
    order = "the command line has priority over the environment, and the environment over " + FILE_NAME
    return f"{winner} has priority over {' and '.join(losers)}: {order}"
