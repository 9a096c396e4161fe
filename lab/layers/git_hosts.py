"""Git hosts that do not answer: a connection may be accepted, as by a firewall, and never be answered."""

from __future__ import annotations

from lab.config.entry_points import hide_credentials
from lab.errors import LabError, ProgramTimeoutError
from lab.run.shell import ProgramResult, Shell

ANSWER_TIMEOUT = 30
"""Seconds for a Git host to list the branches of a repository, which takes about one."""
ENVIRONMENT = {
    "GIT_TERMINAL_PROMPT": "0",
    # A connection that transfers less than 1 kB/s for 30 s is closed.
    "GIT_HTTP_LOW_SPEED_LIMIT": "1000",
    "GIT_HTTP_LOW_SPEED_TIME": "30",
}


def list_refs(shell: Shell, repository: str, *patterns: str, timeout: float = ANSWER_TIMEOUT) -> ProgramResult:
    """Return the result of `git ls-remote` for a repository, which may be a failure.

    Args:
        shell: The shell that runs Git.
        repository: The URL of the repository.
        patterns: The branches and tags to list.
        timeout: Seconds for the host to answer.

    Raises:
        LabError: If the host does not answer in time.
    """
    git = shell.with_environment(**ENVIRONMENT)
    try:
        return git.run("git", "ls-remote", repository, *patterns, timeout=timeout, allow_failure=True)
    except ProgramTimeoutError:
        shown = hide_credentials(repository)
        raise LabError(
            f"the Git host of the manifests does not answer: {shown}",
            expected=f"a list of its branches within {timeout:g} s",
            seen="no answer: neither data, nor an error such as a refused connection",
            remedy=f"find out with `git ls-remote {shown}` whether a proxy or a firewall is in between, or give the "
            "manifests as a directory or an archive: --manifests=DIRECTORY or --manifests=FILE.tar.xz",
        ) from None
