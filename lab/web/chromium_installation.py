"""Installs a browser where there is none: Playwright's own, or that of Debian's package."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from lab.errors import LabError, ProgramTimeoutError
from lab.host.packages import APT, find_package_manager, render_command
from lab.run.shell import Shell
from lab.web.chromium import NAMES, find_chromium

DOWNLOADED = "chromium-headless-shell"
"""The name by which Playwright knows the browser that it uses without windows."""
INSTALL_TIMEOUT = 300
VERSION_TIMEOUT = 20
"""Seconds for a browser to print its version; a first start from a slow disk takes several."""
CHROME = "https://www.google.com/chrome"

Command = Sequence[str]


def provide_chromium(
    setting: Path | None, shell: Shell, report: Callable[[str], None], timeout: float = INSTALL_TIMEOUT
) -> str:
    """Return the path of a browser that runs, after installing one if there is none.

    Args:
        setting: The program that the user has chosen; None if there is none.
        shell: A shell on this machine.
        report: Called with each command that installs something, before it is run.
        timeout: Seconds for each of these commands.

    Raises:
        LabError: If the chosen one, or the one that is found, cannot be run; or if no browser can be installed.
    """
    try:
        found = find_chromium(setting, shell.environment)
    except LabError as problem:
        if setting:
            raise
        reasons = [problem.seen]
    else:
        return check_chromium(found, shell)
    for command in _list_commands(shell):
        report(" ".join(command))
        try:
            result = shell.run(*command, timeout=timeout, allow_failure=True)
        except ProgramTimeoutError as problem:  # as where a firewall drops the packets of a download
            reasons.append(f"{' '.join(command)}: {problem.headline}")
            continue
        try:
            return check_chromium(find_chromium(environment=shell.environment), shell)
        except LabError as problem:
            failure = _find_error(result.output + result.errors) if result.exit_status else problem.seen
            reasons.append(f"{' '.join(command)}: {failure}")
    raise LabError(
        "there is no browser, and none could be installed",
        expected=f"one of {', '.join(NAMES)} on PATH, which is not a snap",
        seen="\n".join(reasons),
        remedy=_describe_remedy(shell),
    )


def check_chromium(program: str, shell: Shell, timeout: float = VERSION_TIMEOUT) -> str:
    """Return the program of a browser, after it has printed its version.

    Args:
        program: Its path.
        shell: A shell on this machine.
        timeout: Seconds for it to print its version.

    Raises:
        ProgramTimeoutError: If it does not print its version in time.
        LabError: If it cannot be run, as without its libraries.
    """
    result = shell.run(program, "--version", timeout=timeout, allow_failure=True)
    if result.exit_status:
        raise LabError(
            f"the browser {program} cannot be run",
            seen=result.last_lines or f"exit status {result.exit_status}",
            remedy="install what it lacks, or name another one with --browser",
        )
    return program


def _list_commands(shell: Shell) -> Iterator[Command]:
    """Yield the commands that may install a browser; a later one is needed only if an earlier one has failed."""
    playwright = (sys.executable, "-m", "playwright")
    yield (*playwright, "install", DOWNLOADED)
    if find_package_manager(shell.environment.get("PATH", "")) is APT and os.geteuid() == 0:
        yield (APT.program, *APT.update)
        yield APT.browser_command
        yield (*playwright, "install-deps", DOWNLOADED)  # Ubuntu has no such package, but the libraries


def _find_error(output: str) -> str:
    """Return the line of an output that tells the error; Playwright prints it before, apt-get at the end."""
    errors = re.findall(r"(?m)^(?:Error|E): (.+)", output)
    return errors[0] if errors else (output.strip().splitlines() or ["no output"])[-1]


def _describe_remedy(shell: Shell) -> str:
    manager = find_package_manager(shell.environment.get("PATH", ""))
    installed = f"`{render_command(manager.browser_command)}`, or Google Chrome" if manager else "Chromium or Chrome"
    return f"install {installed} ({CHROME}); or name a program with --browser or KUBEFLOW_LAB_BROWSER"
