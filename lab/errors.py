"""The errors that a user is meant to read, each with a headline, an observation and a remedy; ids of known failures.

LabError
├── WaitError                  a wait ended without success
│   ├── WaitTimeoutError       the time was up
│   └── UnrecoverableError     the awaited state can no longer be reached
├── ProgramError               a program failed
│   └── ProgramTimeoutError    a program did not end in time
├── UnreachableError           the Kubernetes API server does not answer
└── PermissionDeniedError      the user of the kubeconfig lacks a permission
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import StrEnum


class KnownFailureId(StrEnum):
    """The known failures that the lab itself recognizes and reports.

    lab/evidence/known_failures.toml has a row with each of these ids.
    """

    SUBNET_IN_USE = "subnet-in-use"
    DOCKER_DESKTOP = "docker-desktop"
    API_SERVER_UNREACHABLE = "api-server-unreachable"
    KUBERNETES_TOO_NEW = "kubernetes-too-new"
    NO_DEFAULT_STORAGE_CLASS = "no-default-storage-class"
    SERVICELB_ENABLED = "servicelb-enabled"
    POOL_ADDRESS_IN_USE = "pool-address-in-use"
    OBJECTS_DIFFER = "objects-differ"
    EXT_AUTHZ_MISSING = "ext-authz-missing"
    DEX_CONFIGURATION_NOT_READ = "dex-configuration-not-read"
    ISSUER_DIFFERS = "issuer-differs"
    DEX_UNAVAILABLE = "dex-unavailable"
    AUTH_PROXY_UNAVAILABLE = "auth-proxy-unavailable"


class LabError(Exception):
    """A problem of the lab that a user can do something about.

    Args:
        headline: One sentence that states what failed.
        expected: The expected state; empty where the headline says it.
        seen: The observed state, possibly several lines.
        remedy: What to do. Commands are in backticks and written as on a cluster of the user's own, as in
            `kubectl get pods -A`; lab.config.kinds.render_commands adapts them to the kind of lab when they are shown.
        known_failure: The known failure that this error reports; None if it is none.

    Attributes:
        layer: The name of the layer that could not be installed because of this error; empty if it is none.
    """

    def __init__(
        self,
        headline: str,
        *,
        expected: str = "",
        seen: str = "",
        remedy: str = "",
        known_failure: KnownFailureId | None = None,
    ) -> None:
        self.layer = ""
        self.headline, self.expected, self.seen, self.remedy = headline, expected, seen, remedy
        self.known_failure = known_failure
        super().__init__(headline, expected, seen, remedy)

    def __str__(self) -> str:
        rows = (("expected", self.expected), ("seen", self.seen), ("what to do", self.remedy))
        return format_error(self.headline, rows)


class WaitError(LabError):
    """A wait ended without success."""


class WaitTimeoutError(WaitError):
    """The awaited state was not reached in time."""


class UnrecoverableError(WaitError):
    """The awaited state can no longer be reached."""


class ProgramError(LabError):
    """A program could not be run, or failed."""


class ProgramTimeoutError(ProgramError):
    """A program did not end in time, and was killed."""


class UnreachableError(LabError):
    """The Kubernetes API server does not answer."""


class PermissionDeniedError(LabError):
    """The user of the kubeconfig lacks a permission that the cluster requires."""


def diagnose_if_permitted(diagnose: Callable[[], list[str]]) -> list[str]:
    """Return a diagnosis; if the user may not read what it is about, only that it was not made.

    The missing permission must not replace the error that the diagnosis explains.

    Args:
        diagnose: Returns the diagnosis.
    """
    try:
        return diagnose()
    except PermissionDeniedError as error:
        return [f"the cause was not looked for: {error.headline}"]


def format_error(headline: str, rows: Iterable[tuple[str, str]]) -> str:
    """Format a headline and, below it, one labeled row for each text that is not empty.

    Args:
        headline: The first line.
        rows: Pairs of label and text; a text may have several lines.
    """
    return "\n".join([headline, *(f"  {label + ':':<12}{_indent(text)}" for label, text in rows if text)])


def _indent(text: str) -> str:
    return text.strip().replace("\n", "\n" + " " * 14)
